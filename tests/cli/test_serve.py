"""`mockglm serve` in a process of its own: output, exit codes, imports."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.commands import ASK, HELLO, PATIENCE, Running, run, running
from tests.serving import KEY, replace_file


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    path = tmp_path / "hello.yaml"
    path.write_text(HELLO, "utf-8")
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_its_url_answers_and_ends_with_0(
    number: signal.Signals, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    with running("--ready-file", ready) as served:
        answer = served.ask(stream=True)
        assert answer.text.endswith("data: [DONE]\n\n")
        assert ready.read_text("utf-8") == served.url + "\n"
        status, printed, said = served.end(number)
    assert (status, printed) == (0, "")
    assert re.fullmatch(
        r"POST /chat/completions  glm-4\.6  improvised  200 stop  "
        r"\d+\.\d{3}s \d+\.\d{3}s  \d+ frames\n",
        said,
    )


STREAMS = """
format: 1
interactions:
  - when: {text: 短}
    reply: {content: 一二三四, chunks: 1, pace: {every: 0.1}}
  - when: {text: 长}
    reply: {content: 一二三四, chunks: 1, pace: {every: 600}}
"""


def test_the_log_has_a_line_for_each_exchange_up_to_the_end(hello: Path) -> None:
    with running(hello) as served:
        for number in range(50):
            served.ask(model=f"glm-4.6-{number}")
        _, _, said = served.end()
    lines = [line for line in said.splitlines() if line.startswith("POST /chat/completions")]
    assert [line.split()[2] for line in lines] == [f"glm-4.6-{number}" for number in range(50)]


def test_running_streams_end_within_the_grace(tmp_path: Path) -> None:
    path = tmp_path / "streams.yaml"
    path.write_text(STREAMS, "utf-8")
    with running(path, "--log", "json") as served, httpx.Client(trust_env=False) as client:
        with _opened(client, served, "短") as short, _opened(client, served, "长") as long:
            first = [next(short), next(long)]
            served.process.terminate()
            rest = b"".join(short)
            with pytest.raises(httpx.RemoteProtocolError):
                b"".join(long)
        _, said = served.process.communicate(timeout=PATIENCE)
    assert all(piece.startswith(b"data: {") for piece in first)
    assert rest.endswith(b"data: [DONE]\n\n")
    assert served.process.returncode == 0
    ended = {entry["source"]: entry["outcome"] for entry in map(json.loads, said.splitlines())}
    assert (ended["streams.yaml:4"], ended["streams.yaml:6"]) == ("done", "gone")


@contextmanager
def _opened(client: httpx.Client, served: Running, text: str) -> Iterator[Iterator[bytes]]:
    body = {**ASK, "stream": True, "messages": [{"role": "user", "content": text}]}
    url = f"{served.url}/chat/completions"
    with client.stream("POST", url, json=body, headers={"Authorization": KEY}) as answer:
        yield answer.iter_raw()


def test_options_change_the_responses(hello: Path) -> None:
    options = ["--accept", KEY, "--model", "my-glm=glm-4.6", "--profile", "zai", "--strict"]
    options += ["--as-of", "2025-11"]
    with running(hello, *options, "--speed", "0", "--log", "none") as served:
        answers = [
            served.ask(model="my-glm"),
            served.ask(headers={"Authorization": "other"}),
            served.ask(model="my-glm2"),
            served.ask(temperature=1.5),
        ]
        _, _, said = served.end()
    assert answers[0].json()["choices"][0]["message"]["content"] == "你好"
    assert "object" not in answers[0].json()
    assert {answer.headers["server"] for answer in answers} == {"ZenZGA/2.4"}
    assert [answer.json()["error"] for answer in answers[1:3]] == [
        {"code": "401", "message": "token expired or incorrect"},
        {"code": "1211", "message": "Unknown Model, please check the model code."},
    ]
    assert (answers[3].status_code, answers[3].json()["error"]["code"]) == (400, "1210")
    assert said == ""


@pytest.mark.parametrize("token", ["", "  "])
def test_an_empty_token_is_none(token: str, hello: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKGLM_TOKEN", token)
    with running(hello, "--log", "none") as served:
        answer = httpx.get(f"{served.host}/__mockglm__/sessions", trust_env=False)
        _, _, said = served.end()
    assert (answer.status_code, said) == (200, "")
    with running(hello, "--host", "0.0.0.0") as served:
        assert served.process.stderr is not None
        assert re.fullmatch(r"MOCKGLM_TOKEN=\S{32} opens .*\n", served.process.stderr.readline())


def test_a_server_beyond_loopback_has_a_token(hello: Path) -> None:
    with running(hello, "--host", "0.0.0.0") as served:
        assert served.process.stderr is not None
        line = served.process.stderr.readline()
        found = re.fullmatch(r"MOCKGLM_TOKEN=(\S{32}) opens the control API\n", line)
        assert found is not None
        url = f"{served.host.replace('0.0.0.0', '127.0.0.1')}/__mockglm__/sessions"
        token = {"Authorization": f"Bearer {found[1]}"}
        statuses = [httpx.get(url, headers=one, trust_env=False).status_code for one in ({}, token)]
    assert statuses == [403, 200]


def test_an_edited_file_is_loaded_and_a_broken_one_changes_nothing(hello: Path) -> None:
    with running(hello) as served:
        assert served.process.stderr is not None
        replace_file(hello, HELLO.replace("你好", "再见了"))
        assert served.process.stderr.readline() == "mockglm: reloaded 1 scenario\n"
        assert served.ask().json()["choices"][0]["message"]["content"] == "再见了"
        served.process.stderr.readline()
        replace_file(hello, "format: 1\ninteractions: [{reply: {contnt: x}}]\n")
        told = [served.process.stderr.readline() for _ in range(2)]
        assert served.ask().json()["choices"][0]["message"]["content"] == "再见了"
    assert told == [
        "mockglm: not reloaded, because files have mistakes:\n",
        f"{hello}:2:25: unknown key `contnt`, did you mean `content`?\n",
    ]


SEEDED = (
    {**ASK, "stream": True},
    {**ASK, "messages": [{"role": "user", "content": "用 JSON 介绍北京"}]},
    {
        **ASK,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "get_weather",
                    "description": "查询天气",
                    "parameters": {"type": "object", "properties": {"days": {"type": "integer"}}},
                },
            }
        ],
        "messages": [{"role": "user", "content": "天气"}],
    },
)


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    bodies = [_bodies("a"), _bodies("a"), _bodies("b")]
    assert bodies[0] == bodies[1]
    assert all(one != other for one, other in zip(bodies[0], bodies[2], strict=True))


SECOND = re.compile(rb"20\d{12}(?=[0-9a-f]{16})|(?<=\"created\":)\d+")
"""A second of the clock, which goes on while a busy machine answers, in ids and in `created`."""


def _bodies(seed: str) -> list[bytes]:
    """The response of a new process, without the seconds of its clock."""
    with running("--seed", seed, "--speed", "0") as served:
        asked = []
        for body in SEEDED:
            clock = f"{served.host}/__mockglm__/clock"
            httpx.post(clock, json={"now": 1_773_349_383}, trust_env=False)
            asked.append(SECOND.sub(b"", served.ask(**body).content))
    return asked


def test_a_port_in_use_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port))
    told = f"mockglm: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_a_broken_file_exits_with_1_and_every_mistake(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(
        "format: 1\n"
        "interactions:\n"
        "  - when: {usr: 天气}\n"
        "    reply: {content: 晴}\n"
        "  - reply: {error: 9999}\n"
        "as_of: 2024-07\n",
        "utf-8",
    )
    done = run("serve", path, "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    first, second, third = done.stderr.splitlines()
    assert third == f"{path}:6:8: there are no recordings of days before 2025-09-01"
    assert first == f"{path}:3:12: unknown key `usr`, did you mean `user`?"
    assert second.startswith(f"{path}:5:")


FIRST = """
import json, sys, urllib.request
from mockglm.app import App
from mockglm.scenarios import load, shipped_scenarios
from mockglm.serving import BackgroundServer
from mockglm.server import Sessions, Settings
import mockglm.cli.serve

