"""`mockglm verify`: whether the service still answers in the shape that was recorded."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockglm.errors import UsageError

if TYPE_CHECKING:
    from mockglm.scenarios import Interaction
    from mockglm.verify import Finding, Outcome, Plan, Verdict

__all__ = ["verify_command"]

ENDS: Mapping[Outcome, int] = {"same": 0, "drift": 1, "nothing": 5, "unasked": 6}
"""The status of each outcome, as `mockglm check` has it."""

MOST = 30
"""Requests that are sent unless more are allowed: each is billed."""

FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--upstream", required=True, metavar="URL", help="The base URL of the service.")
@click.option("--allow-upstream", multiple=True, metavar="HOST", help="Ask this host, too.")
@click.option("--ca", type=click.Path(exists=True), help="Trust these certificates, too.")
@click.option(
    "--max-requests",
    type=click.IntRange(min=0),
    default=MOST,
    show_default=True,
    metavar="N",
    help="Send so many at most.",
)
@click.option("--plan", "is_plan", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--report", type=FILE, help="Write it there as JSON.")
@click.option("--junitxml", type=FILE, help="Write it there as JUnit's XML.")
def verify_command(
    paths: tuple[Path, ...],
    upstream: str,
    allow_upstream: tuple[str, ...],
    ca: str | None,
    max_requests: int,
    is_plan: bool,
    report: Path | None,
    junitxml: Path | None,
) -> None:
    """Send the requests recorded in PATHS again, and say where the shape of an answer is no
    longer what was recorded. The key comes from the environment or from .env.

    Ends 0 where all is the same, 1 where something is not, 5 where nothing was there to be sent,
    6 where the service could not be asked."""
    import asyncio

    from mockglm.api_keys import NAMES, find_api_key
    from mockglm.cassettes import prepare_folder
    from mockglm.recorder import Upstream
    from mockglm.scenarios import load_all
    from mockglm.verify import document, junit, plan
    from mockglm.verify import verify as run

    key = find_api_key(os.environ, Path.cwd())
    service = Upstream(upstream, allowed=allow_upstream, key=key, ca=ca)
    planned = plan(load_all(paths), max_requests)
    if is_plan:
        _propose(planned, service.base)
        return
    if not key:
        raise UsageError(f"no key: set {NAMES[0]}, or write it to .env")
    files = ((report, document), (junitxml, junit))
    for path in filter(None, (report, junitxml)):
        prepare_folder(path.parent)
    verdict = asyncio.run(run(planned, service, _tell))
    for file, text in files:
        if file:
            file.write_text(text(verdict), "utf-8")
    _sum_up(verdict, planned)
    sys.exit(ENDS[verdict.outcome])


def _propose(planned: Plan, base: str) -> None:
    for interaction in planned.sent:
        click.echo(f"{interaction.location}: {_asked(interaction)}")
    _skip(planned)
    used = f", which used {planned.tokens} tokens when recorded" if planned.tokens else ""
    click.echo(f"{len(planned.sent)} requests to {base}{used}")
    _limit(planned)


def _asked(interaction: Interaction) -> str:
    request = interaction.request
    assert request is not None
    return f"{request.method} {request.path}{', stream' if request.is_stream else ''}"


def _tell(finding: Finding) -> None:
    state = "as recorded" if finding.is_same else "not as recorded"
    click.echo(f"{finding.where}: {'not answered' if finding.error else state}")
    for line in finding.lines:
        click.echo(f"  {line}")


def _skip(planned: Plan) -> None:
    for where, reason in planned.skipped:
        click.echo(f"{where}: skipped, {reason}")


def _limit(planned: Plan) -> None:
    """What is beyond the ceiling, and how to raise it."""
    sent, left = len(planned.sent), len(planned.left)
    if left:
        more = f"{left} more are recorded; --max-requests {sent + left} sends them, too"
        click.echo(f"mockglm: {sent} requests are the most that is sent, {more}", err=True)


def _sum_up(verdict: Verdict, planned: Plan) -> None:
    _skip(planned)
    changed = sum(bool(finding.drift) for finding in verdict.findings)
    click.echo(f"{len(verdict.checked)} checked, {changed} not as recorded")
    if verdict.outcome == "unasked":
        click.echo("mockglm: the service could not be asked, nothing more was sent", err=True)
    elif verdict.outcome == "nothing":
        click.echo("mockglm: nothing was there to be sent", err=True)
    _limit(planned)
