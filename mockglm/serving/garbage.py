"""Garbage is looked for when no stream waits: a full look takes tens of milliseconds, in which
every frame that is due is late. (Python 3.14 looks a little at a time, and is left alone by this.)
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sized
from time import monotonic

MANY = 10
"""Collections of the middle generation after which Python looks at all objects by itself."""

NEVER = 1_000_000
"""So many of them that Python does not."""

LONGEST = 60.0
"""Seconds after which it is done in the middle of streams all the same."""

LOOK = 1.0
"""Seconds between two looks whether it is time."""


def is_due(passed: int, waiting: int, since: float) -> bool:
    """Whether to collect: after so many collections of the middle generation, with so many that
    wait for their next frame, so many seconds after the last time."""
    return passed >= MANY and (not waiting or since >= LONGEST)


async def collect_when_idle(waiting: Sized, look: float = LOOK) -> None:
    """Take over the full collections of this process, as long as this runs; for a server that has
    the process to itself. `waiting` has the length of those who wait."""
    before, last = gc.get_threshold(), monotonic()
    gc.set_threshold(*before[:2], NEVER)
    try:
        while True:
            await asyncio.sleep(look)
            if is_due(gc.get_count()[2], len(waiting), monotonic() - last):
                gc.collect()
                last = monotonic()
    finally:
        gc.set_threshold(*before)
