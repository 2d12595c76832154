"""`mockglm record`: a proxy in front of the service that keeps what passes through it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockglm.app import App
from mockglm.cli.log import LOGS
from mockglm.cli.recording import Recording, open_recording, summary
from mockglm.errors import UsageError
from mockglm.exchange import Request
from mockglm.recorder import MODES, Mode, Recorder
from mockglm.recorder.advice import advice
from mockglm.serving import Server, listen
from mockglm.session import Sessions, Settings

if TYPE_CHECKING:
    from mockglm.conformance.passing import Passing

__all__ = ["record"]

BASE = "/api/paas/v4"


@click.command(epilog="Modes: " + "; ".join(f"{name}, {does}" for name, does in MODES.items()))
@click.argument("cassette", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--upstream", required=True, metavar="URL", help="The base URL of the service.")
@click.option(
    "--mode",
    type=click.Choice(list(MODES)),
    default="once",
    show_default=True,
    help="What is asked of the service, and what the cassette answers.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8600, show_default=True, help="Where to listen; 0 is any.")
@click.option("--allow-upstream", multiple=True, metavar="HOST", help="Ask this host, too.")
@click.option("--ca", type=click.Path(exists=True), help="Trust these certificates, too.")
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Of what is played from the cassette; 0 is at once.",
)
@click.option(
    "--log", type=click.Choice(sorted(LOGS)), default="text", help="A line for each exchange."
)
@click.option("--check", is_flag=True, help="Judge what the service answers as it passes.")
@click.option("--try-key", is_flag=True, help="Only ask the service whether it takes the key.")
def record(
    cassette: Path,
    upstream: str,
    mode: Mode,
    host: str,
    port: int,
    allow_upstream: tuple[str, ...],
    ca: str | None,
    speed: float,
    log: str,
    check: bool,
    try_key: bool,
) -> None:
    """Pass requests on to the service and record what it answers in CASSETTE, without keys. The
    key is the client's, or that of the environment or .env where the client has a dummy."""
    passing = _passing() if check and not try_key else None
    recording = open_recording(
        cassette,
        upstream,
        "all" if try_key else mode,
        host=host,
        allowed=allow_upstream,
        ca=ca,
        watch=lambda passed: passing.see(passed.exchange) if passing else None,
    )
    if try_key:
        sys.exit(asyncio.run(_try_key(recording.recorder)))
    _run(recording, cassette, host, port, speed=speed, log=log)
    sys.exit(0 if passing is None or passing.close() else 1)


def _run(recording: Recording, path: Path, host: str, port: int, *, speed: float, log: str) -> None:
    recorder = recording.recorder
    settings = Settings(speed=speed, on_miss="error" if recorder is None else "record")
    sessions = Sessions(settings, recording.played)
    socket = listen(host, port)
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{socket.getsockname()[1]}{BASE}"
    does = "playing" if recorder is None else "recording"
    server = Server(
        App(sessions, log=LOGS[log], recorder=(lambda _: recorder) if recorder else None),
        ready=lambda: click.echo(f"mockglm {does} {url} {path}"),
        after=[recorder.close] if recorder else [],
    )
    server.run(sockets=[socket])
    count = recorder.cassette.count if recorder and recorder.cassette else 0
    for line in (f"recorded: {count} exchanges in {path}", *summary(sessions)):
        click.echo(line, err=True)


def _passing() -> Passing:
    """What judges the traffic, a line on standard error for each requirement that it breaks."""
    from mockglm.conformance.passing import Passing  # imported here: it takes the checks with it

    return Passing(lambda line: click.echo(line, err=True))


async def _try_key(recorder: Recorder | None) -> int:
    """Ask for the models, which costs nothing; 0 when the service takes the key."""
    assert recorder is not None
    key = recorder.upstream.key
    if not key:
        raise UsageError("no key to be checked in the environment or .env")
    try:
        answer = await recorder.upstream.fetch(Request("GET", "/models"))
    finally:
        await recorder.upstream.close()
    said, hint = advice(answer, key)
    if not hint and answer.status != 200:
        said, hint = f"the service answers {answer.status}", "is the base URL right?"
    click.echo(f"{said}\n{hint}" if hint else f"{recorder.upstream.base} takes the key")
    return 1 if hint else 0
