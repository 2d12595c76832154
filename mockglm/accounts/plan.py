"""Coding Plans: their windows, counted in requests or credits, and the credits of a response.

Credits are counted since 2026-08. Sources: docs.z.ai/devpack/overview (usage instruction) as quoted
in omacom/omarchy#7566, and steipete/CodexBar#2721, 2026-08: credits are (input * rate + cached
input * rate + output * rate) / 10,000, half of it outside the peak hours, Monday to Friday 14:00 to
18:00 in Beijing. The sizes of the plans: onllm-dev/onWatch#122, diegosouzapw/OmniRoute#11378.

Assumed: models without a published rate cost what glm-4.7 does; glm-5.3-flash and -flashx cost a
third of glm-5.3, for the plan is said to have three times the quota of them; 5 and 5.1 cost what
glm-5.3 does, as 5.2 does, which is answered by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from math import floor
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from mockglm.clock import BEIJING
from mockglm.exchange import JSONObject

Level = Literal["lite", "pro", "max"]
Counted = Literal["requests", "credits"]

HOUR = 3600
DAY = 24 * HOUR

TOKENS_A_CREDIT = 10_000
OFF_PEAK = 0.5
"""The factor outside the peak hours."""
PEAK_HOURS = range(14, 18)
_WORKDAYS = 5
# 1970-01-01 was a Thursday.
_FIRST_WEEKDAY = 3


class Window(Struct, frozen=True):
    """A limit of a Coding Plan: so many requests, or credits, in so many seconds."""

    seconds: float
    limit: float
    counts: Counted = "requests"


class CreditRate(Struct, frozen=True):
    """Credits for 10,000 tokens at peak hours."""

    input: float
    cached: float
    output: float

    def cost_of(self, usage: JSONObject, now: float) -> float:
        """Return the credits of a usage as on the wire, at a time in unix seconds."""
        held = count_of(usage.get("prompt_tokens_details") or {}, "cached_tokens")
        fresh = count_of(usage, "prompt_tokens") - held
        output = count_of(usage, "completion_tokens")
        total = fresh * self.input + held * self.cached + output * self.output
        return total * hour_factor(now) / TOKENS_A_CREDIT


Rates = tuple[tuple[str, CreditRate], ...]
"""By model, as a glob; the first that fits."""

_LARGE = CreditRate(6.9, 1.7, 24)
_SMALL = CreditRate(4.6, 1.2, 16)

RATES: Rates = (
    ("glm-5.3-flash*", CreditRate(2.3, 0.57, 8)),
    ("glm-5-turbo", CreditRate(5.7, 1.5, 21)),
    ("glm-5*", _LARGE),
    ("*", _SMALL),
)

LEVELS: Mapping[Level, tuple[Window, ...]] = MappingProxyType(
    {
        "lite": (Window(5 * HOUR, 2_000, "credits"), Window(7 * DAY, 10_000, "credits")),
        "pro": (Window(5 * HOUR, 12_000, "credits"), Window(7 * DAY, 60_000, "credits")),
        "max": (Window(5 * HOUR, 28_000, "credits"), Window(7 * DAY, 140_000, "credits")),
    }
)
"""The windows of the plans on sale."""


class WindowUse(Struct, frozen=True):
    """The use of one window. `resets` is in unix seconds, None for one that has not begun."""

    window: Window
    used: float
    resets: float | None

    @property
    def remaining(self) -> float:
        return max(self.window.limit - self.used, 0.0)

    @property
    def percentage(self) -> int:
        """The used part, rounded down as the service does."""
        return floor(min(self.used / self.window.limit, 1) * 100) if self.window.limit else 100


class PlanUsage(Struct, frozen=True):
    """The use of a Coding Plan. `level` is empty for a plan with windows of its own."""

    level: Level | Literal[""]
    windows: tuple[WindowUse, ...]


def credit_cost(usage: JSONObject, model: str, now: float, *, rates: Rates = ()) -> float:
    """Return the credits of a usage as on the wire; `rates` come before those of the plans."""
    rate = next(rate for glob, rate in (*rates, *RATES) if fnmatchcase(model, glob))
    return rate.cost_of(usage, now)


def hour_factor(now: float) -> float:
    """Return the factor of an hour, at a time in unix seconds: 1 at peak hours, else a half."""
    days, second = divmod(now + BEIJING, DAY)
    is_workday = (days + _FIRST_WEEKDAY) % 7 < _WORKDAYS
    return 1.0 if is_workday and second // HOUR in PEAK_HOURS else OFF_PEAK


def count_of(usage: JSONObject, name: str) -> float:
    """Return a figure of a usage; 0 where a file's own bytes say none."""
    value = usage.get(name)
    return value if isinstance(value, int | float) else 0
