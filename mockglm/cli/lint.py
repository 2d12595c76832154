"""`mockglm lint`: what is wrong with files, before anybody relies on them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import click
from msgspec.structs import asdict

from mockglm.errors import Problem

__all__ = ["lint_command"]

FOUND = 1


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--max-age",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="How old a recording may be.",
)
@click.option("--json", "as_json", is_flag=True, help="Say it in JSON.")
def lint_command(paths: tuple[Path, ...], max_age: float | None, as_json: bool) -> None:
    """Look through the scenarios and cassettes in PATHS: valid, without keys, not stale, not
    empty, nothing twice."""
    from mockglm.api_keys import find_api_key
    from mockglm.lint import LintLimits
    from mockglm.lint import lint_files as run

    key = find_api_key(os.environ, Path.cwd())
    limits = LintLimits(now=time.time(), days=max_age, secrets=(key,) if key else ())
    problems = run(paths, limits)
    for line in [_document(problems)] if as_json else problems:
        click.echo(line)
    sys.exit(FOUND if problems else 0)


def _document(problems: Iterable[Problem]) -> str:
    """The problems as JSON: schema `mockglm.lint/1`, to which keys are only added."""
    found = [asdict(problem) for problem in problems]
    return json.dumps({"schema": "mockglm.lint/1", "problems": found}, ensure_ascii=False, indent=2)
