"""One timer for all that waits in a loop: it wakes whoever is due, and none early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import count
from time import monotonic

TICK = 0.001
"""Seconds between two looks at what is due."""

MOST_LEFT = 64
"""Waits that were given up and are still in the queue, beside as many as were not."""

Callback = Callable[[], float | None]
"""What is done when it is due; it returns when it is due again, None if it is not."""

Wait = tuple[float, int, asyncio.Future[None], Callback | None]
"""When it is over, the order among those that are over then, who waits, and a turn to take."""


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
        """How many wait."""
        return self._waiting

    @property
    def queued(self) -> int:
        """How many are in the queue, some of whom may have given up."""
        return len(self._due)

    async def wait(
        self, at: float, turn: Callback | None = None, until: asyncio.Future[None] | None = None
    ) -> None:
        """Wait for a time, then as long as the turn that is taken then wants to be taken again;
        no longer than `until` is done. Raises what the turn raises."""
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
        """Wake everybody, due or not."""
        for _, _, future, _ in self._due:
            _settle(future)

    def _queue(self, wait: Wait) -> None:
        if len(self._due) > 2 * self._waiting + MOST_LEFT:
            self._due = [one for one in self._due if not one[2].done()]
            heapify(self._due)
        heappush(self._due, wait)

    def _arm(self, loop: asyncio.AbstractEventLoop, looked: float) -> None:
        """Look again when somebody is due, a tick after it was last looked at the earliest; what
        was done since counts, so that a loop with much to do does not rest as well."""
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
