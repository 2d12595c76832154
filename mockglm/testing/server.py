"""The server of a test run: started when first needed, with one session for each test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from mockglm.app import App
from mockglm.scenarios import Scenario, load, shipped_scenarios
from mockglm.serving import BackgroundServer
from mockglm.testing.config import Config
from mockglm.testing.session import TestSession, TestSessions
from mockglm.urls import format_origin, reachable_host

if TYPE_CHECKING:
    from mockglm.recorder import Recorder
    from mockglm.testing.recordings import Recordings

GRACE = 0.0
"""Seconds that open responses are given at the end: their test is over."""

T = TypeVar("T")


class TestServer(AbstractContextManager["TestServer"]):
    """A server in a thread of its own, and its sessions.

    Sessions are made, changed and read in the server's loop only, so that a test can do so while
    its client is at work; other threads read nothing but flags and plain attributes.
    """

    __test__ = False

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._sessions = TestSessions(Config().settings)
        app = App(self._sessions, recorder=self._recorder)
        self._background = BackgroundServer(app, host, port, grace=GRACE)
        self._loaded: dict[Path, tuple[int, Scenario]] = {}
        self.url = format_origin(reachable_host(host), self._background.port)

    def __enter__(self) -> TestServer:
        self._background.start()
        self._thread = self._background.call(threading.get_ident)
        self._loop = self._background.call(asyncio.get_running_loop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._background.stop()

    @cached_property
    def shipped(self) -> Mapping[str, Path]:
        """The scenarios that come with mockglm, by name."""
        return shipped_scenarios()

    @cached_property
    def recordings(self) -> Recordings:
        """The cassettes that tests of this process replay and record."""
        # Only tests with cassettes pay for the import of the recorder.
        from mockglm.testing.recordings import Recordings

        return Recordings(self.load)

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the server's loop, which owns all state, and return its result."""
        if threading.get_ident() == self._thread:
            return function()
        result: T = self._background.call(function)
        return result

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the server's loop, from another thread, and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def load(self, path: Path) -> Scenario:
        """Load a scenario file, again only if it has changed."""
        changed = path.stat().st_mtime_ns if path.exists() else 0
        known = self._loaded.get(path)
        if known is None or known[0] != changed:
            known = self._loaded[path] = changed, load(path)
        return known[1]

    def open_session(self, label: str, config: Config) -> TestSession:
        """Make the session of a label, in place of an earlier one."""
        return self.call(lambda: self._open(label, config))

    def close_session(self, label: str) -> None:
        """Forget the session of a label."""
        self.call(lambda: self._sessions.by_label.pop(label, None))

    def _open(self, label: str, config: Config) -> TestSession:
        session = TestSession(label, config.settings, self._sessions.feed)
        self._sessions.by_label[label] = session
        return session

    def _recorder(self, name: str) -> Recorder:
        recorder = self._sessions.by_label[name.removeprefix("@")].recorder
        assert recorder is not None, "a session that records has a recorder"
        return recorder
