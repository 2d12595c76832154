"""`mockglm run` serves while a command runs, with the environment of its clients set."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from mockglm.app import App
from mockglm.cli.display import show_loading
from mockglm.cli.isolation import find_gaps, isolate
from mockglm.cli.log import LOGS, open_log, warn
from mockglm.cli.options import (
    LIVE,
    allow_upstream_option,
    ca_option,
    examples,
    speed_option,
    upstream_option,
)
from mockglm.cli.recording import list_unused, open_recording
from mockglm.errors import UsageError, nearest
from mockglm.journal import Entry, Source
from mockglm.scenario_library import shipped_scenarios
from mockglm.scenarios import Scenario, load_all
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer
from mockglm.surfaces import ANTHROPIC, CHAT
from mockglm.testing.config import KEY
from mockglm.testing.environment import client_variables
from mockglm.urls import format_origin

if TYPE_CHECKING:
    from mockglm.recorder import Recorder, Recording

SEPARATOR = "--"
OPENCODE_VARIABLE = "OPENCODE_CONFIG_CONTENT"
OPENCODE_PROVIDERS = ("zai", "zai-coding-plan", "zhipuai", "zhipuai-coding-plan")
"""opencode reads base URLs from its configuration alone (https://opencode.ai/docs/config)."""

HOST = "127.0.0.1"
NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""The exit codes of a shell for a command that it cannot start."""

AUDIT_FAILED = 1
SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
MAX_MISSES = 10
KINDS: Mapping[str, str] = {Source.UPSTREAM: "recorded", Source.IMPROVISED: "improvised"}
"""The kinds of responses in the summary that are named after their source."""

Log = Callable[[Entry], None]
Process = subprocess.Popen[bytes]


class RunCommand(click.Command):
    """A command that keeps everything behind `--` as the command to run."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if SEPARATOR in args:
            place = args.index(SEPARATOR)
            ctx.meta[SEPARATOR] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


@click.command(
    cls=RunCommand,
    options_metavar="[OPTIONS]",
    epilog=examples(
        "mockglm run -- python agent.py",
        "mockglm run rate-limit --audit -- pytest tests/",
        'mockglm run hello+glue -- claude -p "Who are you?"',
        "mockglm run --record session.yaml -- node agent.js",
    ),
)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO...] -- COMMAND...")
@click.option(
    "--record",
    "cassette",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Record requests without a recording into this cassette.",
)
@upstream_option(is_required=False, purpose=f"Record from this base URL instead of {LIVE}.")
@allow_upstream_option
@ca_option
@speed_option("Play this many times as fast; 0 sends everything at once.")
@click.option(
    "--isolated",
    is_flag=True,
    help="Refuse connections of the command to other hosts, as far as its proxy variables go, and "
    "name what stays open.",
)
@click.option("--audit", is_flag=True, help="Judge how the command handled errors.")
@click.option(
    "--log",
    type=click.Choice(list(LOGS)),
    default="none",
    show_default=True,
    help="Log each request to standard error in this format.",
)
@click.pass_context
def run_command(
    ctx: click.Context,
    /,
    *,
    scenarios: tuple[str, ...],
    cassette: Path | None,
    log: str,
    audit: bool,
    isolated: bool,
    **options: Any,
) -> None:
    """Serve on a free port while COMMAND runs. The variables for base URLs and API keys of GLM,
    OpenAI and Anthropic clients lead COMMAND to the server. A SCENARIO is a file, a folder, or the
    name of a scenario that comes with mockglm, perhaps with faults, as hello+glue. Without any,
    the server improvises all replies.

    Exits with the status of COMMAND, 128 and the number of a signal that ended it, 127 if it was
    not found. With --audit it exits with 1 if COMMAND succeeded but made mistakes."""
    command: tuple[str, ...] = ctx.meta.get(SEPARATOR, ())
    if not command:
        raise UsageError("no command to run: write it behind --, as mockglm run -- python agent.py")
    if options["upstream"] and cassette is None:
        raise UsageError("--upstream needs --record FILE")
    prefix, loaded = _load(scenarios)
    recording = _open_recording(cassette, options)
    settings = Settings(speed=options["speed"], on_miss="record" if recording else None)
    sessions = Sessions(settings, (*loaded, *(recording.played if recording else ())))
    recorder = recording.recorder if recording else None
    summary = Summary()
    with open_log(log) as writer, _serve(sessions, summary.listen(writer), recorder) as server:
        origin = format_origin(HOST, server.port)
        environment = dict(os.environ)
        if isolated:
            environment = isolate(environment, origin, KEY)
        base, anthropic = (f"{origin}{prefix}{one.base}" for one in (CHAT, ANTHROPIC))
        environment |= client_variables(base, anthropic, KEY)
        environment |= {OPENCODE_VARIABLE: _opencode_config(base, anthropic)}
        status = _run(command, environment)
        findings = server.call(lambda: _audit(sessions)) if audit else []
    lines = (*summary.lines(), *list_unused(sessions), *(f"audit: {one}" for one in findings))
    for line in (*lines, *(find_gaps() if isolated else ())):
        warn(line)
    sys.exit(status or (AUDIT_FAILED if findings else 0))


