"""When a server looks for garbage: not while streams wait for their next frame."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from contextlib import suppress

import pytest

from mockglm.serving.garbage import (
    DISABLED_THRESHOLD,
    GENERATION_THRESHOLD,
    MAX_DELAY,
    collect_when_idle,
    is_due,
)


@pytest.mark.parametrize(
    ("passed", "waiting", "since", "expected"),
    [
        (GENERATION_THRESHOLD, 0, 0.0, True),
        (GENERATION_THRESHOLD - 1, 0, MAX_DELAY, False),
        (GENERATION_THRESHOLD, 1, 0.0, False),
        (GENERATION_THRESHOLD, 500, MAX_DELAY, True),
    ],
)
def test_a_collection_is_due_when_no_stream_waits_or_after_a_minute(
    passed: int, waiting: int, since: float, expected: bool
) -> None:
    assert is_due(passed, waiting, since) is expected


class Node:
    """What only a collection frees: it is part of a cycle."""

    def __init__(self) -> None:
        self.me = self


async def with_many_collections(waiting: list[int], looks: int) -> bool:
    """Whether a cycle was freed in so many looks after Python would have looked by itself."""
    running = asyncio.create_task(collect_when_idle(waiting, interval=0.001))
    await asyncio.sleep(0.0)
    assert gc.get_threshold()[2] == DISABLED_THRESHOLD
    node = Node()
    seen = weakref.ref(node)
    gc.collect(1)
    gc.collect(1)  # it is in the oldest generation now
    del node
    for _ in range(GENERATION_THRESHOLD):
        gc.collect(1)
    assert seen() is not None
    for _ in range(looks):
        await asyncio.sleep(0.002)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return seen() is None


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="collects a little at a time by itself")
def test_a_cycle_is_freed_only_while_no_stream_waits() -> None:
    before = gc.get_threshold()
    assert asyncio.run(with_many_collections([], looks=200))
    assert not asyncio.run(with_many_collections([1], looks=50))
    assert gc.get_threshold() == before
