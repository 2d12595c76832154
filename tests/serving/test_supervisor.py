"""Worker processes of one server: shared state, restarts, and one end for all."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import msgspec
import pytest

from mockglm.errors import UsageError
from mockglm.serving.supervisor import VARIABLE, Supervisor, WorkerSettings
from tests.cli.commands import MOCKGLM, Running, running
from tests.serving import post, replace_file
from tests.store.servers import needs_redis, redis_process

FILE = """
format: 1
accounts:
  - {key: narrow, concurrency: 2}
  - {key: poor, balance: {requests: 5}}
  - {key: "*"}
interactions:
  - when: {user: sequence}
    reply: [STEPS, {content: last, times: 1}]
  - {when: {user: hello}, reply: {content: Hello}}
  - {when: {user: slow}, reply: {content: a b c, pace: {first: 3600}}}
""".replace("STEPS", ", ".join(f"{{content: step {number}}}" for number in range(39)))

STREAMS = 16
"""So many that not all come to one of two workers."""

needs_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workers") / "file.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Running]:
    with running(path, "--workers", "2", "--speed", "100", "--metrics", "--log", "none") as server:
        folder = shared_folder(server)
        yield server
        code, _, said = server.end()
    assert code == 0, said
    assert not folder.exists()


def send(served: Running, text: str, label: str, key: str = "any") -> httpx.Response:
    """Ask over a connection of its own, which comes to any of the workers."""
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}]}
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{served.host}/s/@{label}/api/paas/v4/chat/completions"
    return httpx.post(url, json=body, headers=headers, trust_env=False, timeout=60)


def ask(served: Running, text: str, label: str, key: str = "any") -> str:
    answer = send(served, text, label, key).json()
    if "error" in answer:
        return str(answer["error"]["code"])
    return str(answer["choices"][0]["message"]["content"])


def count(served: Running, label: str, **params: str) -> int:
    """Count the entries of a session's journal."""
    url, params = f"{served.host}/__mockglm__/journal", {"session": f"@{label}", **params}
    return len(httpx.get(url, params=params, trust_env=False, timeout=60).json())


def open_streams(served: Running, label: str, key: str = "any") -> list[socket.socket]:
    """Request slow replies, each over a connection of its own."""
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "slow"}]}
    found = []
    for _ in range(STREAMS):
        sock = socket.create_connection(("127.0.0.1", httpx.URL(served.host).port or 0))
        sock.sendall(post(body, f"/s/@{label}/api/paas/v4/chat/completions", key=key))
        found.append(sock)
    while count(served, label) < STREAMS:
        pass
    return found


def workers(served: Running) -> dict[int, WorkerSettings]:
    """The processes that the supervisor started: their ids and settings."""
    own = served.process.pid
    children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    found = {}
    for one in children:
        with suppress(OSError, msgspec.DecodeError):  # it has just ended, or does not run yet
            text = Path(f"/proc/{one}/environ").read_text()
            settings = text.partition(f"{VARIABLE}=")[2].partition("\0")[0]
            found[int(one)] = msgspec.json.decode(settings, type=WorkerSettings)
    return found


def count_listeners(served: Running) -> int:
    """Count the sockets that accept connections: each worker has one when it is ready."""
    address = f"0100007F:{httpx.URL(served.host).port or 0:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return sum(row[1] == address and row[3] == "0A" for row in rows)


def shared_folder(served: Running) -> Path:
    return Path(next(iter(workers(served).values())).folder)


def wait_for_other_worker(served: Running, before: Collection[int]) -> None:
    """Wait until the supervisor has replaced a worker that was killed."""
    while len(now := workers(served)) < len(before) or now.keys() == set(before):
        pass


@needs_proc
def test_each_step_of_a_sequence_is_taken_once(served: Running, label: str) -> None:
    with ThreadPoolExecutor(41) as pool:
        found = list(pool.map(lambda _: ask(served, "sequence", label), range(41)))
    expected = [*(f"step {number}" for number in range(39)), "last", "422"]
    assert sorted(found) == sorted(expected)


