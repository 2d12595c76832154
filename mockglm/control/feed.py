"""Exchanges as they come: streaming them as events, and waiting for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from starlette.requests import Request

from mockglm.journal import Entry

BACKLOG = 1000
"""Exchanges that wait for a slow reader."""

Subscribe: TypeAlias = Callable[[Callable[[Entry], None]], Callable[[], None]]
"""Subscribes a function to exchanges; returns a function that ends the subscription."""


Summarize: TypeAlias = Callable[[Entry], Mapping[str, Any]]


async def stream_entries(
    subscribe: Subscribe, summarize: Summarize = Entry.summary
) -> AsyncGenerator[Mapping[str, str], None]:
    """Yield each exchange that ends from now on; a reader that is too slow misses the oldest."""
    entries: asyncio.Queue[Entry] = asyncio.Queue(BACKLOG)

    def put(entry: Entry) -> None:
        if entry.outcome == "open":
            return
        if entries.full():
            entries.get_nowait()
        entries.put_nowait(entry)

    unsubscribe = subscribe(put)
    try:
        while True:
            entry = await entries.get()
            yield {"event": "exchange", "data": msgspec.json.encode(summarize(entry)).decode()}
    finally:
        unsubscribe()


async def stream_batches(
    subscribe: Subscribe, summarize: Summarize, *, seconds: float
) -> AsyncGenerator[Mapping[str, str], None]:
    """Yield lists of the exchanges that began or ended, at most one list in so many seconds.

    An exchange that does both in that time is in the list once. A busy server spends far less on
    a list than on an event for each.
    """
    changed: dict[tuple[str, int], Entry] = {}
    has_changed = asyncio.Event()

    def put(entry: Entry) -> None:
        changed.pop((entry.session, entry.ordinal), None)
        changed[entry.session, entry.ordinal] = entry
        if len(changed) > BACKLOG:
            del changed[next(iter(changed))]
        has_changed.set()

    unsubscribe = subscribe(put)
    try:
        while True:
            await has_changed.wait()
            has_changed.clear()
            summaries = list(map(summarize, changed.values()))
            changed.clear()
            yield {"event": "exchanges", "data": msgspec.json.encode(summaries).decode()}
            await asyncio.sleep(seconds)
    finally:
        unsubscribe()


async def wait_until(
    is_true: Callable[[], Awaitable[object]],
    subscribe: Subscribe,
    *,
    request: Request,
    seconds: float,
) -> None:
    """Wait until a condition is true, for some seconds or until the client leaves.

    The condition is tested whenever an exchange comes or ends; its exceptions are raised.
    """
    changed = asyncio.Event()
    unsubscribe = subscribe(lambda entry: changed.set())
    tasks = [
        asyncio.create_task(_wait_for_change(is_true, changed)),
        asyncio.create_task(_wait_for_disconnect(request)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        unsubscribe()
        for task in tasks:
            task.cancel()


async def _wait_for_change(
    is_true: Callable[[], Awaitable[object]], changed: asyncio.Event
) -> None:
    while True:
        changed.clear()
        if await is_true():
            return
        await changed.wait()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
