"""A measurement: its requests sent one after the other, and the report of their figures."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from mockglm._version import __version__
from mockglm.conformance.transport import SendRequest
from mockglm.exchange import Headers
from mockglm.measurement.figures import summarise_empty_stops, summarise_reads, summarise_series
from mockglm.measurement.plan import MeasurementPlan, Series
from mockglm.measurement.ramp import RampResult
from mockglm.measurement.samples import Sample, read_sample

SCHEMA = "mockglm.measurement/1"

BUSY = ("1302", "1303", "1305", "1312")
"""Codes of a limit that passes by itself: the next request is sent after a pause."""

_GLM_CODE = re.compile(r"\d{3,4}")
_MOST_FAILURES = 3
"""Responses in a row that cannot be measured, after which the rest would be no different."""

Progress = Callable[[str, int, int], None]
"""Called with the series, the number of its request, and how many it has."""


class Measurement(Struct, frozen=True):
    """The samples of a run. `cause` is the reason for which it ended early; empty for none."""

    samples: tuple[Sample, ...]
    cause: str = ""

    @property
    def is_blocked(self) -> bool:
        """True if nothing was measured."""
        return not any(sample.is_measured for sample in self.samples)


def run_series(
    plan: MeasurementPlan,
    send: SendRequest,
    *,
    headers: Headers,
    pause: float = 10.0,
    progress: Progress = lambda *_: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Measurement:
    """Send the series of a plan, one request after the other.

    A busy endpoint gets a pause in seconds. Ends early after three failures in a row, and after a
    refusal that no pause lifts.
    """
    samples: list[Sample] = []
    failures = 0
    for series in plan.series:
        for number, request in enumerate(plan.requests(series, headers), 1):
            progress(series.name, number, series.count)
            sample = read_sample(series.name, send(request), plan.surface)
            sample = _warmed(sample, series, number)
            samples.append(sample)
            failures = 0 if sample.is_measured else failures + 1
            cause = _find_cause(sample, failures)
            if cause:
                return Measurement(tuple(samples), cause)
            if sample.code in BUSY:
                sleep(pause)
    return Measurement(tuple(samples))


def make_report(
    plan: MeasurementPlan,
    measurement: Measurement,
    *,
    target: str,
    started: float,
    ramp: RampResult | None = None,
) -> dict[str, Any]:
    """Make the report of a measurement. `started` is in unix seconds."""
    samples = measurement.samples
    return {
        "schema": SCHEMA,
        "tool": f"mockglm {__version__}",
        "started": started,
        "target": target,
        "model": plan.model,
        "surface": plan.surface.name,
        "requests": len(samples) + (ramp.requests if ramp else 0),
        "tokens": sum(sample.completion_tokens for sample in samples),
        "ceiling": asdict(plan.cost),
        "cause": measurement.cause,
        "series": [_describe(series, samples) for series in plan.series],
        "empty_stops": summarise_empty_stops(samples),
        "reads": summarise_reads([sample for sample in samples if sample.is_measured]),
        "in_flight": asdict(ramp) if ramp else None,
    }


def _describe(series: Series, samples: Sequence[Sample]) -> dict[str, Any]:
    own = [sample for sample in samples if sample.series == series.name]
    return {"name": series.name, "purpose": series.purpose, **summarise_series(own)}


def _warmed(sample: Sample, series: Series, number: int) -> Sample:
    """Put the first request of a shared prompt, which no cache knows yet, into a series of none."""
    if series.is_shared and number == 1 and not sample.is_cache_hit:
        return Sample(**{**asdict(sample), "series": "warm-up"})
    return sample


def _find_cause(sample: Sample, failures: int) -> str:
    if _GLM_CODE.fullmatch(sample.code) and sample.code not in BUSY:
        return f"the endpoint refused a request with {sample.code} (status {sample.status})"
    if failures < _MOST_FAILURES:
        return ""
    told = f", {sample.code}" if sample.code else ""
    return f"{failures} responses in a row could not be measured: {sample.error}{told}"
