"""`mockglm check` runs the conformance kit."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from traceback import format_exc
from typing import Any

import click

from mockglm.cli.display import Step, print_line, print_table, show_progress
from mockglm.cli.options import LIVE, examples
from mockglm.cli.verbs import describe_error
from mockglm.conformance.options import OPTIONS
from mockglm.conformance.report import listing
from mockglm.conformance.report.terminal import Line, plan_lines, report_lines
from mockglm.conformance.run import INTERNAL_ERROR, INTERRUPTED, NOTHING_RAN, WRONG_USAGE, Run
from mockglm.conformance.runner import ProbeListener
from mockglm.conformance.selection import select_checks
from mockglm.conformance.sets import CHAT_SET, CheckSet, find_set
from mockglm.conformance.settings import read_settings
from mockglm.conformance.view import ExchangeView
from mockglm.errors import FileError, MockGLMError, UsageError


class CheckUsageError(click.UsageError):
    """Wrong usage of the kit, with pytest's exit status for that."""

    exit_code = WRONG_USAGE


class CheckCommand(click.Command):
    """A command that raises CheckUsageError."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise CheckUsageError(describe_error(error), ctx) from error


def add_kit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of the kit."""
    for option in reversed(OPTIONS):
        if option.pytest_only:
            continue
        if option.type is bool:
            command = click.option(f"--{option.name}", is_flag=True, help=option.help)(command)
        else:
            command = click.option(
                f"--{option.name}",
                type=option.type,
                default=() if option.multiple else option.default,
                show_default=bool(option.default),
                multiple=option.multiple,
                metavar=option.metavar,
                help=option.help,
            )(command)
    return command


@click.command(
    cls=CheckCommand,
    epilog=examples(
        f"mockglm check {LIVE} --plan",
        f"mockglm check {LIVE} --report out",
        "mockglm check http://localhost:8000/v1 --model glm-4.7-fp8 -k 'SSE or TOL'",
        f"mockglm check {LIVE.replace('paas/v4', 'anthropic')} --plan",
        "mockglm check cassettes/",
        "mockglm check --explain SSE-05",
    ),
)
@click.argument("targets", nargs=-1, metavar="URL|PATH...")
@add_kit_options
@click.option(
    "-k",
    "expression",
    default="",
    metavar="EXPR",
    help="Run only the checks that match, as pytest's -k does.",
)
@click.option("--junitxml", metavar="FILE", help="Write a report as JUnit XML.")
@click.option("--list", "as_list", is_flag=True, help="List the checks.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.option("--explain", metavar="ID", help="Explain one check.")
def check_command(
    *,
    targets: tuple[str, ...],
    expression: str,
    as_list: bool,
    as_json: bool,
    explain: str | None,
    **values: Any,
) -> None:
    """Judge whether an endpoint conforms to the GLM API, chat completions (v4) or the Anthropic
    surface: the one at URL, or the one that was recorded in each PATH. The API key comes from
    ZAI_API_KEY or .env.

    Exits with 0 if it conforms, 1 after a violation, 2 if interrupted, 3 after an internal error, 4
    after wrong usage, 5 if nothing ran, 6 if the endpoint could not be judged."""
    try:
        if as_json and not as_list:
            raise UsageError("--json needs --list; --report DIR writes the report as JSON")
        if explain:
            click.echo(listing.explain_check(explain))
        elif as_list:
            _list_checks(find_set(values["set"]) if values["set"] else CHAT_SET, as_json=as_json)
        else:
            sys.exit(_run_checks({**values, **_read_targets(targets, values)}, expression))
    except MockGLMError as error:
        is_file = isinstance(error, FileError)
        click.echo(str(error) if is_file else f"mockglm: {error}", err=True)
        sys.exit(WRONG_USAGE)
    except KeyboardInterrupt:
        click.echo("mockglm: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        raise
    except Exception:
        # Status 1 is for violations: a bug of the kit must not look like one.
        click.echo(f"mockglm: internal error, please report it\n{format_exc()}", err=True)
        sys.exit(INTERNAL_ERROR)


def _read_targets(targets: Sequence[str], values: dict[str, Any]) -> dict[str, Any]:
    """Sort the targets into a URL and paths of recordings. Raises UsageError."""
    urls = [target for target in targets if target.startswith(("http://", "https://"))]
    if len(urls) > 1 or (urls and len(targets) > 1):
        raise UsageError("give either one URL or paths of recordings")
    for target in targets:
        if not urls and not Path(target).exists():
            raise UsageError(f"{target} is neither a URL (https://…) nor an existing recording")
    if not targets and not values["replay_from"] and not values["plan"]:
        raise UsageError("no endpoint: give its base URL, or the path of a recording")
    return {"url": urls[0] if urls else None, "recording": () if urls else targets}


def _list_checks(found: CheckSet, *, as_json: bool) -> None:
    columns, rows = ("check", "level", "requirement"), listing.list_checks(found)
    if as_json:
        named = [dict(zip(("id", *columns[1:]), row, strict=True)) for row in rows]
        click.echo(json.dumps(named, ensure_ascii=False, indent=2))
    else:
        print_table(columns, rows)


def _run_checks(values: dict[str, Any], expression: str) -> int:
    settings = read_settings(values, os.environ, Path.cwd())
    checks = select_checks(expression, disruptive=settings.disruptive, check_set=settings.check_set)
    run = Run(settings, checks)
    if not run.checks:
        click.echo(f"mockglm: no check matches -k {expression!r}", err=True)
        return NOTHING_RAN
    if values["plan"]:
        _print_lines(plan_lines(run.plan))
        return 0
    with show_progress(len(run.plan.probes)) as step:
        report = run.run(_show_probes(run, step))
    _print_lines(report_lines(report.document))
    if report.loss:
        _print_lines([(report.loss, "red")])
    return report.exit_status(strict=settings.strict)


def _show_probes(run: Run, step: Step) -> ProbeListener:
    """Return a listener that shows the probe under way, and what of the budget is spent."""
    most = run.plan.ceiling
    finished: set[str] = set()
    tokens: list[int] = []

    def show(name: str, view: ExchangeView | None) -> None:
        if view is not None:
            finished.add(name)
            count = view.completion_tokens
            tokens.append(count if isinstance(count, int) else 0)
        requests = f"{run.requests} of at most {most.requests} requests"
        step(len(finished), f"{name} · {requests} · {sum(tokens)} of {most.tokens} tokens")

    return show


def _print_lines(lines: Iterable[Line]) -> None:
    for text, style in lines:
        print_line(text, style)
