"""`mockglm convert`: cassettes of other recorders, and saved bodies, made into this one's."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["convert_command"]

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
@click.option("--dry-run", "is_dry", is_flag=True, help="Say what would be written, and do not.")
def convert_command(sources: tuple[Path, ...], to: Path, is_dry: bool) -> None:
    """Convert the cassettes of vcrpy and go-vcr in SOURCES (files and folders), and the bodies that
    `curl -N` or `curl -i` saved there (.sse, .json; .txt if it is named)."""
    from mockglm.convert import convert as run

    done = run(sources, to, is_dry=is_dry)
    for path in done.written:
        click.echo(f"{path} would be written{' over' * path.exists()}" if is_dry else path)
    for problem in done.problems:
        click.echo(problem, err=True)
    sys.exit(INCOMPLETE if done.problems else 0)
