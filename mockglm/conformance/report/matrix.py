"""Several reports side by side: a line a check, a column an endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mockglm.conformance.report.document import SCHEMA
from mockglm.errors import FileError, Problem

__all__ = ["load", "matrix"]

JSON = Mapping[str, Any]

MARKS: Mapping[str, str] = {
    "pass": "✓",
    "fail": "✗",
    "warn": "!",
    "not_testable": "–",
    "not_exercised": "○",
    "not_applicable": "·",
    "expected": "x",
    "stale": "✗",
}


def load(paths: Sequence[Path]) -> list[JSON]:
    """The reports of report.json files. Raises FileError with each that is none."""
    reports, problems = [], []
    for path in paths:
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            problems.append(Problem(str(path), 1, 1, f"cannot be read: {error.strerror}"))
            continue
        except json.JSONDecodeError as error:
            problems.append(Problem(str(path), error.lineno, error.colno, error.msg))
            continue
        if not isinstance(report, dict) or report.get("schema") != SCHEMA:
            problems.append(Problem(str(path), 1, 1, f"is no report ({SCHEMA})"))
        reports.append(report)
    if problems:
        raise FileError(problems)
    return reports


def matrix(reports: Sequence[JSON]) -> Iterator[str]:
    """The lines of the table, in Markdown; what is the same everywhere is one line at the end."""
    verdicts = [{c["id"]: c["verdict"] for c in report["checks"]} for report in reports]
    checks = {c["id"]: c for report in reports for c in report["checks"]}
    names = (f"{report['target']} {report['model']}" for report in reports)
    yield f"| | | {' | '.join(names)} |"
    yield f"|---|---|{'---|' * len(reports)}"
    same = 0
    for id, check in checks.items():
        row = [found.get(id, "not_applicable") for found in verdicts]
        if set(row) == {"pass"}:
            same += 1
            continue
        marks = " | ".join(MARKS[verdict] for verdict in row)
        yield f"| {id} {check['level']} | {check['requirement']} | {marks} |"
    yield ""
    yield f"{same} more checks passed everywhere."
    yield "✓ passed, ✗ failed, ! warned, – not testable, ○ not exercised, · not applicable"
