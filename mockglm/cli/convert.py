"""`mockglm convert`: cassettes of other recorders made into this one's."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["convert"]

INCOMPLETE = 1


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--to",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the cassettes are written.",
)
def convert(sources: tuple[Path, ...], to: Path) -> None:
    """Convert the cassettes of vcrpy and go-vcr in SOURCES (files and folders)."""
    from mockglm.convert import convert as run

    done = run(sources, to)
    for path in done.written:
        click.echo(path)
    for problem in done.problems:
        click.echo(problem, err=True)
    sys.exit(INCOMPLETE if done.problems else 0)
