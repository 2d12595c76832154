"""How a run ends: one status, in the order of what is worst."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["COULD_NOT_JUDGE", "status"]

CONFORMANT = 0
VIOLATION = 1
INTERRUPTED = 2
INTERNAL_ERROR = 3
WRONG_USAGE = 4
NOTHING_RAN = 5
COULD_NOT_JUDGE = 6

_BROKEN = ("fail", "not_testable", "stale")


def status(pytest_status: int, report: Mapping[str, Any], is_strict: bool = False) -> int:
    """The exit status of a run: pytest's own 4, 3 and 2 first, then 6, 1, 5 and 0. Tests that ran
    beside the checks and failed fail the run as a check does."""
    found = report["summary"]
    if found.get("error") and pytest_status != WRONG_USAGE:
        return INTERNAL_ERROR
    if pytest_status in (INTERRUPTED, INTERNAL_ERROR, WRONG_USAGE):
        return pytest_status
    cause = report["cause"]
    if (cause and cause["blocking"]) or (is_strict and found.get("not_exercised")):
        return COULD_NOT_JUDGE
    if pytest_status == VIOLATION or any(found.get(verdict) for verdict in _BROKEN):
        return VIOLATION
    return CONFORMANT if found else NOTHING_RAN
