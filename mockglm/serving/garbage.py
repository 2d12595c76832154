"""Full garbage collections while no stream waits for its next frame.

A full collection takes tens of milliseconds and delays every frame that is due. (Python 3.14
collects in small increments and is not affected.)
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sized
from time import monotonic

GENERATION_THRESHOLD = 10
"""Collections of the middle generation after which Python does a full one by default."""

DISABLED_THRESHOLD = 1_000_000
"""A threshold that Python never reaches, so that it does no full collection by itself."""

MAX_DELAY = 60.0
"""Seconds after which a collection is done even while streams wait."""

CHECK_INTERVAL = 1.0
"""Seconds between two checks."""


def is_due(collections: int, waiting: int, elapsed: float) -> bool:
    """Decide on a full collection.

    `collections` counts those of the middle generation since the last full one, which was `elapsed`
    seconds ago; `waiting` streams wait for their next frame.
    """
    return collections >= GENERATION_THRESHOLD and (not waiting or elapsed >= MAX_DELAY)


async def collect_when_idle(waiting: Sized, interval: float = CHECK_INTERVAL) -> None:
    """Do the full collections of this process until cancelled.

    Meant for a process that only runs a server. `waiting` contains the streams that wait for their
    next frame.
    """
    before, last = gc.get_threshold(), monotonic()
    gc.set_threshold(*before[:2], DISABLED_THRESHOLD)
    try:
        while True:
            await asyncio.sleep(interval)
            if is_due(gc.get_count()[2], len(waiting), monotonic() - last):
                gc.collect()
                last = monotonic()
    finally:
        gc.set_threshold(*before)
