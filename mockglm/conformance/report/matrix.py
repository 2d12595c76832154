"""Several reports side by side: a row for each check, a column for each endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mockglm.conformance.report.document import SCHEMA
from mockglm.conformance.report.marks import MARKS, WORDS
from mockglm.conformance.report.page import load_template, page_parts
from mockglm.errors import FileError, Problem

JSON = Mapping[str, Any]
MATRIX_SCHEMA = "mockglm.matrix/1"

_CHECK = {"id": str, "level": str, "verdict": str, "requirement": str}
_HEAD = {"schema": str, "target": str, "model": str, "checks": list}
_UNKNOWN = "¿"
"""The mark of a verdict that is unknown to this version."""


def load_reports(paths: Sequence[Path]) -> list[JSON]:
    """The reports of report.json files. Raises FileError with every file that is not a report."""
    reports: list[JSON] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            reports.append(_load(path))
        except FileError as error:
            problems += error.problems
    if problems:
        raise FileError(problems)
    return reports


def matrix_lines(reports: Sequence[JSON]) -> Iterator[str]:
    """A table in Markdown; checks that pass everywhere are counted in one line at the end."""
    names = (_cell(f"{report['target']} {report['model']}") for report in reports)
    yield f"| | | {' | '.join(names)} |"
    yield f"|---|---|{'---|' * len(reports)}"
    for check, marks in list_rows(reports):
        name = f"{_cell(check['id'])} {_cell(check['level'])}"
        yield f"| {name} | {_cell(check['requirement'])} | {' | '.join(marks)} |"
    yield ""
    yield f"{count_equal(reports)} more checks passed everywhere."
    yield ""
    yield ", ".join(f"{mark} {WORDS[verdict]}" for verdict, mark in MARKS.items())


def list_rows(reports: Sequence[JSON]) -> list[tuple[JSON, list[str]]]:
    """The checks that do not pass everywhere, each with a mark for each report."""
    rows, _ = compare_reports(reports)
    return [(check, [MARKS.get(verdict, _UNKNOWN) for verdict in row]) for check, row in rows]


def count_equal(reports: Sequence[JSON]) -> int:
    """The number of checks that pass everywhere."""
    return compare_reports(reports)[1]


def describe_matrix(reports: Sequence[JSON]) -> JSON:
    """The verdicts as JSON of the schema `mockglm.matrix/1`, which only gains keys.

    Every check has a verdict for each report, in their order; those that pass everywhere, too.
    """
    return {
        "schema": MATRIX_SCHEMA,
        "reports": [{"target": one["target"], "model": one["model"]} for one in reports],
        "checks": [
            {**{key: check[key] for key in ("id", "level", "requirement")}, "verdicts": row}
            for check, row in _find_verdicts(reports)
        ],
    }


def render_matrix(reports: Sequence[JSON]) -> str:
    """The same table as a page that needs no network."""
    rows, same = compare_reports(reports)
    return load_template("matrix.html").render(
        **page_parts("settings.js"),
        reports=reports,
        rows=rows,
        same=same,
        marks=MARKS,
        words=WORDS,
        unknown=_UNKNOWN,
    )


def compare_reports(reports: Sequence[JSON]) -> tuple[list[tuple[JSON, list[str]]], int]:
    """Compare reports: each check with a verdict of each report, and the number of the others.

    The others are those that pass everywhere.
    """
    rows = _find_verdicts(reports)
    different = [(check, row) for check, row in rows if set(row) != {"pass"}]
    return different, len(rows) - len(different)


def _find_verdicts(reports: Sequence[JSON]) -> list[tuple[JSON, list[str]]]:
    """Each check with a verdict of each report."""
    verdicts = [{c["id"]: c["verdict"] for c in report["checks"]} for report in reports]
    checks = {c["id"]: c for report in reports for c in report["checks"]}
    return [
        (check, [found.get(id, "not_applicable") for found in verdicts])
        for id, check in checks.items()
    ]


def _load(path: Path) -> JSON:
    """The report of a file. Raises FileError."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _wrong(path, f"cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise _wrong(path, error.msg, line=error.lineno, column=error.colno) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise _wrong(path, f"is not JSON: {error}") from error
    if not _has(report, _HEAD) or report["schema"] != SCHEMA:
        raise _wrong(path, f"is not a report ({SCHEMA})")
    if not all(_has(check, _CHECK) for check in report["checks"]):
        raise _wrong(path, "is a report with incomplete checks")
    found: JSON = report
    return found


def _has(value: Any, keys: Mapping[str, type]) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(k), t) for k, t in keys.items())


def _wrong(path: Path, text: str, *, line: int = 1, column: int = 1) -> FileError:
    return FileError([Problem(str(path), line, column, text)])


def _cell(text: str) -> str:
    """A text escaped for a cell of Markdown, where `<` begins markup and `|` the next cell."""
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "&#124;")
