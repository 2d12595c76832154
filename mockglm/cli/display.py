"""Progress and tables on a terminal, by rich; plain lines where the output is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

Step = Callable[[int, str], None]
"""Shows the number of finished steps, and a text on the current one."""


def is_terminal() -> bool:
    """True if standard output is a terminal."""
    return sys.stdout.isatty()


@contextmanager
def show_progress(total: int | None) -> Iterator[Step]:
    """Show a bar of `total` steps, None if unknown, on standard error until the block ends.

    Yields a function that moves it. Nothing is shown unless both outputs are terminals.
    """
    if not (is_terminal() and sys.stderr.isatty()):
        yield lambda done, text: None
        return
    # rich takes a tenth of a second to import, which only terminals pay.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeLeft(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)

        def show(done: int, text: str) -> None:
            progress.update(task, completed=done, description=text)

        yield show


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their column titles as a table that fits the terminal.

    Elsewhere each row is a line, its cells padded to their columns, without the titles.
    """
    if not is_terminal():
        for line in align_columns(rows):
            click.echo(line)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, title in enumerate(columns):
        is_last = position == len(columns) - 1
        table.add_column(title, no_wrap=not is_last, overflow="fold" if is_last else "ellipsis")
    for row in rows:
        # Text, for names and sentences are no markup.
        first, *others = row
        table.add_row(Text(first, style="cyan"), *map(Text, others))
    Console().print(table)


def align_columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Pad all columns but the last to their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*cells, row[-1]))