@needs_proc
def test_a_balance_is_never_below_zero(served: Running, label: str) -> None:
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda _: ask(served, "hello", label, "poor"), range(12)))
    assert Counter(found) == {"Hello": 5, "1113": 7}


@needs_proc
def test_two_slots_are_taken_by_all_workers_and_free_when_they_are_killed(
    served: Running, label: str
) -> None:
    with ExitStack() as stack:
        for sock in open_streams(served, label, "narrow"):
            stack.enter_context(sock)
        opened = count(served, label, outcome="open")
        assert (opened, count(served, label, code="1302")) == (2, STREAMS - 2)
        before = workers(served)
        for process in before:
            os.kill(process, signal.SIGKILL)
        while ask_patiently(served, "hello", label, "narrow") != "Hello":
            pass
    assert not workers(served).keys() & before.keys()


def ask_patiently(served: Running, text: str, label: str, key: str = "any") -> str:
    """Ask while workers start again, when connections are refused or break."""
    with suppress(httpx.TransportError):
        return ask(served, text, label, key)
    return ""


@needs_proc
def test_a_worker_that_is_killed_breaks_only_its_own_streams(served: Running, label: str) -> None:
    # One that is started again takes no part before it listens.
    while count_listeners(served) < 2:
        pass
    with ExitStack() as stack:
        sockets = [stack.enter_context(one) for one in open_streams(served, f"{label}-streams")]
        before = workers(served)
        os.kill(min(before), signal.SIGKILL)
        wait_for_other_worker(served, before)
        broken, _, _ = select.select(sockets, [], [], 0)
        assert 0 < len(broken) < STREAMS
        assert before.keys() & workers(served).keys() == {max(before)}
    for _ in range(10):
        assert ask_patiently(served, "hello", label) in ("Hello", "")


@needs_proc
def test_a_worker_that_is_stopped_holds_nobody_up(path: Path, label: str) -> None:
    with (
        running(path, "--workers", "2", "--log", "none", "--grace", "0") as served,
        ExitStack() as stack,
        ThreadPoolExecutor(STREAMS) as pool,
    ):
        clients = [
            stack.enter_context(httpx.Client(base_url=served.host, trust_env=False, timeout=60))
            for _ in range(STREAMS)
        ]
        for client in clients:
            assert client.get("/__mockglm__/live").status_code == 200
        (stopped,) = [one for one, settings in workers(served).items() if settings.index == 1]
        os.kill(stopped, signal.SIGSTOP)
        waiting = [pool.submit(client.get, "/__mockglm__/journal") for client in clients]
        first = next(as_completed(waiting)).result()
        assert (first.status_code, first.json()) == (200, [])
        os.kill(stopped, signal.SIGCONT)
        assert {one.result().status_code for one in waiting} == {200}
        _, _, said = served.end()
        assert said.count("worker 1 does not answer") == 1


