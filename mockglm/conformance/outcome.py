"""How a run ends: one status, in the order of what is worst."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["COULD_NOT_JUDGE", "status"]

CONFORMANT = 0
VIOLATION = 1
NOTHING_RAN = 5
COULD_NOT_JUDGE = 6

_BROKEN = ("fail", "not_testable", "stale")


def status(pytest_status: int, report: Mapping[str, Any], is_strict: bool = False) -> int:
    """The exit status of a run: pytest's own 2, 3 and 4 first, then 6, 1, 5 and 0."""
    if pytest_status in (2, 3, 4):
        return pytest_status
    found = report["summary"]
    cause = report["cause"]
    if (cause and cause["blocking"]) or (is_strict and found.get("not_exercised")):
        return COULD_NOT_JUDGE
    if any(found.get(verdict) for verdict in _BROKEN):
        return VIOLATION
    return CONFORMANT if found else NOTHING_RAN
