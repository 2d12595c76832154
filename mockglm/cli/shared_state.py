"""The shared state of `mockglm serve --state`: made of the URL, and closed with the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from mockglm.errors import StoreError
from mockglm.server import Sessions, Settings
from mockglm.server.replica import Replica
from mockglm.server.shared_session import SharedSession
from mockglm.store import RedisStore

if TYPE_CHECKING:
    from mockglm.metrics import Metrics

RETRY = 0.5
"""Seconds until the scenarios are declared again, while the store is away."""


class SharedState:
    """The store of one process, and the replica that uses it.

    Raises UsageError for a bad URL and without the redis client. `report` is called with what a
    user should know about the store.
    """

    def __init__(self, url: str, report: Callable[[str], None]) -> None:
        self._store = RedisStore(url)
        self.report = report
        self._replica: Replica | None = None
        self._is_closed = False
        self._loaded = asyncio.Event()

    def make_sessions(self, settings: Settings) -> Sessions:
        """Make sessions whose state can be shared."""
        return Sessions(settings, session_type=SharedSession)

    def open_replica(self, sessions: Sessions, metrics: Metrics | None) -> Replica:
        if metrics is not None:
            self._store.observe = metrics.observe_store
        self._replica = Replica(sessions, self._store, report=self.report)
        return self._replica

    def on_load(self) -> None:
        """Declare the scenarios that were loaded, so that no replica answers from others."""
        if self._replica is not None:
            self._replica.adopt_scenarios()
        self._loaded.set()

    async def close(self) -> None:
        self._is_closed = True
        if self._replica is not None:
            await self._replica.close()

    async def run(self) -> None:
        """Declare the scenarios whenever they were loaded, as soon as the store is there."""
        assert self._replica is not None, "the application was made before the loop"
        self._replica.adopt_scenarios()
        while not self._is_closed:
            try:
                self._loaded.clear()
                await self._replica.declare_scenarios()
                await self._loaded.wait()
            except StoreError:
                await asyncio.sleep(RETRY)
