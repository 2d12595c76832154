"""report.json: one document that every other form of the report is made of. Keys are only added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import asdict

from mockglm import __version__
from mockglm.conformance.catalogue import CATEGORIES, SET
from mockglm.conformance.cause import Cause
from mockglm.conformance.judging import Result
from mockglm.conformance.parts import Finding
from mockglm.conformance.probes import PROBES
from mockglm.conformance.report.advice import advise
from mockglm.conformance.report.excerpt import excerpt
from mockglm.conformance.report.repeat import curl
from mockglm.conformance.seen import Seen
from mockglm.redaction import Redactor

__all__ = ["SCHEMA", "clean", "document", "entry", "head", "summary"]

SCHEMA = "mockglm.report/1"

JSON = Mapping[str, Any]


def head(
    *,
    target: str,
    model: str,
    started: float,
    requests: int = 0,
    exchanges: int = 0,
    tokens: int = 0,
    cause: Cause | None = None,
    note: str = "",
    soak: JSON | None = None,
) -> dict[str, Any]:
    """What a report says of a run as a whole. `started` is in unix seconds."""
    return {
        "schema": SCHEMA,
        "tool": f"mockglm {__version__}",
        "set": SET,
        "started": started,
        "target": target,
        "model": model,
        "requests": requests,
        "exchanges": exchanges,
        "tokens": tokens,
        "cause": {**asdict(cause), "blocking": cause.is_blocking} if cause else None,
        "note": note,
        "soak": dict(soak or {}),
    }


def document(head: JSON, entries: Iterable[JSON]) -> dict[str, Any]:
    """The whole report: what is said of the run, then every check."""
    checks = list(entries)
    return {**head, "summary": summary(checks), "checks": checks}


def summary(entries: Iterable[JSON]) -> dict[str, int]:
    """How many checks have each verdict."""
    return dict(sorted(Counter(entry["verdict"] for entry in entries).items()))


def entry(result: Result, seen: Mapping[str, Seen], target: str) -> dict[str, Any]:
    """One check with its verdict and evidence, without any secret."""
    check = result.check
    findings = [_finding(finding, seen) for finding in result.findings]
    first = seen.get(result.findings[0].exchange) if result.findings else None
    return {
        "id": check.id,
        "level": check.level,
        "verdict": result.verdict,
        "requirement": check.title,
        "category": CATEGORIES[check.category],
        "cause": result.cause,
        "reason": result.reason,
        "probes": list(check.probes),
        "exchanges": list(result.exchanges),
        "sources": [str(source) for source in check.sources],
        "advice": advise(check.id) if findings else "",
        "repeat": _repeat(target, first) if first and target else "",
        "findings": findings,
    }


def _repeat(target: str, seen: Seen) -> str:
    probe = PROBES.get(seen.name)
    return curl(target, seen.request, probe.credential if probe else "key")


def _finding(finding: Finding, seen: Mapping[str, Seen]) -> dict[str, Any]:
    found = seen.get(finding.exchange)
    shown = excerpt(found, finding.at) if found and finding.at is not None else None
    return {
        "message": finding.message,
        "expected": finding.expected,
        "actual": finding.actual,
        "exchange": finding.exchange,
        "at": finding.at,
        "path": finding.path,
        "excerpt": {"text": shown.text, "column": shown.column} if shown else None,
    }


def clean(value: Any, redactor: Redactor) -> Any:
    """The document without any secret in its strings, and such that it can be written: half a
    character, which JSON allows and UTF-8 does not, is shown as an escape."""
    if isinstance(value, str):
        return redactor.text(value.encode(errors="backslashreplace").decode())
    if isinstance(value, dict):
        return {key: clean(inner, redactor) for key, inner in value.items()}
    if isinstance(value, list):
        return [clean(inner, redactor) for inner in value]
    return value
