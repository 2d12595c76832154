"""Exchanges as they come: a feed of them, and waiting for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TypeAlias

import msgspec
from starlette.requests import Request

from mockglm.journal import Entry

BACKLOG = 1000

Listen: TypeAlias = Callable[[Callable[[Entry], None]], Callable[[], None]]
"""How to be told of exchanges; what it returns ends it."""


async def stream_entries(listen: Listen) -> AsyncGenerator[Mapping[str, str], None]:
    """Every exchange that ends from now on; a reader who is too slow misses the oldest."""
    entries: asyncio.Queue[Entry] = asyncio.Queue(BACKLOG)

    def put(entry: Entry) -> None:
        if entry.outcome == "open":
            return
        if entries.full():
            entries.get_nowait()
        entries.put_nowait(entry)

    forget = listen(put)
    try:
        while True:
            entry = await entries.get()
            yield {"event": "exchange", "data": msgspec.json.encode(entry.summary()).decode()}
    finally:
        forget()


async def until(
    holds: Callable[[], object], listen: Listen, request: Request, seconds: float
) -> None:
    """Wait for something to hold, looking whenever an exchange comes or ends: so many seconds, or
    until whoever asks leaves. Raises what looking raises."""
    changed = asyncio.Event()
    forget = listen(lambda entry: changed.set())
    tasks = [asyncio.create_task(_held(holds, changed)), asyncio.create_task(_left(request))]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        forget()
        for task in tasks:
            task.cancel()


async def _held(holds: Callable[[], object], changed: asyncio.Event) -> None:
    while not holds():
        changed.clear()
        await changed.wait()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
