"""Progress and tables on a terminal, by rich; plain lines where the output is no terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from mockglm.scenarios import FileListener

Step = Callable[[int, str], None]
"""Shows the number of finished steps, and a text on the current one."""

LOADING_DELAY = 0.5
"""Seconds of loading before its progress is shown."""


def is_terminal() -> bool:
    """True if standard output is a terminal."""
    return sys.stdout.isatty()


@contextmanager
def show_progress(total: int | None) -> Iterator[Step]:
    """Show a bar of `total` steps, None if unknown, on standard error until the block ends.

    Yields a function that moves it. Nothing is shown unless both outputs are terminals.
    """
    if not _has_progress():
        yield lambda done, text: None
        return
    with _make_progress() as progress:
        task = progress.add_task("", total=total)

        def show(done: int, text: str) -> None:
            progress.update(task, completed=done, description=text)

        yield show


@contextmanager
def show_loading(*, is_quiet: bool = False) -> Iterator[FileListener]:
    """Show a bar of the files that are read, if that takes longer than LOADING_DELAY.

    Yields a function that moves it. Nothing is shown unless both outputs are terminals.
    """
    if is_quiet or not _has_progress():
        yield lambda path, done, total: None
        return
    bar = _LoadingBar()
    # A thread shows it, for one large file alone may take long.
    timer = Timer(LOADING_DELAY, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar.move
    finally:
        timer.cancel()
        timer.join()
        bar.close()


class _LoadingBar:
    """A bar that may be moved before it is shown."""

    def __init__(self) -> None:
        self._at: tuple[Path, int, int] | None = None
        self._progress: Progress | None = None

    def move(self, path: Path, done: int, total: int) -> None:
        self._at = path, done, total
        if self._progress:
            self._update(self._progress)

    def show(self) -> None:
        progress = _make_progress()
        progress.add_task("", total=None)
        self._progress = progress
        self._update(progress)
        progress.start()

    def close(self) -> None:
        if self._progress:
            self._progress.stop()

    def _update(self, progress: Progress) -> None:
        if self._at:
            path, done, total = self._at
            task = progress.task_ids[0]
            progress.update(task, completed=done, total=total, description=f"loading {path}")


def _has_progress() -> bool:
    return is_terminal() and sys.stderr.isatty()


def _make_progress() -> Progress:
    # rich takes a tenth of a second to import, which only terminals pay.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft
    from rich.table import Column

    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
        ),
        TimeLeft(),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True, expand=True)


def print_line(text: str, style: str) -> None:
    """Print a line in a colour, or `bold`, on a terminal; an empty style is none."""
    # As pytest does, and https://no-color.org.
    is_colored = False if os.environ.get("NO_COLOR") else None
    color, is_bold = (None, True) if style == "bold" else (style or None, None)
    click.echo(click.style(text, fg=color, bold=is_bold), color=is_colored)


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    styles: Mapping[str, str] | None = None,
) -> None:
    """Print rows under their column titles as a table that fits the terminal.

    `styles` has the colours of cells by their text. Elsewhere each row is a line, its cells padded
    to their columns, without the titles.
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
        cells = (Text(cell, style=(styles or {}).get(cell, "")) for cell in others)
        table.add_row(Text(first, style="cyan"), *cells)
    Console().print(table)


def align_columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Pad all columns but the last to their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*cells, row[-1]))
