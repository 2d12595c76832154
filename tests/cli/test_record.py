"""`mockglm record` and `mockglm serve --on-miss record` as processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from click.testing import CliRunner

from mockglm.cli.record import record_command as verb
from mockglm.errors import UpstreamError, UsageError
from mockglm.scenarios import load, shipped_scenarios
from tests.recorder.service import KEY, Call, Service, chunk, head
from tests.serving import serving

FRAME = 'data: {"choices":[{"index":0,"delta":{"content":"晴"}}]}\n\n'.encode()
ROOT = Path(__file__).parents[2]
KILLS = "200"
"""The number of times that the recorder is killed, unless MOCKGLM_KILLS has another."""

SEEDS = (4, 5)
"""The seeds of two programs that share the kills, for both mostly wait."""

ASKED = {"model": "glm-4.6", "messages": [{"role": "user", "content": "天气"}], "stream": True}


@dataclass
class Run:
    """A process, the URL it says it has, and what it has said when it is over."""

    process: subprocess.Popen[str]
    url: str
    said: str = ""


@contextmanager
def running(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[Run]:
    """A running `mockglm`, which is terminated when the block ends."""
    code = "from mockglm.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments, "--port", "0"]
    clean = {name: value for name, value in os.environ.items() if not name.endswith("API_KEY")}
    clean |= {"PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=cwd, env={**clean, **(env or {})}, stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        run = Run(process, line.split()[2] if line else "")
        try:
            yield run
        finally:
            process.terminate()
            run.said = process.communicate(timeout=60)[1]


def stop(run: Run, signals: int) -> None:
    """Interrupt a run so many times, each when the last has been heard."""
    where = urlsplit(run.url)
    for _ in range(signals):
        run.process.send_signal(signal.SIGINT)
        with suppress(ConnectionError):
            while run.process.poll() is None:
                socket.create_connection((where.hostname or "", where.port or 0)).close()


def ask(url: str, text: str = "你好") -> httpx.Response:
    asked = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}]}
    headers = {"Authorization": "Bearer test"}
    return httpx.post(f"{url}/chat/completions", json=asked, headers=headers, trust_env=False)


def test_record_writes_a_cassette_and_replays_it(tmp_path: Path) -> None:
    with serving(shipped_scenarios()["hello"]) as served:
        options = ("--upstream", served.url, "--allow-upstream", "127.0.0.1")
        key = {"GLM_API_KEY": KEY}
        with running("record", "a/b.yaml", *options, cwd=tmp_path, env=key) as run:
            first = ask(run.url)
        assert (first.status_code, run.process.returncode) == (200, 0)
        assert "POST /chat/completions  glm-4.6  upstream  200 stop" in run.said
        assert "recorded: 1 exchange in a/b.yaml\n" in run.said
        assert len(served.session().journal) == 1
        with running("record", "a/b.yaml", *options, cwd=tmp_path) as run:
            assert ask(run.url).content == first.content
            assert ask(run.url, "别的").status_code == 422
        assert "a/b.yaml exists and is replayed; --mode new adds to it\n" in run.said
        assert "recorded:" not in run.said
        assert len(served.session().journal) == 1
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.yaml"]


def test_serve_replays_files_and_records_the_rest(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "format: 1\ninteractions:\n- {when: {user: 天气}, reply: {content: 晴}}\n"
        "- {when: {user: 无人}, reply: {content: 无}}\n",
        "utf-8",
    )
    with serving(shipped_scenarios()["hello"]) as served:
        options = ("--upstream", served.url, "--allow-upstream", "127.0.0.1", "--speed", "0")
        record = ("--on-miss", "record", "--cassette", "new.yaml", *options)
        with running("serve", ".", *record, cwd=tmp_path) as run:
            assert ask(run.url, "天气").json()["choices"][0]["message"]["content"] == "晴"
            assert ask(run.url).status_code == 200
        assert len(served.session().journal) == 1
    assert "never used: 1 of 2 interactions\n  own.yaml:4\n" in run.said
    assert len(load(tmp_path / "new.yaml").interactions) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
@pytest.mark.parametrize("verb", ["record", "serve"])
@pytest.mark.parametrize("signals", [1, 2], ids=["stopped", "stopped at once"])
def test_unfinished_exchanges_are_recorded_when_the_command_is_stopped(
    tmp_path: Path, verb: str, signals: int
) -> None:
    def slow(call: Call) -> None:
        call.send(head() + chunk(FRAME))
        call.wait_gone()

    record = {
        "record": ("record", "a.yaml"),
        "serve": ("serve", "--on-miss", "record", "--cassette", "a.yaml"),
    }
    with Service(slow) as service, ExitStack() as stack:
        options = ("--upstream", service.url, "--allow-upstream", "127.0.0.1")
        run = stack.enter_context(running(*record[verb], *options, cwd=tmp_path))
        client = stack.enter_context(httpx.Client(base_url=run.url, trust_env=False))
        streams = [
            stack.enter_context(client.stream("POST", "/chat/completions", json=ASKED)).iter_raw()
            for _ in range(3)
        ]
        assert [next(pieces) for pieces in streams] == [FRAME] * 3
        stop(run, signals)
        assert run.process.wait(60) == 0
        for pieces in streams:
            with pytest.raises(httpx.RemoteProtocolError):
                next(pieces)
    answers = [one.steps[0].response for one in load(tmp_path / "a.yaml").interactions]
    assert [(answer.body, answer.end) for answer in answers if answer] == [(FRAME, "close")] * 3
    assert (tmp_path / "a.yaml").read_text("utf-8").count("    cut: true\n") == 3
    assert run.said.count("recorded; cut") == 3
    assert "Traceback" not in run.said
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_recorder_killed_at_any_moment_leaves_every_finished_exchange(tmp_path: Path) -> None:
    kills = int(os.environ.get("MOCKGLM_KILLS", KILLS)) // len(SEEDS)
    pipe = subprocess.PIPE
    program = [sys.executable, "-m", "tests.recorder.killing"]
    running = [
        subprocess.Popen(
            [*program, str(tmp_path / f"{seed}.yaml"), str(kills), str(seed)],
            cwd=ROOT,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        for seed in SEEDS
    ]
    outputs = [process.communicate() for process in running]
    for printed, said in outputs:
        assert said == ""
        whole, cut = map(int, printed.split())
        assert whole > kills / 4
        assert cut


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--upstream", "https://example.com"], "example.com is not allowed"),
        (["--upstream", "nonsense"], "is no base URL"),
    ],
)
def test_service_that_is_not_allowed_is_refused(options: list[str], said: str) -> None:
    ended = CliRunner().invoke(verb, ["a.yaml", *options])
    assert isinstance(ended.exception, UpstreamError)
    assert said in str(ended.exception)


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    path = tmp_path / "file" / "a.yaml"
    ended = CliRunner().invoke(verb, [str(path), "--upstream", "https://api.z.ai/api/paas/v4"])
    assert isinstance(ended.exception, UsageError)
    assert "cannot be made" in str(ended.exception)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody writes to")
def test_folder_that_is_not_writable_is_refused() -> None:
    options = ["--upstream", "https://api.z.ai/api/paas/v4"]
    ended = CliRunner().invoke(verb, ["/proc/self/a.yaml", *options])
    assert isinstance(ended.exception, UsageError)
    assert "/proc/self cannot be written to" in str(ended.exception)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [(200, 0, "accepts the key"), (401, 1, "is the key right"), (503, 1, "is the base URL right?")],
)
def test_try_key_sends_one_request_and_records_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, code: int, said: str
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    answer = head(status, "application/json") + chunk(b"{}") + chunk(b"")
    with Service(lambda call: call.send(answer)) as service:
        options = ["--upstream", service.url, "--allow-upstream", "127.0.0.1", "--try-key"]
        ended = CliRunner().invoke(verb, [str(tmp_path / "a.yaml"), *options])
    assert (ended.exit_code, said in ended.output) == (code, True)
    assert service.calls[0].head.startswith("GET /api/paas/v4/models HTTP/1.1")
    assert list(tmp_path.iterdir()) == []


def test_check_judges_the_responses_of_the_service(tmp_path: Path) -> None:
    with serving(shipped_scenarios()["hello"]) as served:
        options = ("--upstream", served.url, "--allow-upstream", "127.0.0.1", "--check")
        with running("record", "a.yaml", *options, cwd=tmp_path) as run:
            assert ask(run.url).status_code == 200
            assert httpx.get(f"{run.url}/models", trust_env=False).status_code == 200
    assert run.process.returncode == 0
    assert run.said.splitlines()[-1] == "checked: 1 exchanges, good"


def test_check_prints_each_violation(tmp_path: Path) -> None:
    with serving(shipped_scenarios()["hello"]) as served:
        broken = served.base("hello+usage-total+model-other")
        options = ("--upstream", broken, "--allow-upstream", "127.0.0.1", "--check")
        with running("record", "a.yaml", *options, cwd=tmp_path) as run:
            assert ask(run.url).status_code == 200
    assert run.process.returncode == 1
    assert (
        "USE-02 MUST The counts are integers of 0 or more, and the total is their sum. Exch"
        in run.said
    )
    assert "checked: 1 exchanges, broken: JSN-07 in 1, USE-02 in 1" in run.said
    assert len(load(tmp_path / "a.yaml").interactions) == 1


def test_check_ignores_responses_that_the_client_broke_off(tmp_path: Path) -> None:
    with serving(shipped_scenarios()["idle-stall-forever"]) as served:
        base = served.base("idle-stall-forever")
        options = ("--upstream", base, "--allow-upstream", "127.0.0.1", "--check")
        with running("record", "a.yaml", *options, cwd=tmp_path) as run:
            url = f"{run.url}/chat/completions"
            asked = {"model": "glm-4.6", "messages": [{"role": "user", "content": "你好"}]}
            headers = {"Authorization": "Bearer test"}
            with httpx.stream(
                "POST", url, json={**asked, "stream": True}, headers=headers, trust_env=False
            ) as left:
                assert next(left.iter_raw())
    assert run.process.returncode == 5, run.said
    assert run.said.endswith("mockglm: there was no chat response to judge\n")


def test_check_fails_without_a_response(tmp_path: Path) -> None:
    options = ("--upstream", "http://127.0.0.1:9", "--allow-upstream", "127.0.0.1", "--check")
    with running("record", "a.yaml", *options, cwd=tmp_path) as run:
        assert ask(run.url).status_code == 502
    assert run.process.returncode == 6, run.said
    assert run.said.endswith("mockglm: requests without a response to judge: 1\n")


def test_check_of_a_replayed_cassette_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("format: 1\ninteractions: [{reply: {content: a}}]\n", "utf-8")
    options = ["--upstream", "https://api.z.ai/api/paas/v4", "--check"]
    ended = CliRunner().invoke(verb, [str(path), *options])
    assert isinstance(ended.exception, UsageError)
    assert "is only replayed, so --check needs --mode new or all" in str(ended.exception)


@pytest.mark.parametrize("text", ["", "format: 1\ninteractions:\n"])
def test_empty_file_is_recorded_into(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    with serving(shipped_scenarios()["hello"]) as served:
        options = ("--upstream", served.url, "--allow-upstream", "127.0.0.1")
        with running("record", "a.yaml", *options, cwd=tmp_path) as run:
            assert ask(run.url).status_code == 200
    assert "recorded: 1 exchange in a.yaml\n" in run.said
    assert len(load(path).interactions) == 1
