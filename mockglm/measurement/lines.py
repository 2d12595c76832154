"""The plan and the figures of a measurement as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockglm.measurement.plan import MeasurementPlan

JSON = Mapping[str, Any]

_ENDS: Mapping[str, str] = {
    "refused": "the next one was refused with {code}",
    "most": "no more were sent (--max-in-flight)",
    "stalled": "the next one got no head in time, as an overload often looks",
    "failed": "the next one failed: {reason}",
}


def plan_lines(plan: MeasurementPlan) -> Iterator[str]:
    """Describe the requests of a plan and the most they cost."""
    cost = plan.cost
    for series in plan.series:
        tokens = f"{series.prompt} + {series.output} tokens"
        yield f"{series.name:<12} {series.count:>4} × {tokens:<20} {series.purpose}"
    if plan.most_in_flight:
        yield f"{'ramp':<12} up to {plan.most_in_flight} streams at once, until the first refusal"
    yield (
        f"at most {cost.requests} requests, {cost.prompt_tokens} prompt tokens and"
        f" {cost.output_tokens} output tokens"
    )


def report_lines(report: JSON) -> Iterator[str]:
    """Describe a report for the terminal."""
    yield f"{report['target']} as {report['model']}"
    if report["cause"]:
        yield f"ended early: {report['cause']}"
    yield (
        f"{'series':<12} {'measured':>9} {'first p50':>10} {'p90':>8} {'p99':>8}"
        f" {'between':>8} {'p90':>8} {'p99':>8} {'tokens/s':>9} {'cached':>7}"
    )
    for row in report["series"]:
        yield _series_line(row)
    for row in report["empty_stops"]:
        below = "no upper bound" if row["to"] is None else f"below {row['to']:,}"
        share = format_share(row["share"])
        counts = f"{row['empty']} of {row['measured']}"
        yield f"empty stops at {row['from']:,} tokens and more, {below}: {counts}, {share}"
    yield describe_reads(report["reads"])
    if report["in_flight"]:
        highest = report["in_flight"]["highest"]
        yield f"streams at once: {highest}; {describe_in_flight(report['in_flight'])}"


def describe_in_flight(found: JSON) -> str:
    """Describe the end of a ramp."""
    return _ENDS[found["end"]].format(code=found["code"], reason=found["reason"])


def describe_reads(reads: JSON) -> str:
    """Describe the events a read."""
    if reads["one"] is None:
        return "no stream was read"
    shares = (
        f"{format_share(reads[name])} {word}"
        for name, word in (
            ("one", "one event"),
            ("two", "two"),
            ("three", "three"),
            ("more", "more"),
        )
    )
    inside = format_share(reads["inside_an_event"])
    return f"{reads['reads']} reads: {', '.join(shares)}; {inside} ended within an event"


def format_time(seconds: float | None) -> str:
    """Format a time with its unit; a dash for none."""
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def format_rate(rate: float | None) -> str:
    """Format a number of tokens a second; a dash for none."""
    return "–" if rate is None else f"{rate:.1f}"


def format_share(share: float | None) -> str:
    """Format a share in per cent; a dash for none."""
    return "–" if share is None else f"{share * 100:.1f} %"


def _series_line(row: JSON) -> str:
    first, between, rate = row["first"], row["between"], row["rate"]["p50"]
    times = (*first.values(), *between.values())
    cells = [format_time(time) for time in times]
    told = f"{row['measured']}/{row['sent']}"
    refused = "".join(f" {count} × {code}" for code, count in row["refused"].items())
    return (
        f"{row['name']:<12} {told:>9} {cells[0]:>10} {cells[1]:>8} {cells[2]:>8}"
        f" {cells[3]:>8} {cells[4]:>8} {cells[5]:>8} {format_rate(rate):>9}"
        f" {format_share(row['cached_share']):>7}{refused}"
    )
