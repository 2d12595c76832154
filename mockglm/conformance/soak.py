"""How often a check fails in a row of the same exchanges."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

from mockglm.conformance.catalogue import Check
from mockglm.conformance.judging import Evidence
from mockglm.conformance.seen import Seen

__all__ = ["interval", "rates"]

_Z = 1.959964
"""The normal quantile of a 95 % interval."""


def interval(failed: int, count: int) -> tuple[float, float]:
    """The Wilson interval of a rate, at 95 %. `count` is at least 1."""
    rate, square = failed / count, _Z * _Z
    centre = (rate + square / (2 * count)) / (1 + square / count)
    spread = _Z * sqrt(rate * (1 - rate) / count + square / (4 * count * count))
    half = spread / (1 + square / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def rates(checks: Iterable[Check], evidence: Evidence) -> dict[str, Any]:
    """Which checks failed in how many of the soak's streams; empty without a soak."""
    streams = [seen for seen in evidence.more if seen.name.startswith("soak-")]
    if not streams:
        return {}
    failed = {check.id: _failures(check, streams) for check in checks if "stream" in check.kinds}
    rows = [
        {"id": id, "failed": count, "interval": list(interval(count, len(streams)))}
        for id, count in failed.items()
        if count
    ]
    return {"count": len(streams), "rates": rows}


def _failures(check: Check, streams: Iterable[Seen]) -> int:
    judged = (seen for seen in streams if getattr(seen, check.needs) and not check.together)
    return sum(1 for seen in judged if any(check.run(seen)))
