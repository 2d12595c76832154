"""The verbs about files: what is shipped, which interaction answers, what may be written."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from mockglm.errors import UsageError, nearest
from mockglm.exchange import Request
from mockglm.faults import CATALOGUE
from mockglm.scenarios import build_json_schema as file_schema
from mockglm.scenarios import load, load_all, shipped_scenarios
from mockglm.server import Sessions, Settings, explain

__all__ = ["explain_command", "faults_command", "scenarios_command", "schema_command"]

CHAT = "/chat/completions"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.option("--copy", metavar="NAME", help="Copy one here, to start your own from.")
def scenarios_command(as_json: bool, copy: str | None) -> None:
    """List the scenarios that come with mockglm; each plays at /s/NAME/api/paas/v4."""
    if copy is not None:
        click.echo(f"copied to {_copy(copy)}")
        return
    found = [load(path) for path in shipped_scenarios().values()]
    rows = [{"name": one.name, "about": one.about, "path": one.path} for one in found]
    _show(rows, ("name", "about"), as_json=as_json)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def faults_command(as_json: bool) -> None:
    """List the faults that can be laid over any answer, by `fault:` or in the URL."""
    rows = [
        {
            "name": fault.name,
            "kind": fault.kind,
            "about": fault.about,
            "breaks": fault.breaks,
            "caught_by": fault.caught_by or "",
            "seen": list(fault.links),
            "options": {name: option.about for name, option in fault.options.items()},
        }
        for fault in CATALOGUE.values()
    ]
    _show(rows, ("name", "kind", "about"), as_json=as_json)


@click.command()
def schema_command() -> None:
    """Print the JSON Schema of scenario and cassette files."""
    click.echo(json.dumps(file_schema(), ensure_ascii=False, indent=2))


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--request",
    "file",
    required=True,
    type=click.File("rb"),
    help="The body of a chat request as JSON; - is standard input.",
)
@click.option("--path", default=CHAT, show_default=True, help="The path it is sent to.")
@click.option("--lenient", is_flag=True, help="Do not hold it against the rules.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="A header it is sent with. Without Authorization it is asked with a key that is let in.",
)
def explain_command(
    paths: tuple[Path, ...], file: Any, path: str, lenient: bool, headers: tuple[str, ...]
) -> None:
    """Say which interaction in PATHS answers a request, and why the others do not."""
    settings = Settings(policy="lenient" if lenient else "default", on_miss="error")
    session = Sessions(settings, load_all(paths)).get()
    key = min(session.keys or {"explain"})
    sent = (*map(_header, headers), ("authorization", f"Bearer {key}"))
    request = Request("POST", path, headers=sent, body=file.read())
    lines, is_answered = explain(session, request)
    click.echo("\n".join(lines))
    sys.exit(0 if is_answered else 1)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise UsageError(f"{line!r} is no header; write 'NAME: VALUE'")
    return name.strip().lower(), value.strip()


def _copy(name: str) -> Path:
    paths = shipped_scenarios()
    if name not in paths:
        near = nearest(name, paths)
        hint = f"did you mean {near}?" if near else "`mockglm scenarios` lists them"
        raise UsageError(f"no scenario is called {name!r}; {hint}")
    target = Path(paths[name].name)
    if target.exists():
        raise UsageError(f"{target} is here already")
    target.write_bytes(paths[name].read_bytes())
    return target


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for line in _table([[str(row[column]) for column in columns] for row in rows]):
        click.echo(line)


def _table(rows: list[list[str]]) -> Iterable[str]:
    """Rows in columns as wide as they need, the last one as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*cells, row[-1]))
