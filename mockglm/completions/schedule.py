"""The schedule of a stream: its frames in slots, each slot due at one time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from mockglm.clock import Ids, Pace
from mockglm.exchange import Slot


def schedule_frames(pace: Pace, weights: tuple[int, ...], ids: Ids) -> tuple[Slot, ...]:
    """Schedule frames by their weights in tokens; frames due at the same time share a slot."""
    return _slots(pace.schedule(weights, ids)) if pace.jitter else _regular(pace, weights)


@lru_cache(maxsize=256)
def _regular(pace: Pace, weights: tuple[int, ...]) -> tuple[Slot, ...]:
    """The schedule of all streams with these weights, at a pace without jitter."""
    return _slots(pace.schedule(weights, Ids("", "", 0)))


def _slots(times: Sequence[float]) -> tuple[Slot, ...]:
    ends = [index for index, (at, then) in enumerate(pairwise(times), 1) if at != then]
    bounds = pairwise((0, *ends, len(times)))
    return tuple((times[first], first, end) for first, end in bounds)
