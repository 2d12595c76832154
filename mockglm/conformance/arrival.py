"""When each byte of an answer had arrived."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

__all__ = ["arrivals"]


def arrivals(pieces: Sequence[tuple[float, bytes]], offsets: Iterable[int]) -> tuple[float, ...]:
    """When all bytes before each offset had arrived, in seconds since the request."""
    ends = list(accumulate(len(piece) for _, piece in pieces))
    return tuple(pieces[min(bisect_left(ends, at), len(ends) - 1)][0] for at in offsets)
