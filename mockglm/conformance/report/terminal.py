"""The report and the plan as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any
from unicodedata import east_asian_width

from mockglm.conformance.plan import ProbePlan
from mockglm.conformance.report.marks import MARKS, STYLES, TITLES, WORDS
from mockglm.conformance.verdicts import NEEDS_PROBE

JSON = Mapping[str, Any]
Line = tuple[str, str]
"""A text and its style: a colour, `bold`, or nothing."""

_MOST = 3
"""Findings of one check that are shown in full."""


def report_lines(report: JSON, *, details: bool = True) -> Iterator[Line]:
    """The whole report; without details for failures that are shown elsewhere."""
    return ((printable(text), style) for text, style in _report_lines(report, details=details))


def printable(text: str) -> str:
    """The text with control characters escaped: an endpoint does not command the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def plan_lines(plan: ProbePlan) -> Iterator[Line]:
    """One line for each probe, then the most that the run costs."""
    width = max(18, *(len(probe.name) + 1 for probe in plan.probes), 0)
    yield f"{'probe':{width}}{'requests':>9}{'tokens':>8}  purpose", "bold"
    for probe in plan.probes:
        tokens = probe.token_ceiling(plan.capabilities)
        times = f"{probe.copies}" if probe.attempts == 1 else f"1 to {probe.attempts}"
        yield f"{probe.name:{width}}{times:>9}{tokens:>8}  {probe.purpose}", ""
    if plan.soak:
        yield f"{'soak':{width}}{plan.soak:>9}{'':8}  the stream, repeated", ""
    yield "a request refused with 429 is sent once more, within the limits", ""
    ceiling, limits = plan.ceiling, plan.limits
    yield f"at most {ceiling.requests} requests and {ceiling.tokens} output tokens", "bold"
    if ceiling.requests > limits.requests or ceiling.tokens > limits.tokens:
        text = f"more than the limits of {limits.requests} requests and {limits.tokens} tokens"
        yield f"{text}: the run would stop before the end", "red"


def total_lines(report: JSON) -> Iterator[Line]:
    """The number of checks by verdict in one line, after the root cause if there is one."""
    cause = report["cause"]
    if cause:
        yield cause["message"], "red"
        yield cause["advice"], ""
    parts = (f"{count} {WORDS[verdict]}" for verdict, count in report["summary"].items())
    cost = f"{_format_cost(report)}, {report['tokens']} output tokens"
    is_good = report["summary"].keys() <= {"pass", "not_applicable", "expected"}
    yield f"{', '.join(parts)}; {cost}", "green" if is_good else "bold"


def failure_lines(check: JSON) -> Iterator[Line]:
    """The findings of a check that did not pass, with source, command and advice."""
    for finding in check["findings"][:_MOST]:
        yield from _finding_lines(finding)
    more = len(check["findings"]) - _MOST
    if more > 0:
        yield f"and {more} more", ""
    if check["findings"]:
        yield f"source: {'; '.join(check['sources'])}", ""
        if check["repeat"]:
            yield f"repeat: {check['repeat']}", ""
        yield f"next:   {check['advice']}", ""
    if check["cause"]:
        yield check["cause"], ""


def _report_lines(report: JSON, *, details: bool) -> Iterator[Line]:
    yield f"{TITLES.get(report['set'], 'GLM')} conformance, {report['set']}", "bold"
    yield f"{report['target']} as {report['model']}", ""
    if report["note"]:
        yield report["note"], ""
    for category, checks in groupby(report["checks"], key=lambda check: check["category"]):
        shown = [check for check in checks if not _is_grouped(check)]
        if shown:
            yield "", ""
            yield f"  {category}", "bold"
        for check in shown:
            yield from _check_lines(check, details=details)
    yield from _grouped_lines(report, "not_testable")
    yield from _grouped_lines(report, "not_applicable")
    yield from _soak_lines(report["soak"])
    yield "", ""
    yield from total_lines(report)


def _check_lines(check: JSON, *, details: bool) -> Iterator[Line]:
    mark, style = MARKS[check["verdict"]], STYLES[check["verdict"]]
    tail = f" ({check['cause']})" if check["verdict"] == "not_exercised" else ""
    tail = f" (known: {check['reason']})" if check["verdict"] == "expected" else tail
    if check["verdict"] == "stale":
        tail = f" (passes now; remove it from the baseline: {check['reason']})"
    yield f"    {mark} {check['id']} {check['level']:6} {check['requirement']}{tail}", style
    is_shown = check["verdict"] in ("fail", "warn", "error") and details
    notes = check["level"] == "NOTE" and check["findings"]
    if is_shown or notes:
        for text, colour in failure_lines(check) if is_shown else _note_lines(check):
            yield f"        {text}", colour


def _note_lines(check: JSON) -> Iterator[Line]:
    for finding in check["findings"][:_MOST]:
        yield f"note: {finding['message']}: {finding['actual']}", ""


def _finding_lines(finding: JSON) -> Iterator[Line]:
    place = f", byte {finding['at']}" if finding["at"] is not None else ""
    path = f" at {finding['path']}" if finding["path"] else ""
    yield f"{finding['exchange']}{place}{path}: {finding['message']}", "red"
    excerpt = finding["excerpt"]
    if excerpt:
        yield excerpt["text"], ""
        yield " " * _width(excerpt["text"][: excerpt["column"]]) + "^", "red"
    for name in ("expected", "actual"):
        if finding[name] is not None:
            yield f"{name + ':':9} {finding[name]}", ""


def _is_grouped(check: JSON) -> bool:
    """True for a check that had nothing to judge, for a cause that it shares with others."""
    is_shared = check["cause"] == NEEDS_PROBE
    return bool(check["verdict"] == "not_testable" or is_shared)


def _grouped_lines(report: JSON, verdict: str) -> Iterator[Line]:
    """The checks of a verdict that had nothing to judge, grouped by their cause."""
    by_cause: dict[str, list[str]] = {}
    for check in report["checks"]:
        if check["verdict"] == verdict and _is_grouped(check):
            by_cause.setdefault(_shown_cause(report, check), []).append(check["id"])
    if by_cause:
        yield "", ""
        yield f"  {WORDS[verdict]}", "bold"
    mark, style = MARKS[verdict], STYLES[verdict]
    for cause, ids in by_cause.items():
        yield f"    {mark} {_format_ids(ids)}: {cause}", style


def _shown_cause(report: JSON, check: JSON) -> str:
    cause = report["cause"]
    if cause and cause["message"] in check["cause"]:
        return "see below"
    return str(check["cause"])


def _format_ids(ids: Iterable[str]) -> str:
    listed = list(ids)
    if len(listed) <= _MOST:
        return ", ".join(listed)
    return f"{listed[0]}…{listed[-1]} ({len(listed)} checks)"


def _soak_lines(soak: JSON) -> Iterator[Line]:
    if not soak:
        return
    yield "", ""
    yield f"  soak: {soak['count']} streams of {soak['sent']} requests", "bold"
    for row in soak["rates"]:
        low, high = row["interval"]
        rate = f"{row['failed']} of {row['judged']} ({low:.1%} to {high:.1%})"
        yield f"    {row['id']} failed in {rate}", "yellow"
    if soak["count"] and not soak["rates"]:
        yield "    nothing failed in any", "green"


def _format_cost(report: JSON) -> str:
    if not report["requests"] and report["exchanges"]:
        return f"{report['exchanges']} recorded exchanges"
    return f"{report['requests']} requests"


def _width(text: str) -> int:
    """Columns of a text in a terminal; a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