def _load(names: Sequence[str]) -> tuple[str, tuple[Scenario, ...]]:
    """Load scenarios; return the prefix of the base URL's path that selects them, too.

    A shipped scenario alone is selected by the path, which may also name faults.
    """
    if len(names) == 1 and not Path(names[0]).exists():
        _find_shipped(names[0].partition("+")[0])
        return f"/s/{names[0]}", ()
    paths = (Path(name) if Path(name).exists() else _find_shipped(name) for name in names)
    with show_loading() as on_file:
        return "", load_all(tuple(paths), on_file)


def _find_shipped(name: str) -> Path:
    shipped = shipped_scenarios()
    if name not in shipped:
        near = nearest(name, shipped)
        hint = f"did you mean {near}?" if near else "`mockglm scenarios` lists them"
        raise UsageError(f"there is no file and no scenario {name!r}; {hint}")
    return shipped[name]


def _open_recording(path: Path | None, options: Mapping[str, Any]) -> Recording | None:
    if path is None:
        return None
    return open_recording(
        path,
        options["upstream"] or LIVE,
        "new",
        host=HOST,
        allowed=options["allow_upstream"],
        ca=options["ca"],
    )


def _opencode_config(base: str, anthropic: str) -> str:
    """The configuration that leads opencode's providers of GLM to the server."""
    bases = {**dict.fromkeys(OPENCODE_PROVIDERS, base), "anthropic": f"{anthropic}/v1"}
    providers = {name: {"options": {"baseURL": url, "apiKey": KEY}} for name, url in bases.items()}
    return json.dumps({"provider": providers})


@contextmanager
def _serve(sessions: Sessions, log: Log, recorder: Recorder | None) -> Iterator[BackgroundServer]:
    app = App(sessions, log=log, recorder=(lambda _: recorder) if recorder else None)
    server = BackgroundServer(app, HOST, on_shutdown=[recorder.close] if recorder else [])
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Summary:
    """Counts the exchanges of a run, and keeps its misses."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._misses: list[Entry] = []

    def listen(self, log: Log | None) -> Log:
        """Return a function that counts an entry and passes it to a log."""

        def count(entry: Entry) -> None:
            self._counts[_classify(entry)] += 1
            if entry.source == Source.MISS:
                self._misses.append(entry)
            if log is not None:
                log(entry)

        return count

    def lines(self) -> Iterator[str]:
        """Yield the numbers of exchanges, and the first misses with their notes."""
        total = self._counts.total()
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(self._counts.items()))
        requests = "1 request" if total == 1 else f"{total} requests"
        yield f"mockglm: {requests}" + (f": {counted}" if counted else "")
        for entry in self._misses[:MAX_MISSES]:
            yield f"missed: {entry.request.method} {entry.request.path}: {_describe_miss(entry)}"
        if len(self._misses) > MAX_MISSES:
            yield f"missed: {len(self._misses) - MAX_MISSES} more"


def _classify(entry: Entry) -> str:
    if entry.source == Source.MISS:
        return "missed"
    if entry.outcome in ("gone", "cut"):
        return "broken off"
    if entry.response is not None and entry.response.status >= 400:
        return "refused"
    return KINDS.get(entry.source, "answered")


def _describe_miss(entry: Entry) -> str:
    """The first line of the response, which explains the miss."""
    body = entry.response.body if entry.response else b""
    return next(iter(body.decode("utf-8", "replace").splitlines()), "nothing matched")


def _audit(sessions: Sessions) -> list[str]:
    # The audit is imported by those who ask for it.
    from mockglm.client_audit import audit_client

    return [str(one) for session in sessions for one in audit_client(session.journal)]


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command, pass signals on to it, and return its exit code as a shell does."""
    with _forward_signals() as start:
        try:
            process = start(command, environment)
        except FileNotFoundError:
            warn(f"mockglm: command not found: {command[0]}")
            return NOT_FOUND
        except OSError as error:
            warn(f"mockglm: cannot run {command[0]}: {error.strerror}")
            return NOT_EXECUTABLE
        status = process.wait()
    return 128 - status if status < 0 else status


@contextmanager
def _forward_signals() -> Iterator[Callable[[Sequence[str], Mapping[str, str]], Process]]:
    """Yield a function that starts a process to which signals are passed on.

    Signals that come before the process is there reach it when it is. Ctrl-C in a terminal reaches
    it without help.
    """
    started: list[Process] = []
    early: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and _has_terminal():
            return
        for process in started:
            with suppress(ProcessLookupError):
                process.send_signal(number)
        if not started:
            early.append(number)

    def start(command: Sequence[str], environment: Mapping[str, str]) -> Process:
        started.append(subprocess.Popen(command, env=environment))
        for number in early:
            started[0].send_signal(number)
        return started[0]

    before = {number: signal.signal(number, forward) for number in SIGNALS}
    try:
        yield start
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_terminal() -> bool:
    """True if this process is in the foreground of a terminal, which signals its whole group."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return False
