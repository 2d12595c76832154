"""report.json: the document that every other form of the report is made of. Keys are only added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import asdict

from mockglm import __version__
from mockglm.conformance.abort_reasons import AbortReason
from mockglm.conformance.json_path import CheckFinding
from mockglm.conformance.probes import PROBES
from mockglm.conformance.registry import CATEGORIES, SET
from mockglm.conformance.report.advice import advise
from mockglm.conformance.report.exchanges import curl_command, quote_body
from mockglm.conformance.verdicts import CheckResult
from mockglm.conformance.view import ExchangeView
from mockglm.redaction import Redactor

SCHEMA = "mockglm.report/1"

JSON = Mapping[str, Any]


def make_head(
    *,
    target: str,
    model: str,
    started: float,
    requests: int = 0,
    exchanges: int = 0,
    tokens: int = 0,
    cause: AbortReason | None = None,
    note: str = "",
    soak: JSON | None = None,
    check_set: str = SET,
) -> dict[str, Any]:
    """The part of a report about the run as a whole. `started` is in unix seconds."""
    return {
        "schema": SCHEMA,
        "tool": f"mockglm {__version__}",
        "set": check_set,
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


def make_entry(
    result: CheckResult, views: Mapping[str, ExchangeView], target: str
) -> dict[str, Any]:
    """One check with its verdict and evidence."""
    check = result.check
    first = views.get(result.findings[0].exchange) if result.findings else None
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
        "advice": advise(check.id) if result.findings else "",
        "repeat": _repeat(target, first) if first and target else "",
        "findings": [_finding(finding, views) for finding in result.findings],
    }


def make_document(head: JSON, entries: Iterable[JSON]) -> dict[str, Any]:
    """The whole report: the run, then every check."""
    checks = list(entries)
    return {**head, "summary": count_verdicts(checks), "checks": checks}


def count_verdicts(entries: Iterable[JSON]) -> dict[str, int]:
    """The number of checks with each verdict."""
    return dict(sorted(Counter(entry["verdict"] for entry in entries).items()))


def redact_document(value: Any, redactor: Redactor) -> Any:
    """The document without secrets in its strings, and with half characters escaped.

    JSON allows the escape of one half of a surrogate pair, UTF-8 has no bytes for it.
    """
    if isinstance(value, str):
        return redactor.text(value.encode(errors="backslashreplace").decode())
    if isinstance(value, dict):
        return {key: redact_document(inner, redactor) for key, inner in value.items()}
    if isinstance(value, list):
        return [redact_document(inner, redactor) for inner in value]
    return value


def _repeat(target: str, view: ExchangeView) -> str:
    probe = PROBES.get(view.name)
    return curl_command(target, view.request, probe.credential if probe else "key")


def _finding(finding: CheckFinding, views: Mapping[str, ExchangeView]) -> dict[str, Any]:
    view = views.get(finding.exchange)
    excerpt = quote_body(view, finding.at) if view and finding.at is not None else None
    return {
        "message": finding.message,
        "expected": finding.expected,
        "actual": finding.actual,
        "exchange": finding.exchange,
        "at": finding.at,
        "path": finding.path,
        "excerpt": {"text": excerpt.text, "column": excerpt.column} if excerpt else None,
    }
