"""`mockglm record` forwards requests to the service and records the exchanges."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from mockglm import surfaces
from mockglm.api_keys import KEY_VARIABLES
from mockglm.app import App
from mockglm.cli.display import Step, show_progress
from mockglm.cli.log import log_option, open_log, warn
from mockglm.cli.options import (
    LIVE,
    allow_upstream_option,
    ca_option,
    examples,
    host_option,
    port_option,
    speed_option,
    upstream_option,
)
from mockglm.cli.recording import list_unused, open_recording
from mockglm.errors import UpstreamError, UsageError
from mockglm.exchange import Request
from mockglm.recorder import (
    MODES,
    UNREACHABLE,
    Mode,
    RecordedExchange,
    Recorder,
    Recording,
    find_hint,
)
from mockglm.server import Sessions, Settings
from mockglm.serving import Server, bind_socket
from mockglm.surfaces import CHAT
from mockglm.urls import format_origin

CONFORMANT, VIOLATION, NOTHING_CHECKED, COULD_NOT_ASK = 0, 1, 5, 6
"""The exit codes of --check, as those of `mockglm check`."""


@click.command(
    epilog="\b\nModes:\n"
    + "\n".join(f"  {name:<5} {effect}" for name, effect in MODES.items())
    + "\n\n"
    + examples(
        f"mockglm record chat.yaml --upstream {LIVE}",
        f"mockglm record chat.yaml --upstream {LIVE} --mode new --check",
        f"mockglm record chat.yaml --upstream {LIVE} --try-key",
    ),
)
@click.argument("cassette", type=click.Path(dir_okay=False, path_type=Path))
@upstream_option(is_required=True, purpose="Forward requests to this base URL.")
@click.option(
    "--mode",
    type=click.Choice(list(MODES)),
    default="once",
    show_default=True,
    help="Record or replay as described below.",
)
@host_option
@port_option
@allow_upstream_option
@ca_option
@speed_option("Replay this many times as fast; 0 sends everything at once.")
@log_option
@click.option(
    "--check", is_flag=True, help="Judge the responses of the service, as `mockglm check` does."
)
@click.option("--try-key", is_flag=True, help="Only ask the service if it accepts the API key.")
def record_command(
    *,
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
    """Forward requests to the service, and record the exchanges in CASSETTE without API keys.

    The client's API key is used. If that is a dummy, the key in ZAI_API_KEY (or ZHIPUAI_API_KEY,
    ZHIPU_API_KEY, GLM_API_KEY) or in .env takes its place.

    Exits with 0. With --check it exits with 1 if a requirement is broken, 5 if there was no
    response to judge, 6 if the service did not answer. --try-key exits with 1 if the service
    refuses the key."""
    with ExitStack() as stack:
        judge = None
        if check and not try_key:
            judge = Judge(stack.enter_context(show_progress(None)))
        recording = open_recording(
            cassette,
            upstream,
            "all" if try_key else mode,
            host=host,
            allowed=allow_upstream,
            ca=ca,
            on_recorded=lambda recorded: judge.add(recorded) if judge else None,
        )
        if try_key:
            sys.exit(asyncio.run(_try_key(recording.recorder)))
        if judge and recording.recorder is None:
            raise UsageError(f"{cassette} is only replayed, so --check needs --mode new or all")
        _serve(recording, cassette, mode, host=host, port=port, speed=speed, log=log)
        sys.exit(judge.close(recording.recorder) if judge else 0)


class Judge:
    """Judges exchanges and writes a line to standard error for each violation.

    `step` shows the numbers of exchanges and of violations.
    """

    def __init__(self, step: Step) -> None:
        # Imports all checks, which few runs need.
        from mockglm.conformance.live import LiveChecker

        self._checker = LiveChecker(self._tell)
        self._step = step
        self._seen = self._recorded = self._violations = 0
        self._show()

    def add(self, recorded: RecordedExchange) -> None:
        self._seen += recorded.exchange.request.path.endswith(surfaces.CHAT.path)
        self._recorded += 1
        self._show()
        self._checker.add(recorded.exchange)

    def _tell(self, line: str) -> None:
        self._violations += 1
        self._show()
        warn(line)

    def _show(self) -> None:
        self._step(self._recorded, f"recorded · violations: {self._violations}")

    def close(self, recorder: Recorder | None) -> int:
        """Wait until all exchanges are judged and return the exit code."""
        # The summary is no violation, and the last lines are printed at once.
        self._step = lambda done, text: None
        is_good = self._checker.close()
        if recorder is not None and recorder.unanswered:
            warn(f"mockglm: requests without a response to judge: {recorder.unanswered}")
            return COULD_NOT_ASK
        if not self._seen:
            warn("mockglm: there was no chat response to judge")
            return NOTHING_CHECKED
        return CONFORMANT if is_good else VIOLATION


def _serve(
    recording: Recording, path: Path, mode: Mode, *, host: str, port: int, speed: float, log: str
) -> None:
    recorder = recording.recorder
    settings = Settings(speed=speed, on_miss="error" if recorder is None else "record")
    sessions = Sessions(settings, recording.played)
    socket = bind_socket(host, port)
    url = format_origin(host, socket.getsockname()[1]) + CHAT.base
    activity = "playing" if recorder is None else "recording"
    if recorder is None and mode == "once":
        warn(f"mockglm: {path} exists and is replayed; --mode new adds to it")
    with open_log(log) as writer:
        server = Server(
            App(sessions, log=writer, recorder=(lambda _: recorder) if recorder else None),
            on_ready=lambda: click.echo(f"mockglm {activity} {url} {path}"),
            on_shutdown=[recorder.close] if recorder else [],
        )
        server.run(sockets=[socket])
    for line in (*_list_recorded(recorder), *list_unused(sessions)):
        warn(line)


def _list_recorded(recorder: Recorder | None) -> tuple[str, ...]:
    if recorder is None or recorder.cassette is None:
        return ()
    cassette = recorder.cassette
    exchanges = "exchange" if cassette.count == 1 else "exchanges"
    return (f"recorded: {cassette.count} {exchanges} in {cassette.path}",)


async def _try_key(recorder: Recorder | None) -> int:
    """Request the list of models, which costs nothing; return 0 if the key is accepted."""
    assert recorder is not None
    key = recorder.upstream.key
    if not key:
        raise UsageError(f"no API key: set {KEY_VARIABLES[0]}, or write it to .env")
    try:
        response = await recorder.upstream.fetch(Request("GET", "/models"))
    except UpstreamError as error:
        raise UpstreamError(str(error), UNREACHABLE) from error
    finally:
        await recorder.upstream.close()
    problem, hint = find_hint(response, key)
    if not hint and response.status != 200:
        problem, hint = f"the service answers {response.status}", "is the base URL right?"
    click.echo(f"{problem}\n{hint}" if hint else f"{recorder.upstream.base} accepts the key")
    return 1 if hint else 0
