"""`mockglm measure`: the times, rates, cache hits and limits of an endpoint."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import click

from mockglm.api_keys import find_api_key
from mockglm.cli.display import show_progress
from mockglm.cli.options import LIVE, ca_option, examples
from mockglm.conformance.options import MODEL
from mockglm.conformance.report.document import redact_document
from mockglm.conformance.target import parse_base_url, parse_headers, parse_key
from mockglm.conformance.transport import ReadLimits, load_certificates, open_client
from mockglm.errors import UsageError
from mockglm.exchange import Headers
from mockglm.measurement.lines import plan_lines, report_lines
from mockglm.measurement.page import render_page
from mockglm.measurement.plan import CostLimits, MeasurementPlan, make_plan
from mockglm.measurement.ramp import RampLimits, RampResult, climb
from mockglm.measurement.run import make_report, run_series
from mockglm.measurement.surfaces import SURFACES, surface_of_url
from mockglm.redaction import Redactor

NOT_MEASURED = 6
"""The exit code when nothing could be measured, that of `mockglm check` for such a run."""

_MOST_BYTES = 64 * 1024 * 1024


@click.command(
    epilog=examples(
        f"mockglm measure {LIVE} --plan",
        f"mockglm measure {LIVE} --report out",
        f"mockglm measure {LIVE} --disruptive --max-in-flight 20",
        "mockglm measure https://open.bigmodel.cn/api/anthropic",
        "mockglm measure http://localhost:8000/v1 --model glm-4.7-fp8 --prompt-tokens 100000",
    ),
)
@click.argument("url", metavar="URL")
@click.option("--model", default=MODEL, show_default=True, metavar="ID", help="The model.")
@click.option(
    "--surface",
    type=click.Choice(list(SURFACES)),
    help="The protocol of the endpoint; by default anthropic for a URL that ends so, else chat.",
)
@click.option(
    "--samples",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    metavar="N",
    help="Send this many requests of each series.",
)
@click.option(
    "--output-tokens",
    type=click.IntRange(2, 4096),
    default=64,
    show_default=True,
    metavar="N",
    help="The max_tokens of each request.",
)
@click.option(
    "--prompt-tokens",
    "sizes",
    type=click.IntRange(1, 2_000_000),
    multiple=True,
    metavar="N",
    help="Add a series with prompts of this size, for empty stops (repeatable).",
)
@click.option(
    "--disruptive",
    is_flag=True,
    help="Open more and more streams at once, until the first is refused.",
)
@click.option(
    "--max-in-flight",
    type=click.IntRange(1, 256),
    default=16,
    show_default=True,
    metavar="N",
    help="With --disruptive, open at most this many.",
)
@click.option(
    "--max-requests",
    type=int,
    default=100,
    show_default=True,
    metavar="N",
    help="Refuse a plan of more requests.",
)
@click.option(
    "--max-prompt-tokens",
    type=int,
    default=500_000,
    show_default=True,
    metavar="N",
    help="Refuse a plan of more tokens of prompts.",
)
@click.option(
    "--max-tokens",
    type=int,
    default=40_000,
    show_default=True,
    metavar="N",
    help="Refuse a plan of more output tokens.",
)
@click.option(
    "--pause",
    type=click.FloatRange(0, 3600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait this long after a 429.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 86400),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait at most this long for one response.",
)
@click.option(
    "--header",
    multiple=True,
    metavar="NAME=VALUE",
    help="Send this header with every request (repeatable).",
)
@ca_option
@click.option("--plan", "plan_only", is_flag=True, help="Show the plan, and send nothing.")
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write report.json and report.html to this folder.",
)
def measure_command(url: str, **values: Any) -> None:
    """Measure the endpoint at URL: time to the first token and between tokens, tokens a second,
    cache hits, empty stops by the size of the prompt, and with --disruptive the streams it answers
    at once. The API key comes from ZAI_API_KEY or .env.

    Exits with 0 if it measured anything, 2 after wrong usage, 6 if it could not."""
    url = parse_base_url(url).rstrip("/")
    name: str | None = values["surface"]
    surface = SURFACES[name] if name else surface_of_url(url)
    plan = make_plan(
        surface=surface,
        model=values["model"],
        run=secrets.token_hex(4),
        samples=values["samples"],
        output=values["output_tokens"],
        sizes=values["sizes"],
        most_in_flight=values["max_in_flight"] if values["disruptive"] else 0,
    )
    for line in plan_lines(plan):
        click.echo(line, err=not values["plan_only"])
    plan.require(
        CostLimits(values["max_requests"], values["max_prompt_tokens"], values["max_tokens"])
    )
    if values["plan_only"]:
        return
    folder: Path | None = values["report"]
    if folder is not None:
        _make_folder(folder)
    key = parse_key(find_api_key(os.environ, Path.cwd()))
    headers = _make_headers(surface.credential(key) if key else (), parse_headers(values["header"]))
    report = redact_document(
        _measure(url, plan, headers=headers, values=values), Redactor((key,) if key else ())
    )
    _show(report, folder)
    sys.exit(0 if any(row["measured"] for row in report["series"]) else NOT_MEASURED)


def _measure(
    url: str, plan: MeasurementPlan, *, headers: Headers, values: Mapping[str, Any]
) -> dict[str, Any]:
    trust = load_certificates(Path(values["ca"])) if values["ca"] else None
    started = time.time()
    total = sum(series.count for series in plan.series)
    numbers = count()
    limits = ReadLimits(whole=values["timeout"], size=_MOST_BYTES)
    with show_progress(total) as step:
        with open_client(url, limits, trust) as send:
            measurement = run_series(
                plan,
                send,
                headers=headers,
                pause=values["pause"],
                progress=lambda name, number, most: step(
                    next(numbers), f"{name} {number} of {most}"
                ),
            )
        ramp: RampResult | None = None
        if plan.most_in_flight and not measurement.is_blocked:
            ramp = climb(
                url,
                lambda number: plan.ramp_request(number, headers),
                limits=RampLimits(plan.most_in_flight, whole=values["timeout"]),
                trust=trust,
                progress=lambda open_streams: step(total, f"{open_streams} streams at once"),
            )
    return make_report(plan, measurement, target=url, started=started, ramp=ramp)


def _make_headers(credential: Headers, more: Headers) -> Headers:
    return (
        ("accept", "text/event-stream"),
        ("accept-encoding", "identity"),
        ("content-type", "application/json"),
        ("user-agent", "mockglm-measure"),
        *more,
        *credential,
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made a folder: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{folder} cannot be written to")


def _show(report: dict[str, Any], folder: Path | None) -> None:
    for line in report_lines(report):
        click.echo(line)
    if folder is not None:
        text = json.dumps(report, ensure_ascii=False, indent=1)
        (folder / "report.json").write_text(text + "\n", encoding="utf-8")
        (folder / "report.html").write_text(render_page(report), encoding="utf-8")
