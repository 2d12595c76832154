"""The report as lines for a terminal: a check a line, a failure with all it takes to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any
from unicodedata import east_asian_width

from mockglm.conformance.judging import NEEDS_PROBE
from mockglm.conformance.report.marks import MARKS, STYLES, WORDS

__all__ = ["Line", "failure", "render", "totals"]

JSON = Mapping[str, Any]
Line = tuple[str, str]
"""A text and its style: a colour, `bold`, or nothing."""

_MOST = 3
"""Findings of one check that are shown in full."""


def render(report: JSON, *, details: bool = True) -> Iterator[Line]:
    """The whole report; without details where the failures are shown elsewhere."""
    yield f"GLM v4 conformance, {report['set']}", "bold"
    yield f"{report['target']} as {report['model']}", ""
    if report["note"]:
        yield report["note"], ""
    for category, checks in groupby(report["checks"], key=lambda check: check["category"]):
        shown = [check for check in checks if not _is_aside(check)]
        if shown:
            yield "", ""
            yield f"  {category}", "bold"
        for check in shown:
            yield from _check(check, details)
    yield from _aside(report, "not_testable")
    yield from _aside(report, "not_applicable")
    yield from _soak(report["soak"])
    yield "", ""
    yield from totals(report)


def totals(report: JSON) -> Iterator[Line]:
    """What it comes to, in one line, and the root cause before it where there is one."""
    cause = report["cause"]
    if cause:
        yield cause["message"], "red"
        yield cause["advice"], ""
    parts = (f"{count} {WORDS[verdict]}" for verdict, count in report["summary"].items())
    cost = f"{_count(report)}, {report['tokens']} output tokens"
    is_good = report["summary"].keys() <= {"pass", "not_applicable", "expected"}
    yield f"{', '.join(parts)}; {cost}", "green" if is_good else "bold"


def _count(report: JSON) -> str:
    if not report["requests"] and report["exchanges"]:
        return f"{report['exchanges']} recorded exchanges"
    return f"{report['requests']} requests"


def failure(check: JSON) -> Iterator[Line]:
    """What is known of a check that did not pass."""
    for finding in check["findings"][:_MOST]:
        yield from _finding(finding)
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


def _check(check: JSON, details: bool) -> Iterator[Line]:
    mark, style = MARKS[check["verdict"]], STYLES[check["verdict"]]
    tail = f" ({check['cause']})" if check["verdict"] == "not_exercised" else ""
    tail = f" (known: {check['reason']})" if check["verdict"] == "expected" else tail
    if check["verdict"] == "stale":
        tail = f" (passes now; take it out of the baseline: {check['reason']})"
    yield f"    {mark} {check['id']} {check['level']:6} {check['requirement']}{tail}", style
    is_shown = check["verdict"] in ("fail", "warn", "error") and details
    notes = check["level"] == "NOTE" and check["findings"]
    if is_shown or notes:
        for text, colour in failure(check) if is_shown else _notes(check):
            yield f"        {text}", colour


def _notes(check: JSON) -> Iterator[Line]:
    for finding in check["findings"][:_MOST]:
        yield f"note: {finding['message']}: {finding['actual']}", ""


def _finding(finding: JSON) -> Iterator[Line]:
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


def _is_aside(check: JSON) -> bool:
    """Whether a check had nothing to judge, for a reason that others share."""
    is_shared = check["cause"] == NEEDS_PROBE
    return bool(check["verdict"] == "not_testable" or is_shared)


def _aside(report: JSON, verdict: str) -> Iterator[Line]:
    """The checks of a verdict that had nothing to judge, gathered by their cause."""
    by_cause: dict[str, list[str]] = {}
    for check in report["checks"]:
        if check["verdict"] == verdict and _is_aside(check):
            by_cause.setdefault(_root(report, check), []).append(check["id"])
    if by_cause:
        yield "", ""
        yield f"  {WORDS[verdict]}", "bold"
    mark, style = MARKS[verdict], STYLES[verdict]
    for cause, ids in by_cause.items():
        yield f"    {mark} {_ids(ids)}: {cause}", style


def _root(report: JSON, check: JSON) -> str:
    cause = report["cause"]
    if cause and cause["message"] in check["cause"]:
        return "see below"
    return str(check["cause"])


def _ids(ids: Iterable[str]) -> str:
    listed = list(ids)
    if len(listed) <= _MOST:
        return ", ".join(listed)
    return f"{listed[0]}…{listed[-1]} ({len(listed)} checks)"


def _soak(soak: JSON) -> Iterator[Line]:
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


def _width(text: str) -> int:
    """Columns in a terminal, where a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
