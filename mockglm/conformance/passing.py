"""Traffic judged as it passes, by every check that needs no probe: at no cost."""

from __future__ import annotations

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import Result, review
from mockglm.conformance.seen import Seen
from mockglm.exchange import Exchange

__all__ = ["broken"]


def broken(name: str, exchange: Exchange) -> tuple[Result, ...]:
    """The checks that an exchange fails or that warn of it, each with its findings."""
    seen = [Seen(name, exchange)]
    results = (review(check, seen) for check in CHECKS.values())
    return tuple(result for result in results if result.verdict in ("fail", "warn"))
