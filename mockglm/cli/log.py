"""A line for each exchange, for people or for programs, on standard error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import click
import msgspec

from mockglm.journal import Entry

INTERVAL = 0.02
"""Seconds in which lines are collected: to write each alone takes a quarter of a request's time."""


def line(entry: Entry) -> str:
    """An exchange in one line: what was asked, what answered, how it ended, how long it took."""
    status = str(entry.response.status) if entry.response else "-"
    ended = " ".join(filter(None, (status, entry.code, entry.finish)))
    words = (
        f"{entry.request.method} {entry.request.path}",
        entry.model,
        entry.source,
        ended,
        "" if entry.outcome == "done" else entry.outcome,
        f"{_seconds(entry.first)} {_seconds(entry.total)}",
        _frames(entry.frames),
        "; ".join(entry.notes),
    )
    return "  ".join(filter(None, words))


def _json(entry: Entry) -> str:
    return msgspec.json.encode(entry.summary()).decode()


LOGS: Mapping[str, Callable[[Entry], str] | None] = {"text": line, "json": _json, "none": None}
"""The values of `--log`, and how each renders an exchange."""


log_option = click.option(
    "--log",
    type=click.Choice(list(LOGS)),
    default="text",
    show_default=True,
    help="Log each request to standard error in this format.",
)


class LogWriter:
    """Writes the lines of exchanges to standard error, those of 20 ms together.

    It is called with each entry in a running loop; `flush` writes what has been collected.
    """

    def __init__(self, name: str) -> None:
        self._render = LOGS[name]
        self._lines: list[str] = []

    def __call__(self, entry: Entry) -> None:
        if self._render is None:
            return
        if not self._lines:
            asyncio.get_running_loop().call_later(INTERVAL, self.flush)
        self._lines.append(self._render(entry))

    def flush(self) -> None:
        if self._lines:
            text = "\n".join(self._lines)
            self._lines.clear()
            click.echo(text, err=True)


def _frames(count: int) -> str:
    return "" if not count else "1 frame" if count == 1 else f"{count} frames"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}s"
