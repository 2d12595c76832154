"""One timer for all that waits in a loop: it wakes whoever is due, and none early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import count
from math import ceil
from time import monotonic
from typing import NamedTuple

__all__ = ["Ticker", "Turn"]

TICK = 0.001
"""Seconds between two looks at what is due."""

MOST_DEAD = 64
"""Waits that were given up and are still in the queue, beside as many as are not."""

Turn = Callable[[], float | None]
"""What is done when it is due; it returns when it is due again, None if it is not."""


class _Wait(NamedTuple):
    """Somebody who waits, or a turn that is to be taken until it says that it is done."""

    future: asyncio.Future[None]
    turn: Turn | None


class Ticker:
    """The waits of one event loop.

    Times are in seconds of time.monotonic(): uvloop's own clock is as old as the turn of the loop.
    """

    def __init__(self) -> None:
        self._due: list[tuple[float, int]] = []
        self._waits: dict[int, _Wait] = {}
        self._order = count()
        self._timer: asyncio.Handle | None = None
        self._next = 0.0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waits)

    @property
    def queued(self) -> int:
        """How many are in the queue, some of whom may have given up."""
        return len(self._due)

    async def wait(
        self, at: float, turn: Turn | None = None, until: asyncio.Future[None] | None = None
    ) -> None:
        """Wait for a time, then as long as the turn that is taken then wants to be taken again;
        no longer than `until` is done. Raises what the turn raises."""
        loop = asyncio.get_running_loop()
        future, order = loop.create_future(), next(self._order)
        self._waits[order] = _Wait(future, turn)
        self._queue(at, order)
        if self._timer is None or at < self._next:
            self._arm(loop)
        # A callback, not asyncio.wait: no task for each wait of each stream.
        release = partial(_settle, future)
        if until is not None:
            until.add_done_callback(release)
        try:
            await future
        finally:
            self._waits.pop(order, None)
            if until is not None:
                until.remove_done_callback(release)

    def wake_all(self) -> None:
        """Wake everybody, due or not."""
        for wait in self._waits.values():
            _settle(wait.future)

    def _queue(self, at: float, order: int) -> None:
        heappush(self._due, (at, order))
        if len(self._due) > 2 * len(self._waits) + MOST_DEAD:
            self._due = [due for due in self._due if due[1] in self._waits]
            heapify(self._due)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        now = monotonic()
        self._next = max(self._due[0][0], now + TICK)
        # Rounded up, for uvloop's timers count milliseconds and would be early.
        self._timer = loop.call_later(ceil((self._next - now) / TICK) * TICK, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = monotonic()
        while self._due and self._due[0][0] <= now:
            _, order = heappop(self._due)
            wait = self._waits.get(order)
            if wait is not None:
                self._take(wait, order)
        if self._due:
            self._arm(loop)

    def _take(self, wait: _Wait, order: int) -> None:
        again = None
        try:
            if wait.turn is not None and not wait.future.done():
                again = wait.turn()
        except BaseException as failure:  # handed over to who waits
            wait.future.set_exception(failure)
        if again is None:
            _settle(wait.future)
        else:
            self._queue(again, order)


def _settle(future: asyncio.Future[None], *_: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
