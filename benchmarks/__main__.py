"""Run the benchmarks: `python -m benchmarks [CASE…]`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import click

from benchmarks import cases, recording
from benchmarks.cases import QUICK, Size
from benchmarks.commands import commands
from benchmarks.decisions import decisions
from benchmarks.figures import Figure, table
from benchmarks.fixture import fixture
from benchmarks.inspected import inspected
from benchmarks.instructions import instructions
from benchmarks.load import Load
from benchmarks.neutral import neutral
from benchmarks.page import describe_machine, render_page
from benchmarks.peer import peer
from benchmarks.soak import soak

__all__ = ["main", "measure"]

Case = Callable[[Load, Size], Iterator[Figure]]

CASES: Mapping[str, Case] = {
    "instructions": instructions,
    "plain": cases.plain,
    "stream": cases.stream,
    "surfaces": cases.surfaces,
    "paced": cases.paced,
    "memory": cases.memory,
    "crowd": cases.crowd,
    "loaded": cases.loaded,
    "start": cases.start,
    "replayed": recording.replayed,
    "recorded-plain": recording.recorded_plain,
    "recorded": recording.recorded,
    "filled": recording.filled,
    "fixture": fixture,
    "commands": commands,
    "aimock": peer,
    "wrk": neutral,
    "soak": soak,
    "inspected": inspected,
    "decisions": decisions,
}

QUICKEST = ("plain", "stream", "crowd")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(CASES)), metavar="[CASE]…")
@click.option("--quick", is_flag=True, help="Little of everything: for correctness, not figures.")
@click.option("--runs", type=click.IntRange(min=1), help="Runs of each server in a case.")
@click.option("--soak", type=float, metavar="SECONDS", help="How long the soak takes.")
@click.option("--page", type=click.Path(path_type=Path), help="Write docs/performance.md there.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures there.")
def main(
    names: Sequence[str],
    quick: bool,
    runs: int | None,
    soak: float | None,
    page: Path | None,
    file: Path | None,
) -> None:
    """Measure mockglm against its yardsticks and print a table.

    CASE is one or more of instructions, plain, stream, surfaces, paced, memory, crowd, loaded,
    start, replayed, recorded-plain, recorded, filled, fixture, commands, aimock, wrk, soak,
    inspected, decisions; with none, all of them.
    """
    before = os.getloadavg()[0]
    size = QUICK if quick else Size()
    size = replace(size, runs=runs or size.runs, soak=soak or size.soak)
    figures = measure(names or (QUICKEST if quick else tuple(CASES)), size)
    machine = describe_machine(before)
    click.echo(f"\n{machine}\n\n{table(figures)}")
    if page:
        page.write_text(render_page(figures, machine, names), encoding="utf-8")
    if file:
        rows = [{**asdict(figure), "verdict": figure.verdict} for figure in figures]
        file.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


def measure(names: Sequence[str], size: Size) -> list[Figure]:
    """The figures of these cases; each is told on standard error when it is there."""
    figures: list[Figure] = []
    with Load() as load:
        for name in names:
            for figure in CASES[name](load, size):
                click.echo("  ".join(filter(None, figure.row())), err=True)
                figures.append(figure)
    return figures


if __name__ == "__main__":
    sys.exit(main())
