"""`mockglm verify` compares the live service with recordings of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockglm.cli.display import print_line, show_loading, show_progress
from mockglm.cli.options import (
    LIVE,
    OUTPUT_FILE,
    allow_upstream_option,
    ca_option,
    examples,
    paths_argument,
    upstream_option,
)
from mockglm.errors import UsageError

if TYPE_CHECKING:
    from mockglm.drift import DriftOutcome, DriftPlan, DriftReport, VerifiedInteraction
    from mockglm.scenarios import Interaction

EXIT_CODES: Mapping[DriftOutcome, int] = {"same": 0, "drift": 1, "nothing": 5, "unreachable": 6}
"""The exit code of each outcome, as those of `mockglm check`."""

MAX_REQUESTS = 30
"""The default limit of requests, each of which is billed."""


@click.command(
    epilog=examples(
        f"mockglm verify cassettes/ --upstream {LIVE} --plan",
        f"mockglm verify cassettes/ --upstream {LIVE} --report drift.json",
    ),
)
@paths_argument
@upstream_option(is_required=True, purpose="Send the requests to this base URL.")
@allow_upstream_option
@ca_option
@click.option(
    "--max-requests",
    type=click.IntRange(min=0),
    default=MAX_REQUESTS,
    show_default=True,
    metavar="N",
    help="Send at most this many requests.",
)
@click.option("--plan", "is_plan", is_flag=True, help="List the requests, and send none.")
@click.option("--report", type=OUTPUT_FILE, metavar="FILE", help="Write a report as JSON.")
@click.option("--junitxml", type=OUTPUT_FILE, metavar="FILE", help="Write a report as JUnit XML.")
def verify_command(
    *,
    paths: tuple[Path, ...],
    upstream: str,
    allow_upstream: tuple[str, ...],
    ca: str | None,
    max_requests: int,
    is_plan: bool,
    report: Path | None,
    junitxml: Path | None,
) -> None:
    """Send recorded requests to the service again, and list the differences in shape between the
    live responses and the recorded ones. A PATH is a cassette or a folder of them. The API key
    comes from ZAI_API_KEY or .env. Each request is billed.

    Exits with 0 if all responses have the recorded shape, 1 if some differ, 5 if there was nothing
    to send, 6 if the service could not be reached."""
    import asyncio

    from mockglm.api_keys import KEY_VARIABLES, find_api_key
    from mockglm.cassettes import prepare_folder
    from mockglm.drift import make_plan, render_json, render_junit, verify_plan
    from mockglm.recorder import Upstream
    from mockglm.scenarios import load_all

    key = find_api_key(os.environ, Path.cwd())
    service = Upstream(upstream, allowed=allow_upstream, key=key, ca=ca)
    with show_loading() as on_file:
        loaded = load_all(paths, on_file)
    plan = make_plan(loaded, max_requests)
    if is_plan:
        _print_plan(plan, service.base)
        return
    if not key:
        raise UsageError(f"no API key: set {KEY_VARIABLES[0]}, or write it to .env")
    files = ((report, render_json), (junitxml, render_junit))
    for path in filter(None, (report, junitxml)):
        prepare_folder(path.parent)
    with show_progress(len(plan.sent)) as step:
        numbers = count(1)

        def show(verified: VerifiedInteraction) -> None:
            _print_result(verified)
            step(next(numbers), f"{plan.tokens} tokens when recorded")

        result = asyncio.run(verify_plan(plan, service, show))
    for file, render in files:
        if file:
            file.write_text(render(result), "utf-8")
    _print_summary(result, plan)
    sys.exit(EXIT_CODES[result.outcome])


def _print_plan(plan: DriftPlan, base: str) -> None:
    for interaction in plan.sent:
        click.echo(f"{interaction.location}: {_request(interaction)}")
    _print_skipped(plan)
    used = f", which used {plan.tokens} tokens when recorded" if plan.tokens else ""
    click.echo(f"{len(plan.sent)} requests to {base}{used}")
    _print_limit(plan)


def _request(interaction: Interaction) -> str:
    request = interaction.request
    assert request is not None
    return f"{request.method} {request.path}{', stream' if request.is_stream else ''}"


def _print_result(result: VerifiedInteraction) -> None:
    state = "as recorded" if result.is_same else "not as recorded"
    style = "green" if result.is_same and not result.error else "red"
    print_line(f"{result.where}: {'no response' if result.error else state}", style)
    for line in result.lines:
        click.echo(f"  {line}")


def _print_skipped(plan: DriftPlan) -> None:
    for where, reason in plan.skipped:
        click.echo(f"{where}: skipped, {reason}")


def _print_limit(plan: DriftPlan) -> None:
    sent, left = len(plan.sent), len(plan.left)
    if left:
        more = f"{left} more are recorded (--max-requests {sent + left} sends them, too)"
        click.echo(f"mockglm: the limit is {sent} requests; {more}", err=True)


def _print_summary(result: DriftReport, plan: DriftPlan) -> None:
    _print_skipped(plan)
    changed = sum(bool(one.drift) for one in result.checked)
    click.echo(f"{len(result.checked)} checked, {changed} not as recorded")
    if result.outcome == "unreachable":
        click.echo("mockglm: the service could not be reached, so sending stopped", err=True)
    elif result.outcome == "nothing":
        click.echo("mockglm: there was nothing to send", err=True)
    _print_limit(plan)
