"""`mockglm verify`: whether the service still answers in the shape that was recorded."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockglm.errors import UsageError

if TYPE_CHECKING:
    from mockglm.verify import Finding, Verdict

__all__ = ["verify"]

DRIFT = 1


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--upstream", required=True, metavar="URL", help="The base URL of the service.")
@click.option("--allow-upstream", multiple=True, metavar="HOST", help="Ask this host, too.")
@click.option("--ca", type=click.Path(exists=True), help="Trust these certificates, too.")
@click.option(
    "--max-requests", type=click.IntRange(min=0), metavar="N", help="Send so many at most."
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write it there as JSON."
)
def verify(
    paths: tuple[Path, ...],
    upstream: str,
    allow_upstream: tuple[str, ...],
    ca: str | None,
    max_requests: int | None,
    report: Path | None,
) -> None:
    """Send the requests recorded in PATHS again, and say where the shape of an answer is no
    longer what was recorded. The key comes from the environment or from .env."""
    import asyncio
    import json

    from mockglm.recorder import NAMES, Upstream, find
    from mockglm.scenario import load_all
    from mockglm.verify import verify as run

    key = find(os.environ, Path.cwd())
    if not key:
        raise UsageError(f"no key: set {NAMES[0]}, or write it to .env")
    service = Upstream(upstream, allowed=allow_upstream, key=key, ca=ca)
    verdict = asyncio.run(run(load_all(paths), service, most=max_requests, tell=_tell))
    _sum_up(verdict)
    if report:
        text = json.dumps(verdict.document(), ensure_ascii=False, indent=2)
        report.write_text(text + "\n", "utf-8")
    sys.exit(0 if verdict.is_same else DRIFT)


def _tell(finding: Finding) -> None:
    click.echo(f"{finding.where}: {'as recorded' if finding.is_same else 'not as recorded'}")
    for line in finding.lines:
        click.echo(f"  {line}")


def _sum_up(verdict: Verdict) -> None:
    for where, reason in verdict.skipped:
        click.echo(f"{where}: skipped, {reason}")
    changed = sum(not finding.is_same for finding in verdict.findings)
    click.echo(f"{len(verdict.findings)} checked, {changed} not as recorded")
