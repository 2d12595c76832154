"""`mockglm convert` makes cassettes from those of other recorders and from saved bodies."""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from mockglm.cli.display import show_progress
from mockglm.cli.options import examples, json_option

if TYPE_CHECKING:
    from mockglm.convert import Converted

INCOMPLETE = 1


@click.command(
    epilog=examples(
        "mockglm convert tests/cassettes --to cassettes --dry-run",
        "mockglm convert session.har saved.sse --to scenarios",
        "mockglm convert cassettes/ --as har --to exported",
    ),
)
@click.argument(
    "sources",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="SOURCE...",
)
@click.option(
    "--to",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the cassettes to this folder.",
)
@click.option(
    "--as",
    "kind",
    type=click.Choice(["cassette", "har", "curl", "pytest"]),
    default="cassette",
    show_default=True,
    help="Make cassettes of files of other tools; or make HAR files, curl commands or pytest tests "
    "of cassettes.",
)
@click.option("--dry-run", "is_dry", is_flag=True, help="List the files, and write none.")
@json_option
def convert_command(
    *, sources: tuple[Path, ...], to: Path, kind: str, is_dry: bool, as_json: bool
) -> None:
    """Convert recordings of other tools. A SOURCE is a file or a folder: cassettes of vcrpy,
    go-vcr, betamax and nock; HAR files of browsers, mitmproxy and Polly.js; fixtures of aimock; and
    bodies saved by `curl -N` or `curl -i` (.sse and .json; .txt only as a file). Standard error
    names what was approximated or left out.

    Exits with 1 if a recording could not be converted, which is listed on standard error."""
    from mockglm.convert import convert as run

    numbers = count()
    with show_progress(None) as step:
        done = run(
            sources,
            to,
            kind=kind,
            is_dry=is_dry,
            on_file=lambda path: step(next(numbers), str(path)),
        )
    if as_json:
        click.echo(_render_json(done))
        sys.exit(INCOMPLETE if done.problems else 0)
    for path in done.written:
        click.echo(f"{path} would be written{' over' * path.exists()}" if is_dry else path)
        for note in done.notes.get(path, ()):
            click.echo(f"{path}: {note}", err=True)
    for problem in done.problems:
        click.echo(problem, err=True)
    sys.exit(INCOMPLETE if done.problems else 0)


def _render_json(done: Converted) -> str:
    """The files and problems as JSON of the schema `mockglm.convert/1`, which only gains keys."""
    written = [
        {"path": str(path), "notes": list(done.notes.get(path, ()))} for path in done.written
    ]
    problems = [asdict(problem) for problem in done.problems]
    found = {"schema": "mockglm.convert/1", "written": written, "problems": problems}
    return json.dumps(found, ensure_ascii=False, indent=2)
