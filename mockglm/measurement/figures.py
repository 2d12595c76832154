"""Figures of many samples: percentiles, rates of empty stops by prompt size, events a read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor
from typing import Any

from mockglm.measurement.samples import Sample, count_reads

PERCENTILES = (50, 90, 99)

BUCKETS = (1_000, 10_000, 60_000, 120_000, 140_000, 160_000, 180_000)
"""Bounds of prompt sizes in tokens. From 120,000 on those of the recordings in which empty stops of
glm-4.7 grew with the prompt (2025-12): 0 of 739, 1 of 69, 6 of 67, 14 of 25, 10 of 11."""

MOST_POINTS = 500
"""Samples of one series of which a report keeps the figures."""

_MANY = 4
"""Events of a read from which on they are counted together."""

JSON = dict[str, Any]


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return a percentile between the two nearest values; None without values."""
    if not values:
        return None
    ranked = sorted(values)
    place = (len(ranked) - 1) * share / 100
    low, high = ranked[floor(place)], ranked[ceil(place)]
    return low + (high - low) * (place - floor(place))


def summarise_values(values: Sequence[float]) -> JSON:
    """Return the percentiles of values by name."""
    return {f"p{share}": _rounded(percentile(values, share)) for share in PERCENTILES}


def summarise_series(samples: Sequence[Sample]) -> JSON:
    """Summarise the samples of one series: times in seconds, rates in tokens a second."""
    measured = [sample for sample in samples if sample.is_measured]
    firsts = [sample.first for sample in measured if sample.first is not None]
    rates = [sample.rate for sample in measured if sample.rate is not None]
    codes = Counter(sample.code for sample in samples if sample.code)
    errors = Counter(sample.error for sample in samples if sample.error and not sample.code)
    prompt = sum(sample.prompt_tokens for sample in measured)
    return {
        "sent": len(samples),
        "measured": len(measured),
        "refused": dict(sorted(codes.items())),
        "failed": dict(sorted(errors.items())),
        "first": summarise_values(firsts),
        "between": summarise_values([gap for sample in measured for gap in sample.gaps]),
        "rate": summarise_values(rates),
        "prompt_tokens": _rounded(percentile([one.prompt_tokens for one in measured], 50)),
        "cache_hits": sum(sample.is_cache_hit for sample in measured),
        "cached_share": _rounded(sum(one.cached_tokens for one in measured) / prompt)
        if prompt
        else None,
        "points": [_rounded(first) for first in firsts[:MOST_POINTS]],
    }


def summarise_empty_stops(samples: Iterable[Sample]) -> list[JSON]:
    """Count answers with finish `stop` but neither content nor call, by the size of the prompt."""
    rows: dict[int, list[bool]] = {}
    for sample in samples:
        if sample.is_measured:
            rows.setdefault(_bucket(sample.prompt_tokens), []).append(sample.is_empty_stop)
    return [
        {
            "from": BUCKETS[row - 1] if row else 0,
            "to": BUCKETS[row] if row < len(BUCKETS) else None,
            "measured": len(found),
            "empty": sum(found),
            "share": _rounded(sum(found) / len(found)),
        }
        for row, found in sorted(rows.items())
    ]


def summarise_reads(samples: Sequence[Sample]) -> JSON:
    """Return the shares of reads by the events they complete, and of those that end inside one."""
    counts = Counter(min(count, _MANY) for count in count_reads(samples))
    total, every = counts.total(), sum(len(sample.reads) for sample in samples)
    names: Mapping[int, str] = {1: "one", 2: "two", 3: "three", _MANY: "more"}
    split = sum(sample.split_reads for sample in samples)
    return {
        "reads": every,
        **{name: _rounded(counts[size] / total) if total else None for size, name in names.items()},
        "inside_an_event": _rounded(split / every) if every else None,
    }


def _bucket(tokens: int) -> int:
    return sum(tokens >= bound for bound in BUCKETS)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
