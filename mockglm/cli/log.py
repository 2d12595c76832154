"""The log of exchanges on standard error, as text or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from mockglm.journal import Entry

INTERVAL = 0.02
"""Seconds in which lines are collected; writing each alone takes a quarter of a request's time."""


def format_line(entry: Entry) -> str:
    """Format an exchange as a line: request, source, status, times, frames and notes."""
    status = str(entry.response.status) if entry.response else "-"
    result = " ".join(filter(None, (status, entry.code, entry.finish)))
    parts = (
        f"{entry.request.method} {entry.request.path}",
        entry.model,
        entry.source,
        result,
        "" if entry.outcome == "done" else entry.outcome,
        f"{_format_seconds(entry.first)} {_format_seconds(entry.total)}",
        _format_frames(entry.frames),
        "; ".join(entry.notes),
    )
    return "  ".join(filter(None, parts))


def _format_json(entry: Entry) -> str:
    return msgspec.json.encode(entry.summary()).decode()


LOGS: Mapping[str, Callable[[Entry], str] | None] = {
    "text": format_line,
    "json": _format_json,
    "none": None,
}
"""The values of `--log`, each with its function; None writes nothing."""


log_option = click.option(
    "--log",
    type=click.Choice(list(LOGS)),
    default="text",
    show_default=True,
    help="Log each request to standard error in this format.",
)


class LogWriter:
    """Writes exchanges to standard error; the lines of 20 ms are written together.

    Call it with an entry in a running loop. `flush` writes collected lines at once.
    """

    def __init__(self, render: Callable[[Entry], str]) -> None:
        self._render = render
        self._lines: list[str] = []

    def __call__(self, entry: Entry) -> None:
        if not self._lines:
            import asyncio

            asyncio.get_running_loop().call_later(INTERVAL, self.flush)
        self._lines.append(self._render(entry))

    def flush(self) -> None:
        if self._lines:
            text = "\n".join(self._lines)
            self._lines.clear()
            click.echo(text, err=True)


@contextmanager
def open_log(name: str) -> Iterator[LogWriter | None]:
    """Yield the log for a value of `--log`, None for `none`; write its last lines at the end."""
    render = LOGS[name]
    if render is None:
        yield None
        return
    writer = LogWriter(render)
    try:
        yield writer
    finally:
        writer.flush()


def _format_frames(count: int) -> str:
    return "" if not count else "1 frame" if count == 1 else f"{count} frames"


def warn(line: str) -> None:
    """Write a line to standard error."""
    click.echo(line, err=True)


def _format_seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}s"
