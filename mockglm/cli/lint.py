"""`mockglm lint` finds problems in scenarios and cassettes."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import click
from msgspec.structs import asdict

from mockglm.cli.display import show_loading
from mockglm.cli.options import examples, json_option, paths_argument
from mockglm.errors import Problem

PROBLEMS_FOUND = 1


@click.command(
    epilog=examples("mockglm lint scenarios/ cassettes/ --max-age 90"),
)
@paths_argument
@click.option(
    "--max-age",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Report recordings that are older.",
)
@json_option
def lint_command(*, paths: tuple[Path, ...], max_age: float | None, as_json: bool) -> None:
    """Find problems in scenarios and cassettes: mistakes, API keys, stale and empty recordings,
    duplicates. A PATH is a file or a folder.

    Exits with 1 if there are problems."""
    from mockglm.api_keys import find_api_key
    from mockglm.lint import LintLimits
    from mockglm.lint import lint_files as run

    key = find_api_key(os.environ, Path.cwd())
    limits = LintLimits(now=time.time(), days=max_age, secrets=(key,) if key else ())
    with show_loading() as on_file:
        problems = run(paths, limits, on_file)
    for line in [_render_json(problems)] if as_json else problems:
        click.echo(line)
    sys.exit(PROBLEMS_FOUND if problems else 0)


def _render_json(problems: Iterable[Problem]) -> str:
    """The problems as JSON of the schema `mockglm.lint/1`, which only gains keys."""
    found = [asdict(problem) for problem in problems]
    return json.dumps({"schema": "mockglm.lint/1", "problems": found}, ensure_ascii=False, indent=2)