@needs_proc
def test_a_reload_reaches_all_workers(tmp_path: Path, label: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(FILE, encoding="utf-8")
    with running(path, "--workers", "2", "--speed", "100", "--log", "none") as served:
        assert ask(served, "hello", label) == "Hello"
        replace_file(path, FILE.replace("Hello", "Hi"))
        while (found := ask(served, "hello", label)) == "Hello":
            pass
        assert [found, *(ask(served, "hello", label) for _ in range(10))] == ["Hi"] * 11


@needs_proc
def test_no_key_is_in_the_folder(served: Running, label: str) -> None:
    key = "0123456789abcdef0123456789abcdef.VerySecretSecret"
    assert send(served, f"my key is {key}", label, key).status_code == 422
    files = [one for one in shared_folder(served).iterdir() if one.is_file()]
    assert any(one.suffix == ".session" for one in files)
    assert not [one for one in files if b"VerySecret" in one.read_bytes()]


@needs_redis
def test_workers_can_share_the_store_of_replicas(path: Path, label: str, tmp_path: Path) -> None:
    with (
        redis_process(tmp_path) as redis,
        running(path, "--workers", "2", "--state", redis.url, "--speed", "100") as served,
        ThreadPoolExecutor(10) as pool,
    ):
        found = list(pool.map(lambda _: ask(served, "sequence", label), range(10)))
        assert sorted(found) == sorted(f"step {number}" for number in range(10))
        assert count(served, label) == 10


def is_served(client: httpx.Client, url: str) -> bool:
    try:
        client.get(url, timeout=30)
    except httpx.ConnectError:
        return False
    except httpx.TransportError:
        pass
    return True


@needs_proc
def test_workers_and_their_folder_end_with_a_supervisor_that_is_killed(path: Path) -> None:
    with running(path, "--workers", "2") as server, httpx.Client(trust_env=False) as client:
        folder = shared_folder(server)
        assert folder.stat().st_mode & 0o777 == 0o700
        server.process.kill()
        server.process.wait()
        url = f"{server.host}/__mockglm__/live"
        while is_served(client, url):
            pass
        while folder.exists():
            pass


def test_options_that_workers_cannot_share_are_refused(path: Path, tmp_path: Path) -> None:
    def run(*options: str) -> str:
        command = [MOCKGLM, "serve", str(path), "--port", "0", "--workers", "2", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        return done.stderr

    cassette = str(tmp_path / "new.yaml")
    assert "--cassette cannot be shared" in run("--cassette", cassette)


@needs_proc
def test_a_lack_of_memory_for_the_state_is_reported(path: Path) -> None:
    limited = ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh"]
    command = [*limited, MOCKGLM, "serve", str(path), "--port", "0", "--workers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.startswith("mockglm: --workers cannot share state in memory: "), done.stderr


def _settings(count: int) -> list[WorkerSettings]:
    return [
        WorkerSettings(index=index, port=1, state="unix:///x", folder="") for index in range(count)
    ]


async def test_workers_that_die_again_and_again_end_the_server() -> None:
    reports: list[str] = []
    supervisor = Supervisor(
        [sys.executable, "-c", "raise SystemExit(3)"],
        _settings(1),
        environment={},
        on_ready=lambda: reports.append("ready"),
        report=reports.append,
        patience=0.0,
    )
    with pytest.raises(UsageError, match="again and again"):
        await supervisor.run()
    assert reports == ["mockglm: worker 0 ended (3); it is started again"] * 5


async def test_a_worker_that_cannot_start_again_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second worker is ready once and cannot start again, as with a file that was broken.
    monkeypatch.setattr("mockglm.serving.supervisor.RESTART_WINDOW", 0.5)
    monkeypatch.setattr("mockglm.serving.supervisor.MAX_RESTARTS", 2)
    script = """
        case "$MOCKGLM_WORKER" in
            *'"index":1'*) [ -e "$FOLDER/died" ] && exit 3; touch "$FOLDER/died"; echo ready ;;
            *) echo ready; exec cat ;;
        esac
    """
    reports: list[str] = []

    def report(sentence: str) -> None:
        reports.append(sentence)
        if len(reports) == 6:
            os.kill(os.getpid(), signal.SIGTERM)

    await Supervisor(
        ["/bin/sh", "-c", script],
        _settings(2),
        environment={"FOLDER": str(tmp_path)},
        on_ready=lambda: reports.append("ready"),
        report=report,
        patience=60.0,
    ).run()
    assert reports[0] == "ready"
    assert reports[1:] == [
        "mockglm: worker 1 ended (0); it is started again",
        *["mockglm: worker 1 ended (3); it is started again"] * 4,
    ]


async def test_one_line_says_that_all_are_ready_and_one_signal_ends_all(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys; name = os.environ['NAME'] + str(os.getpid());"
        "pathlib.Path(name).touch(); print('ready', flush=True); sys.stdin.read()"
    )
    counts: list[int] = []

    def on_ready() -> None:
        counts.append(len(list(tmp_path.iterdir())))
        os.kill(os.getpid(), signal.SIGTERM)

    await Supervisor(
        [sys.executable, "-c", script],
        _settings(3),
        environment={"NAME": f"{tmp_path}/"},
        on_ready=on_ready,
        report=lambda sentence: pytest.fail(sentence),
        patience=60.0,
    ).run()
    assert counts == [3]