hello = load(shipped_scenarios()["hello"])
background = BackgroundServer(App(Sessions(Settings(speed=0), [hello])))
background.start()
body = json.dumps({"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}]}).encode()
url = f"http://127.0.0.1:{background.port}/api/paas/v4/chat/completions"
headers = {"Authorization": "Bearer key"}
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(urllib.request.Request(url, body, headers)) as answer:
    assert b"Hello! How can I help you today?" in answer.read()
background.stop()
print(json.dumps(sorted(sys.modules)))
"""

HEAVY = {"httpx", "hypothesis", "jinja2", "jsonschema", "jwt", "pytest", "sse_starlette"}


def test_a_first_response_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert HEAVY & loaded == set()
    assert {"mockglm", "uvicorn", "msgspec", "yaml"} <= loaded


def test_exchanges_are_saved_beside_the_cassette(tmp_path: Path) -> None:
    recording = ["--on-miss", "record", "--cassette", str(tmp_path / "new.yaml")]
    upstream = ["--upstream", "http://127.0.0.1:9/api/paas/v4", "--allow-upstream", "127.0.0.1"]
    with running(*recording, *upstream) as served:
        control = f"{served.host}/__mockglm__"
        with httpx.Client(trust_env=False, timeout=30) as client:
            client.post(f"{control}/replies", json={"content": "queued"})
            served.ask()
            asked = {"as": "scenario", "entries": [1], "write": "saved.yaml"}
            written = client.post(f"{control}/files", json=asked)
    assert written.json() == {"written": str(tmp_path / "saved.yaml")}
    assert "content: queued" in (tmp_path / "saved.yaml").read_text("utf-8")
