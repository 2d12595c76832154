"""Reports of measurements side by side: a row for each figure, a column for each endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mockglm.errors import FileError, Problem
from mockglm.measurement.lines import format_rate, format_share, format_time
from mockglm.measurement.run import SCHEMA

Figures = dict[str, float | None]
Format = Callable[[float | None], str]

COMPARISON_SCHEMA = "mockglm.comparison/1"


class SeriesRow(Struct):
    """The figures of one series in a report."""

    name: str
    first: Figures
    between: Figures
    rate: Figures
    cached_share: float | None


class EmptyStopsRow(Struct, rename={"least": "from"}):
    """The share of empty stops of prompts of at least so many tokens."""

    least: int
    share: float


class RampRow(Struct):
    """The outcome of a ramp."""

    highest: int
    end: str
    code: str


class MeasurementReport(Struct):
    """The parts of a report that are compared."""

    target: str
    model: str
    series: list[SeriesRow]
    empty_stops: list[EmptyStopsRow]
    in_flight: RampRow | None

    def find(self, name: str) -> SeriesRow | None:
        return next((row for row in self.series if row.name == name), None)


class FigureRow(Struct, frozen=True):
    """A figure of every report: its values, and the same as texts with units."""

    name: str
    values: tuple[float | None, ...]
    texts: tuple[str, ...]


class _Schema(Struct):
    schema: str = ""


def load_measurements(paths: Sequence[Path]) -> list[MeasurementReport]:
    """Load the reports of measurements; none if no file is one.

    Raises FileError if only some of the files are such reports, or one is incomplete.
    """
    texts = [_read(path) for path in paths]
    if not any(map(_is_measurement, texts)):
        return []
    reports: list[MeasurementReport] = []
    problems: list[Problem] = []
    for path, text in zip(paths, texts, strict=True):
        try:
            if not _is_measurement(text):
                raise msgspec.ValidationError(f"another kind of file than {SCHEMA}")
            reports.append(msgspec.json.decode(text, type=MeasurementReport))
        except msgspec.ValidationError as error:
            problems.append(
                Problem(str(path), 1, 1, f"is not the report of a measurement: {error}")
            )
    if problems:
        raise FileError(problems)
    return reports


def compare_figures(reports: Sequence[MeasurementReport]) -> Iterator[FigureRow]:
    """Yield the figures, each with its value in each report."""
    ramps = [one.in_flight for one in reports]
    values = tuple(ramp.highest if ramp else None for ramp in ramps)
    yield FigureRow("streams at once", values, tuple(map(_describe_ramp, ramps)))
    for name in dict.fromkeys(row.name for one in reports for row in one.series):
        yield from _series_rows(name, [one.find(name) for one in reports])
    for size in sorted({row.least for one in reports for row in one.empty_stops}):
        shares = ({row.least: row.share for row in one.empty_stops}.get(size) for one in reports)
        yield _make_row(f"empty stops from {size:,} tokens", shares, format_share)


def comparison_lines(reports: Sequence[MeasurementReport]) -> Iterator[str]:
    """Yield a table in Markdown: a column for each report, a row for each figure."""
    yield f"| | {' | '.join(_cell(f'{one.target} {one.model}') for one in reports)} |"
    yield f"|---|{'---|' * len(reports)}"
    for row in compare_figures(reports):
        yield f"| {_cell(row.name)} | {' | '.join(map(_cell, row.texts))} |"


def describe_comparison(reports: Sequence[MeasurementReport]) -> dict[str, Any]:
    """The figures as JSON of the schema `mockglm.comparison/1`, which only gains keys.

    Times are seconds, rates tokens a second, shares from 0 to 1.
    """
    return {
        "schema": COMPARISON_SCHEMA,
        "reports": [{"target": one.target, "model": one.model} for one in reports],
        "figures": [
            {"name": row.name, "values": list(row.values)} for row in compare_figures(reports)
        ],
    }


def _series_rows(name: str, rows: Sequence[SeriesRow | None]) -> Iterator[FigureRow]:
    figures: tuple[tuple[str, str, Format], ...] = (
        ("first token", "first", format_time),
        ("between", "between", format_time),
        ("tokens/s", "rate", format_rate),
    )
    for title, key, form in figures:
        for share in ("p50", "p90", "p99"):
            values = (getattr(row, key).get(share) if row else None for row in rows)
            yield _make_row(f"{name}: {title} {share}", values, form)
    cached = (row.cached_share if row else None for row in rows)
    yield _make_row(f"{name}: cached share", cached, format_share)


def _make_row(name: str, values: Iterable[float | None], form: Format) -> FigureRow:
    found = tuple(values)
    return FigureRow(name, found, tuple(map(form, found)))


def _describe_ramp(ramp: RampRow | None) -> str:
    return f"{ramp.highest} ({ramp.code or ramp.end})" if ramp else "–"


def _read(path: Path) -> bytes:
    """The bytes of a file; none of one that cannot be read, which is reported elsewhere."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _is_measurement(text: bytes) -> bool:
    try:
        return msgspec.json.decode(text, type=_Schema).schema == SCHEMA
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _cell(text: str) -> str:
    """A text escaped for a cell of Markdown, where `<` begins markup and `|` the next cell."""
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "&#124;")
