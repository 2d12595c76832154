"""Accounts as a file declares them: who may use what, how much of it, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from mockglm.accounts.balance import Prices, Unit
from mockglm.accounts.plan import Level, Rates, Window

State = Literal[
    "active",
    "revoked",
    "expired",
    "two-factor",
    "inactive",
    "absent",
    "locked",
    "violation",
    "plan-expired",
    "unfair",
]

STATES: Mapping[State, str] = MappingProxyType(
    {
        "revoked": "401",
        "expired": "1003",
        "two-factor": "1005",
        "inactive": "1110",
        "absent": "1111",
        "locked": "1112",
        "violation": "1121",
        "plan-expired": "1309",
        "unfair": "1313",
    }
)
"""The code that an account in each state answers everything with; an active one is not here."""


class Account(Struct, frozen=True, kw_only=True):
    """One account, known by its key; `*` is for every key that has none. None is no limit.

    `balance` is what there is to use, counted in `unit`, 1113 when it is used up; yuan are used by
    `prices`; `concurrency` is how many requests may be in flight, by model (a glob; the first that
    fits), 1302 beyond; `plan` answers 1308 and 1310, `level` is its name if it is on sale, `rates`
    come before its credits by model; `models` (globs) are all the plan includes, others 1311;
    `denied` (globs) answer 1220.
    """

    key: str
    balance: float | None = None
    unit: Unit = "yuan"
    prices: Prices = ()
    concurrency: tuple[tuple[str, int], ...] = ()
    plan: tuple[Window, ...] = ()
    level: Level | Literal[""] = ""
    rates: Rates = ()
    models: tuple[str, ...] | None = None
    denied: tuple[str, ...] = ()
    state: State = "active"


class Overload(Struct, frozen=True):
    """The models (a glob) that answer 1305, for so many seconds since the session began; None is
    for good."""

    model: str
    seconds: float | None = None


class LoadCurve(Struct, frozen=True, kw_only=True):
    """The behaviour of a service under load, by the number of requests in flight.

    `free` of them run at full pace; each further one makes a reply slower by the part `slowdown` of
    its time. With `overload` or more of them a further request gets 1305; None is no limit.
    """

    free: int = 1
    slowdown: float = 0.0
    overload: int | None = None

    def stretch(self, count: int) -> float:
        """Return the factor of a reply's times with so many requests in flight, itself included."""
        return 1 + self.slowdown * max(0, count - self.free)
