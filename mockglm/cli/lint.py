"""`mockglm lint`: what is wrong with files, before anybody relies on them."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

__all__ = ["lint"]

FOUND = 1


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--max-age",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="How old a recording may be.",
)
def lint(paths: tuple[Path, ...], max_age: float | None) -> None:
    """Look through the scenarios and cassettes in PATHS: valid, without keys, not stale, not
    empty, nothing twice."""
    from mockglm.lint import Limits
    from mockglm.lint import lint as run
    from mockglm.recorder import find

    key = find(os.environ, Path.cwd())
    limits = Limits(now=time.time(), days=max_age, secrets=(key,) if key else ())
    problems = run(paths, limits)
    for problem in problems:
        click.echo(problem)
    sys.exit(FOUND if problems else 0)
