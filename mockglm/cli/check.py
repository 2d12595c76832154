"""`mockglm check` and `mockglm matrix`: the conformance kit, and its reports side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from mockglm.conformance import command, listing
from mockglm.conformance.options import MODEL
from mockglm.conformance.report import matrix as reports
from mockglm.errors import UsageError

__all__ = ["check_command", "matrix_command"]

WRONG_USE = 4
"""As pytest has it, which the kit is run by."""


class WrongUse(click.UsageError):
    """Wrong usage of the kit."""

    exit_code = WRONG_USE


class Strict(click.Command):
    """A command whose wrong usage ends as pytest's does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise WrongUse(error.message, ctx) from error


@click.command(cls=Strict)
@click.argument("targets", nargs=-1, metavar="URL|PATH…")
@click.option("--model", default=MODEL, show_default=True, help="The model to ask.")
@click.option("--report", metavar="DIR", help="Write report.json, report.html and badge.json.")
@click.option("--plan", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--record-to", metavar="DIR", help="Keep the exchanges as cassettes.")
@click.option("--replay-from", metavar="DIR", help="Judge kept exchanges, without a network.")
@click.option("--max-requests", type=int, metavar="N", help="Most requests to send.")
@click.option("--max-tokens", type=int, metavar="N", help="Most output tokens.")
@click.option("--timeout", type=float, metavar="S", help="Longest wait for one answer.")
@click.option("--pause", type=float, metavar="S", help="Wait before what came too often again.")
@click.option("--ca", metavar="FILE", help="Trust these certificates, too.")
@click.option("--header", multiple=True, metavar="NAME=VALUE", help="Send it with each request.")
@click.option("--strict", is_flag=True, help="SHOULD fails the run too.")
@click.option("--soak", type=int, metavar="N", help="Send the cheapest stream N times more.")
@click.option("--disruptive", is_flag=True, help="Also exceed limits.")
@click.option("--deterministic", is_flag=True, help="The endpoint repeats itself: a mock.")
@click.option("--failing", is_flag=True, help="It breaks a stream off when asked to: a mock.")
@click.option("--baseline", metavar="FILE", help="Known failures, each with a reason.")
@click.option("--write-baseline", metavar="FILE", help="Write today's failures as a baseline.")
@click.option("-k", "keyword", metavar="EXPR", help="Only these checks, as pytest's -k.")
@click.option("--junitxml", metavar="FILE", help="Write a JUnit report.")
@click.option("--list", "as_list", is_flag=True, help="List the checks.")
@click.option("--explain", metavar="ID", help="Say all there is to say of one check.")
def check_command(
    targets: tuple[str, ...],
    keyword: str | None,
    junitxml: str | None,
    as_list: bool,
    explain: str | None,
    **options: Any,
) -> None:
    """Judge whether an endpoint, or what was recorded of one, speaks GLM v4."""
    try:
        if as_list or explain:
            click.echo(listing.explain(explain) if explain else listing.listing())
            return
        if not targets and not options["replay_from"] and not options["plan"]:
            raise UsageError("which endpoint? write its base URL, or the path of a recording")
        named = {name.replace("_", "-"): value for name, value in options.items()}
        sys.exit(command.main(targets, named, _pytest(keyword, junitxml)))
    except UsageError as error:
        click.echo(f"mockglm: {error}", err=True)
        sys.exit(WRONG_USE)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def matrix_command(files: tuple[Path, ...]) -> None:
    """Put several report.json side by side, as a table in Markdown."""
    for line in reports.matrix(reports.load(files)):
        click.echo(line)


def _pytest(keyword: str | None, junitxml: str | None) -> list[str]:
    given = (("-k", keyword), ("--junitxml", junitxml))
    return [word for name, value in given if value for word in (name, value)]
