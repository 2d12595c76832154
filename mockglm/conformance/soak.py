"""How often a check fails in a row of the same exchanges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Any

from mockglm.conformance.catalogue import Check
from mockglm.conformance.judging import Evidence, review
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
    """Which checks failed in how many of the soak's streams that they judged; empty without a
    soak. `sent` counts its requests, `count` those that were answered with a stream."""
    sent = [seen for seen in evidence.more if seen.name.startswith("soak-")]
    streams = [seen for seen in sent if seen.kind == "stream"]
    if not sent:
        return {}
    counts = {check.id: _counts(check, streams) for check in checks if "stream" in check.kinds}
    rows = [
        {"id": id, "failed": failed, "judged": judged, "interval": list(interval(failed, judged))}
        for id, (failed, judged) in counts.items()
        if failed
    ]
    return {"count": len(streams), "sent": len(sent), "rates": rows}


def _counts(check: Check, streams: Sequence[Seen]) -> tuple[int, int]:
    """In how many of the streams a check failed, and how many of them it judged."""
    results = [review(check, [seen]) for seen in streams]
    judged = [result for result in results if result.exchanges]
    return sum(bool(result.findings) for result in judged), len(judged)
