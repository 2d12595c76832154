"""Redis, replicas and workers for tests: each Redis is a process of its own with an empty memory;
workers are servers of this process that share a folder."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mockglm.app import App
from mockglm.metrics import Metrics
from mockglm.scenarios import parse
from mockglm.server import Sessions, Settings
from mockglm.server.replica import Replica
from mockglm.server.shared_session import SharedSession, WorkerSession
from mockglm.server.worker import Worker
from mockglm.serving import BackgroundServer
from mockglm.store import RedisStore
from mockglm.store.state_folder import StateFolder
from tests.serving import Served

EXECUTABLE = shutil.which("redis-server") or shutil.which("valkey-server")

needs_redis = pytest.mark.skipif(EXECUTABLE is None, reason="redis-server is not installed")

TRIES = 1000


@dataclass
class RedisProcess:
    """A Redis server on a unix socket, which can be stopped and started."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def path(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.path}?timeout=5"

    def start(self) -> None:
        assert EXECUTABLE is not None
        command = [EXECUTABLE, "--port", "0", "--unixsocket", str(self.path), "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self.folder)
        for _ in range(TRIES):
            with suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(self.path))
                return
            time.sleep(0.01)
        raise AssertionError("Redis did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.path.unlink(missing_ok=True)


@contextmanager
def redis_process(folder: Path) -> Iterator[RedisProcess]:
    redis = RedisProcess(folder)
    redis.start()
    try:
        yield redis
    finally:
        redis.stop()


@dataclass
class ReplicaServer(Served):
    """A server that shares its state, and the sentences it reported."""

    metrics: Metrics | None = None
    reported: list[str] = field(default_factory=list)


@contextmanager
def replica(url: str, *files: str, speed: float = 0, **settings: Any) -> Iterator[ReplicaServer]:
    """Serve the texts of scenario files with the state in a store, until the block ends."""
    scenarios = [parse(text.encode(), f"file{index}.yaml") for index, text in enumerate(files)]
    sessions = Sessions(Settings(speed=speed, **settings), scenarios, session_type=SharedSession)
    reported: list[str] = []
    metrics = Metrics()
    store = RedisStore(url, observe=metrics.observe_store)
    shared = Replica(sessions, store, report=reported.append)
    shared.adopt_scenarios()
    app = App(sessions, replica=shared, metrics=metrics, log=metrics)
    background = BackgroundServer(
        app, grace=0.2, tasks=[shared.declare_scenarios], on_shutdown=[shared.close]
    )
    background.start()
    try:
        yield ReplicaServer(background, sessions, metrics, reported)
    finally:
        background.stop()


@contextmanager
def worker(
    folder: Path, index: int, *files: str, speed: float = 0, **settings: Any
) -> Iterator[ReplicaServer]:
    """Serve the texts of scenario files as a worker with an index, until the block ends."""
    scenarios = [parse(text.encode(), f"file{index}.yaml") for index, text in enumerate(files)]
    sessions = Sessions(Settings(speed=speed, **settings), scenarios, session_type=WorkerSession)
    reported: list[str] = []
    own = Worker(sessions, StateFolder(folder, index), report=reported.append)
    own.adopt_scenarios()
    own.declare_scenarios()
    background = BackgroundServer(
        App(sessions, replica=own), grace=0.2, tasks=[own.journals.run], on_shutdown=[own.close]
    )
    background.start()
    try:
        yield ReplicaServer(background, sessions, None, reported)
    finally:
        background.stop()
