"""Time that can be moved, and the ids GLM makes of it, all from one seed."""

from __future__ import annotations

import math
import time
from calendar import timegm
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate
from typing import TypeVar

from msgspec import Struct

Option = TypeVar("Option")

_NINETIETH = 1.2816
"""The ninetieth percentile of the standard normal distribution."""

BEIJING = 8 * 3600
"""Seconds that the service's local time (UTC+8) is ahead of UTC; ids and reset times are local."""


class Clock:
    """Wall time with an offset. `now` is in unix seconds and moves on by itself."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self.offset = 0.0

    def now(self) -> float:
        return self._wall() + self.offset

    def advance(self, seconds: float) -> None:
        """Move the clock by so many seconds (back, if negative)."""
        self.offset += seconds

    def reset(self) -> None:
        self.offset = 0.0


def local(second: int, form: str = "%Y%m%d%H%M%S") -> str:
    """A unix second as Beijing local time in the form of strftime."""
    return utc(second + BEIJING, form)


def parse_log_time(id: str) -> int:
    """The unix second of a log id's first 14 digits; 0 if they are no time."""
    try:
        return timegm(time.strptime(id[:14], "%Y%m%d%H%M%S")) - BEIJING
    except ValueError:
        return 0


@lru_cache(maxsize=8)
def _log_time(second: int) -> str:
    return local(second)


@lru_cache(maxsize=8)
def utc(second: int, form: str) -> str:
    """A unix second as UTC in the form of strftime."""
    return time.strftime(form, time.gmtime(second))


class Ids:
    """The ids of one answer, made from (seed, session, ordinal): the same in any process."""

    __slots__ = ("_digest",)

    def __init__(self, seed: str, session: str, ordinal: int) -> None:
        self._digest = IdSeries(seed, session).digest(ordinal)

    def log(self, now: float) -> str:
        """An id as `id`, `request_id` and `X-Log-Id` have it: 14 digits of local time, 16 hex.

        Source: recordings of both hosts, 2025-09 … 2026-10 (charmbracelet/fantasy,
        SamyRai/go-z-ai); in 2024 ids were 19 decimal digits.
        """
        return _log_time(int(now)) + self._digest.hexdigest()[:16]

    def stream_call(self, index: int) -> str:
        """The id of a call in a stream: `call_` and 24 hex (444 of 444 recorded calls)."""
        return "call_" + self._derive(f"stream{index}")[:24]

    def plain_call(self, index: int) -> str:
        """The id of a call in a JSON answer: `call_` and a negative 64-bit decimal.

        Parallel calls have consecutive numbers (23 of 23 recorded, charmbracelet/fantasy).
        """
        first = 7 * 10**18 + int(self._derive("plain")[:14], 16)
        return f"call_-{first - index}"

    def signature(self) -> str:
        """The signature of a thought on the Anthropic surface: 24 hex (Claude Code transcripts,
        2026-02 … 2026-08)."""
        return self._derive("signature")[:24]

    def hexadecimal(self, what: str) -> str:
        """64 hex digits that depend on `what`."""
        return self._derive(what)

    def chance(self, what: str) -> float:
        """A number in [0, 1) that depends on `what` and nothing that varies between runs."""
        return int(self._derive(what)[:13], 16) / 16**13

    def pick(self, options: Sequence[Option], what: str) -> Option:
        """Pick one of the options, by the chance of `what`."""
        return options[int(self.chance(what) * len(options))]

    def _derive(self, what: str) -> str:
        digest = self._digest.copy()
        digest.update(what.encode())
        return digest.hexdigest()


class IdSeries:
    """The ids of the answers of one session, by their ordinal."""

    __slots__ = ("_prefix",)

    def __init__(self, seed: str, session: str) -> None:
        self._prefix = blake2b(f"{seed}\0{session}\0".encode(), digest_size=32)

    def digest(self, ordinal: int) -> blake2b:
        digest = self._prefix.copy()
        digest.update(b"%d" % ordinal)
        return digest

    def numbered(self, ordinal: int) -> Ids:
        ids = Ids.__new__(Ids)
        ids._digest = self.digest(ordinal)
        return ids


class Pace(Struct, frozen=True):
    """The pace of a reply: seconds to the first token, between tokens, and of random delay.

    `prompt` is seconds for a thousand tokens of the prompt that were not cached, `spread` how many
    times the median the ninetieth percentile of the time to the first token is; 0 is no spread.
    `tools` is seconds more for a request with tools, whatever they are.
    """

    first: float = 0.0
    every: float = 0.0
    jitter: float = 0.0
    prompt: float = 0.0
    spread: float = 0.0
    tools: float = 0.0

    def scaled(self, speed: float) -> Pace:
        """The pace at so many times the speed; at speed 0 everything comes at once."""
        if speed == 1:
            return self
        if speed == 0:
            return AT_ONCE
        first, every, jitter = self.first / speed, self.every / speed, self.jitter / speed
        prompt, tools = self.prompt / speed, self.tools / speed
        return Pace(first, every, jitter, prompt, self.spread, tools)

    def draw(self, uncached: int, ids: Ids, *, has_tools: bool = False) -> Pace:
        """The pace of one response to so many uncached tokens, without what varies.

        Both times spread log-normally, the one between tokens by the root of `spread`.
        """
        first = self.first + self.prompt * uncached / 1000
        tools = self.tools if has_tools else 0.0
        if self.spread <= 1:
            return Pace(first + tools, self.every, self.jitter)
        sigma = math.log(self.spread) / _NINETIETH
        start, rate = (math.exp(sigma * _draw_normal(ids, what)) for what in ("start", "rate"))
        return Pace(first * start + tools, self.every * math.sqrt(rate), self.jitter)

    @property
    def is_none(self) -> bool:
        """True if everything is sent at once."""
        return not (self.first or self.every or self.jitter or self.prompt or self.tools)

    def end(self, weights: Sequence[int], ids: Ids) -> float:
        """Return the time of the last frame."""
        return 0.0 if self.is_none else self.schedule(weights, ids)[-1]

    def schedule(self, weights: Sequence[int], ids: Ids) -> tuple[float, ...]:
        """Return the time of each frame in seconds since the request; weights are tokens of frames.

        A frame is due when its last token is there, so a whole tool call comes after the silence
        its arguments take.
        """
        if not weights or self.is_none:
            return (0.0,) * len(weights)
        due = accumulate(weights[1:], initial=max(weights[0] - 1, 0))
        times = [self.first + self.every * tokens for tokens in due]
        if self.jitter:
            times = [at + self.jitter * ids.chance(f"jitter{i}") for i, at in enumerate(times)]
        return tuple(accumulate(times, max))


def _draw_normal(ids: Ids, what: str) -> float:
    """Draw from the standard normal distribution (Box and Muller)."""
    radius = math.sqrt(-2 * math.log(1 - ids.chance(f"{what} radius")))
    return radius * math.cos(2 * math.pi * ids.chance(f"{what} angle"))


AT_ONCE = Pace()
