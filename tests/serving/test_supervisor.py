"""Worker processes of one server: shared state, restarts, and one end for all."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from mockglm.errors import UsageError
from mockglm.serving.supervisor import Supervisor, WorkerSettings
from tests.cli.commands import MOCKGLM, Running, running
from tests.store.servers import needs_redis

FILE = """
format: 1
interactions:
  - when: {user: sequence}
    reply: [STEPS, {content: last, times: 1}]
  - {when: {user: hello}, reply: {content: Hello}}
""".replace("STEPS", ", ".join(f"{{content: step {number}}}" for number in range(19)))

needs_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workers") / "file.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Running]:
    with running(path, "--workers", "2", "--speed", "0", "--metrics") as server:
        yield server
        code, _, said = server.end()
    assert code == 0, said


def ask(served: Running, text: str) -> str:
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}]}
    headers = {"Authorization": "Bearer key"}
    url = f"{served.url}/chat/completions"
    answer = httpx.post(url, json=body, headers=headers, trust_env=False, timeout=60).json()
    if "error" in answer:
        return str(answer["error"]["code"])
    return str(answer["choices"][0]["message"]["content"])


def workers(served: Running) -> dict[int, str]:
    """The processes that the supervisor started: their ids and command lines."""
    own = served.process.pid
    text = Path(f"/proc/{own}/task/{own}/children").read_text()
    lines = {}
    for one in text.split():
        with suppress(OSError):  # it has just ended
            lines[int(one)] = Path(f"/proc/{one}/cmdline").read_text()
    return {number: line for number, line in lines.items() if "mockglm\0serve" in line}


@needs_redis
def test_workers_take_each_step_once(served: Running) -> None:
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda _: ask(served, "sequence"), range(21)))
    assert sorted(found) == sorted([*(f"step {number}" for number in range(19)), "last", "422"])


@needs_redis
@needs_proc
def test_a_worker_that_is_killed_is_started_again(served: Running) -> None:
    before = workers(served)
    assert len(before) == 2
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    while victim in (now := workers(served)) or len(now) < 2:
        pass
    assert len(before.keys() & now.keys()) == 1
    for _ in range(10):
        try:
            assert ask(served, "hello") == "Hello"
        except httpx.TransportError:
            continue  # the connection was waiting for the worker that was killed


def is_served(client: httpx.Client, url: str) -> bool:
    try:
        client.get(url, timeout=30)
    except httpx.ConnectError:
        return False
    except httpx.TransportError:
        pass
    return True


@needs_redis
@needs_proc
def test_workers_and_their_store_end_with_a_supervisor_that_is_killed(path: Path) -> None:
    with running(path, "--workers", "2") as server, httpx.Client(trust_env=False) as client:
        (variables,) = {
            Path(f"/proc/{one}/environ").read_text().partition("MOCKGLM_WORKER=")[2].split("\0")[0]
            for one in [min(workers(server))]
        }
        socket_path = Path(json.loads(variables)["state"].removeprefix("unix://"))
        assert socket_path.exists()
        server.process.kill()
        server.process.wait()
        url = f"{server.host}/__mockglm__/live"
        while is_served(client, url):
            pass
        while _accepts(socket_path):
            pass


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(str(path))
        except OSError:
            return False
    return True


def test_options_that_workers_cannot_share_are_refused(path: Path, tmp_path: Path) -> None:
    def run(*options: str, **environment: str) -> str:
        command = [MOCKGLM, "serve", str(path), "--port", "0", "--workers", "2", *options]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
        )
        assert done.returncode != 0
        return done.stderr

    cassette = str(tmp_path / "new.yaml")
    assert "--cassette cannot be shared" in run("--cassette", cassette)
    assert "install valkey-server or redis-server" in run(PATH="")


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
