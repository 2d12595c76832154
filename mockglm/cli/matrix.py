"""`mockglm matrix` compares reports of `mockglm check` or `mockglm measure`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from mockglm.cli.display import is_terminal, print_table
from mockglm.cli.options import examples, json_option
from mockglm.conformance.report.marks import MARKS, STYLES, WORDS
from mockglm.conformance.report.matrix import (
    JSON,
    count_equal,
    describe_matrix,
    list_rows,
    load_reports,
    matrix_lines,
    render_matrix,
)
from mockglm.conformance.report.terminal import printable
from mockglm.errors import UsageError
from mockglm.measurement.comparison import (
    MeasurementReport,
    compare_figures,
    comparison_lines,
    describe_comparison,
    load_measurements,
)


@click.command(
    epilog=examples(
        "mockglm matrix gateway/report.json service/report.json",
        "mockglm matrix gateway/report.json service/report.json >matrix.md",
    ),
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the table of checks as a page into this file instead.",
)
@json_option
def matrix_command(files: tuple[Path, ...], *, page: Path | None, as_json: bool) -> None:
    """Compare reports of `mockglm check`, or those of `mockglm measure`, in a table: a FILE is a
    report.json. Where the output is no terminal, the table is Markdown."""
    if page is not None and as_json:
        raise UsageError("--html and --json exclude each other")
    measured = [] if page else load_measurements(files)
    reports = [] if measured else load_reports(files)
    if page is not None:
        page.write_text(render_matrix(reports), "utf-8")
    elif as_json:
        found = describe_comparison(measured) if measured else describe_matrix(reports)
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif is_terminal():
        _print_figures(measured) if measured else _print_checks(reports)
    else:
        for line in comparison_lines(measured) if measured else matrix_lines(reports):
            click.echo(line)


def _print_checks(reports: Sequence[JSON]) -> None:
    """Print the checks on a terminal: the reports have numbers, for their URLs are long."""
    columns = ("check", "level", *_print_numbers(reports), "requirement")
    rows = [
        [check["id"], check["level"], *marks, printable(check["requirement"])]
        for check, marks in list_rows(reports)
    ]
    print_table(columns, rows, styles={MARKS[verdict]: STYLES[verdict] for verdict in MARKS})
    click.echo(f"{count_equal(reports)} more checks passed everywhere.")
    shown = {mark for _, marks in list_rows(reports) for mark in marks}
    click.echo(", ".join(f"{mark} {WORDS[name]}" for name, mark in MARKS.items() if mark in shown))


def _print_figures(reports: Sequence[MeasurementReport]) -> None:
    numbers = _print_numbers([{"target": one.target, "model": one.model} for one in reports])
    rows = [[printable(row.name), *row.texts] for row in compare_figures(reports)]
    print_table(("figure", *numbers), rows)


def _print_numbers(reports: Sequence[JSON]) -> list[str]:
    """Print a number for each report, and return the numbers."""
    for number, report in enumerate(reports, 1):
        click.echo(printable(f"{number}  {report['target']} {report['model']}"))
    click.echo()
    return [str(number) for number in range(1, len(reports) + 1)]
