"""A line for each exchange, for people or for programs, on standard error."""

from __future__ import annotations

from collections.abc import Mapping

import click
import msgspec

from mockglm.app import Log
from mockglm.journal import Entry


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
        f"{entry.frames} frames" if entry.frames else "",
        "; ".join(entry.notes),
    )
    return "  ".join(filter(None, words))


def _text(entry: Entry) -> None:
    click.echo(line(entry), err=True)


def _json(entry: Entry) -> None:
    click.echo(msgspec.json.encode(entry.summary()).decode(), err=True)


def _none(entry: Entry) -> None:
    """Nothing is said."""


LOGS: Mapping[str, Log] = {"text": _text, "json": _json, "none": _none}

log_option = click.option(
    "--log",
    type=click.Choice(list(LOGS)),
    default="text",
    show_default=True,
    help="Log each request to standard error in this format.",
)
"""What `--log` can be."""


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}s"
