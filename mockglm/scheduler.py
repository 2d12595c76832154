"""The scheduler: one timer per event loop wakes paced transmissions when they are due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import count
from time import monotonic

TICK = 0.001
"""Seconds between two checks for due callbacks."""

MAX_LEFT = 64
"""Cancelled waits allowed in the queue, in addition to as many as are pending."""

Callback = Callable[[], float | None]
"""Called when due; returns the time of its next call, None to end the wait."""

Wait = tuple[float, int, asyncio.Future[None], Callback | None]
"""(due time, order among equal times, future of the waiting task, callback)"""


class Scheduler:
    """The waits of one event loop.

    Times are in seconds of time.monotonic(): uvloop's own clock is as old as the turn of the loop.
    """

    def __init__(self) -> None:
        self._due: list[Wait] = []
        self._waiting = 0
        self._order = count()
        self._timer: asyncio.Handle | None = None
        self._next = 0.0

    def __len__(self) -> int:
        """The number of pending waits."""
        return self._waiting

    @property
    def queued(self) -> int:
        """The length of the queue, cancelled waits included."""
        return len(self._due)

    async def wait(
        self, at: float, turn: Callback | None = None, until: asyncio.Future[None] | None = None
    ) -> None:
        """Wait until a time, and then as long as the callback returns a next time.

        Ends early when `until` is done. Raises what the callback raises.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._queue((at, next(self._order), future, turn))
        if self._timer is None or at < self._next:
            self._arm(loop, monotonic())
        # A callback, not asyncio.wait: no task for each wait of each stream.
        release = partial(_settle, future)
        if until is not None:
            until.add_done_callback(release)
        self._waiting += 1
        try:
            await future
        finally:
            self._waiting -= 1
            if until is not None:
                until.remove_done_callback(release)

    def wake_all(self) -> None:
        """End all waits, due or not."""
        for _, _, future, _ in self._due:
            _settle(future)

    def _queue(self, wait: Wait) -> None:
        if len(self._due) > 2 * self._waiting + MAX_LEFT:
            self._due = [one for one in self._due if not one[2].done()]
            heapify(self._due)
        heappush(self._due, wait)

    def _arm(self, loop: asyncio.AbstractEventLoop, looked: float) -> None:
        """Set the timer for the next due time, at the earliest a tick after the last check.

        The time spent since then counts, so that a busy loop does not rest as well.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._next = max(self._due[0][0], looked + TICK)
        # uvloop's timers count milliseconds: a tick that is early finds nothing due.
        self._timer = loop.call_later(max(self._next - monotonic(), 0.0), self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = monotonic()
        while self._due and self._due[0][0] <= now:
            _, order, future, turn = heappop(self._due)
            again = None
            try:
                if turn is not None and not future.done():
                    again = turn()
            except BaseException as failure:  # handed over to who waits
                future.set_exception(failure)
            if again is None:
                _settle(future)
            else:
                heappush(self._due, (again, order, future, turn))
        if self._due:
            self._arm(loop, now)


def _settle(future: asyncio.Future[None], *_: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
