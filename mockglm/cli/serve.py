"""`mockglm serve` plays scenarios and cassettes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from mockglm.cli.display import show_loading
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
from mockglm.errors import UsageError
from mockglm.urls import format_origin, is_loopback, reachable_host

if TYPE_CHECKING:
    from mockglm.app import App, Log
    from mockglm.cli.shared_state import SharedState
    from mockglm.cli.worker_state import WorkerState
    from mockglm.journal import Entry
    from mockglm.language_model import LanguageModel
    from mockglm.metrics import Metrics
    from mockglm.models import Model
    from mockglm.recorder import Recorder, Recording
    from mockglm.scenarios import Scenario
    from mockglm.server import Sessions, Settings
    from mockglm.serving import Reloader
    from mockglm.serving.supervisor import WorkerSettings
    from mockglm.telemetry import Telemetry


@click.command(
    epilog=examples(
        "mockglm serve",
        "mockglm serve weather.yaml cassettes/ --speed 0",
        "mockglm serve --port 0 --ready-file url.txt",
        f"mockglm serve weather.yaml --on-miss record --cassette new.yaml --upstream {LIVE}",
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH...]")
@host_option
@port_option
@speed_option("Play this many times as fast; 0 sends everything at once.")
@click.option(
    "--on-miss",
    type=click.Choice(["improvise", "error", "record"]),
    show_default="error with a PATH, else improvise",
    help="Answer a request that nothing matches with an improvised reply, with an error, or by "
    "recording.",
)
@click.option(
    "--cassette",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Record into this cassette with --on-miss record.",
)
@click.option(
    "--improvise-with",
    metavar="URL",
    help="Let the OpenAI-compatible server at this base URL find the words of improvised replies; "
    "its key is in MOCKGLM_IMPROVISE_KEY.",
)
@click.option(
    "--improvise-model",
    metavar="ID",
    help="Ask that server for this model; by default for the one of each request.",
)
@upstream_option(is_required=False, purpose="Record from this base URL with --on-miss record.")
@allow_upstream_option
@ca_option
@click.option(
    "--profile",
    type=click.Choice(["bigmodel", "zai"]),
    default="bigmodel",
    show_default=True,
    help="Respond like open.bigmodel.cn or like api.z.ai.",
)
@click.option(
    "--as-of",
    metavar="DAY",
    help="Respond in the form of this day or month, as 2025-11: headers, the key object, usage.",
)
@click.option(
    "--strict", "policy", flag_value="strict", help="Refuse all that the documentation forbids."
)
@click.option(
    "--lenient", "policy", flag_value="lenient", help="Refuse only what cannot be parsed."
)
@click.option(
    "--accept",
    multiple=True,
    metavar="KEY",
    help="Accept this API key and no other (repeatable).",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="ID=LIKE",
    help="Add the model ID, which behaves like the model LIKE (repeatable).",
)
@click.option(
    "--latency",
    type=click.Choice(["model", "measured"]),
    default="model",
    show_default=True,
    help="The pace of replies without one: plausible, or as measured of the model, with spread.",
)
@click.option(
    "--seed",
    default="mockglm",
    show_default=True,
    metavar="TEXT",
    help="Derive random choices and improvised replies from this text.",
)
@log_option
@click.option(
    "--certfile",
    type=click.Path(exists=True),
    metavar="FILE",
    help="Serve TLS with this certificate (PEM).",
)
@click.option(
    "--keyfile",
    type=click.Path(exists=True),
    metavar="FILE",
    help="Use this private key for --certfile (PEM).",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the base URL to this file when the server is ready.",
)
@click.option("--open", "opens", is_flag=True, help="Open the inspector in the browser.")
@click.option(
    "--state",
    metavar="URL",
    help="Share the state of sessions with other replicas in this Redis or Valkey: redis://, "
    "rediss:// or unix:// (needs mockglm[redis]).",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Serve by so many processes, which share their state in memory or at --state.",
)
@click.option(
    "--metrics",
    "has_metrics",
    is_flag=True,
    help="Show metrics for Prometheus at /__mockglm__/metrics (needs mockglm[metrics]).",
)
@click.option(
    "--otel",
    is_flag=True,
    help="Export a span of each exchange by OTLP to $OTEL_EXPORTER_OTLP_ENDPOINT (needs "
    "mockglm[otel]).",
)
@click.option(
    "--drain",
    type=click.FloatRange(0, 3600),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Accept requests for so long after SIGTERM, while /__mockglm__/ready says 503.",
)
@click.option(
    "--grace",
    type=click.FloatRange(0, 3600),
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="Let open streams end for so long when the server is stopped.",
)
def serve_command(*, paths: tuple[Path, ...], log: str, **options: Any) -> None:
    """Play scenarios and cassettes. A PATH is a file or a folder of files. Without any PATH, the
    server improvises all replies.

    The server prints its base URL when it is ready, and reloads files when they change."""
    from mockglm.serving.supervisor import read_worker_settings

    worker = read_worker_settings()
    if options["workers"] > 1 and worker is None:
        from mockglm.cli.workers import supervise

        token = _choose_token(options["host"])
        _load(paths, options)  # so that mistakes are reported once
        supervise(options, token=token, on_ready=lambda port: _announce(port, token, options))
        return
    if worker is not None:
        options |= {"port": worker.port, "state": worker.state}
    _serve(paths, log, options, worker=worker)


def _serve(
    paths: Sequence[Path], log: str, options: dict[str, Any], *, worker: WorkerSettings | None
) -> None:
    """Serve in this process, as a worker or alone."""
    from mockglm.serving import Server, bind_socket, collect_when_idle

    shared = _open_shared(options, worker)
    recording = _open_recording(options)
    language_model = _open_language_model(options)
    sessions, reloader = _load(paths, options, recording=recording, shared=shared)
    socket = bind_socket(options["host"], options["port"], is_shared=worker is not None)
    recorder = recording.recorder if recording else None
    token = _choose_token(options["host"])
    metrics = _open_metrics(worker) if options["has_metrics"] else None

    def on_ready() -> None:
        if worker is None:
            _announce(socket.getsockname()[1], token, options)
        else:
            from mockglm.cli.workers import report_ready

            report_ready(server.stop)

    with open_log(log) as writer, _open_telemetry(options) as telemetry:
        app = _make_app(
            sessions,
            _log_to(writer, metrics, telemetry),
            metrics=metrics,
            token=token,
            recorder=recorder,
            language_model=language_model,
            shared=shared,
        )
        server = Server(
            app,
            on_ready=on_ready,
            tasks=[
                partial(collect_when_idle, app.player.scheduler),
                *([reloader.run] if paths else []),
                *(one.run for one in (shared, metrics) if one),
            ],
            on_shutdown=[one.close for one in (recorder, language_model, shared) if one],
            **{name: options[name] for name in ("grace", "drain", "certfile", "keyfile")},
        )
        server.run(sockets=[socket])
    if log != "none" and shared is None:
        _print_unused(sessions)


def _make_app(
    sessions: Sessions,
    log: Log | None,
    *,
    metrics: Metrics | None,
    token: str | None,
    recorder: Recorder | None,
    language_model: LanguageModel | None,
    shared: SharedState | WorkerState | None,
) -> App:
    from mockglm.app import App

    cassette = recorder.cassette if recorder else None
    return App(
        sessions,
        log=log,
        token=token,
        recorder=(lambda _: recorder) if recorder else None,
        language_model=language_model,
        metrics=metrics,
        folder=cassette.path.parent if cassette else None,
        replica=shared.open_replica(sessions, metrics) if shared else None,
    )


def _load(
    paths: Sequence[Path],
    options: dict[str, Any],
    *,
    recording: Recording | None = None,
    shared: SharedState | WorkerState | None = None,
) -> tuple[Sessions, Reloader]:
    """Load the files, and return what loads them again when they change."""
    from mockglm.server import Sessions
    from mockglm.serving import Reloader
    from mockglm.serving.supervisor import read_worker_settings

    settings = _settings(options)
    sessions = shared.make_sessions(settings) if shared else Sessions(settings)

    def load(scenarios: Sequence[Scenario]) -> None:
        sessions.load((*scenarios, *(recording.played if recording else ())))
        if shared:
            shared.on_load()

    report = shared.report if shared else warn
    reloader = Reloader(paths, load, report, excluded=options["cassette"])
    # The first process shows the progress, not each of its workers.
    with show_loading(is_quiet=read_worker_settings() is not None) as on_file:
        loaded = reloader.load(on_file)
    load(loaded)
    return sessions, reloader


def _open_shared(
    options: Mapping[str, Any], worker: WorkerSettings | None
) -> SharedState | WorkerState | None:
    url = options["state"]
    if not url and worker is None:
        return None
    if options["on_miss"] == "record":
        raise UsageError("--on-miss record cannot share state: only one process writes a cassette")
    if options["improvise_with"]:
        raise UsageError("--improvise-with cannot share state yet")
    report = warn if worker is None or worker.index == 0 else lambda sentence: None
    if worker is not None and not url:
        from mockglm.cli.worker_state import WorkerState

        return WorkerState(Path(worker.folder), worker.index, report)
    from mockglm.cli.shared_state import SharedState

    return SharedState(url, report)


def _open_recording(options: Mapping[str, Any]) -> Recording | None:
    path, upstream = options["cassette"], options["upstream"]
    if (options["on_miss"] == "record") != bool(path and upstream) or bool(path) != bool(upstream):
        raise UsageError("--on-miss record needs --cassette and --upstream, and they need it")
    if not path:
        return None
    from mockglm.cli.recording import open_recording

    return open_recording(
        path,
        upstream,
        "new",
        host=options["host"],
        allowed=options["allow_upstream"],
        ca=options["ca"],
    )


def _open_language_model(options: dict[str, Any]) -> LanguageModel | None:
    url, model = options["improvise_with"], options["improvise_model"]
    if model and not url:
        raise UsageError("--improvise-model needs --improvise-with")
    if not url:
        return None
    if options["on_miss"] not in (None, "improvise"):
        raise UsageError(f"--improvise-with needs --on-miss improvise, not {options['on_miss']}")
    options["on_miss"] = "improvise"
    from mockglm.cli.language_model import open_language_model

    return open_language_model(
        url, model or "", host=options["host"], allowed=options["allow_upstream"], ca=options["ca"]
    )


def _open_metrics(worker: WorkerSettings | None) -> Metrics:
    from mockglm.metrics import Metrics

    return Metrics(folder=Path(worker.folder) if worker else None)


@contextmanager
def _open_telemetry(options: Mapping[str, Any]) -> Iterator[Telemetry | None]:
    if not options["otel"]:
        yield None
        return
    from mockglm.telemetry import Telemetry

    telemetry = Telemetry()
    try:
        yield telemetry
    finally:
        telemetry.close()


def _log_to(*logs: Log | None) -> Log | None:
    """Return one log for all; None if there is none to write to."""
    wanted = [log for log in logs if log is not None]
    if len(wanted) < 2:
        return next(iter(wanted), None)

    def write(entry: Entry) -> None:
        for log in wanted:
            log(entry)

    return write


def _settings(options: dict[str, Any]) -> Settings:
    from mockglm.server import Settings

    return Settings(
        profile=options["profile"],
        policy=options["policy"] or "default",
        accept=frozenset(options["accept"]) or None,
        speed=options["speed"],
        on_miss=options["on_miss"],
        latency=options["latency"],
        as_of=_parse_day(options["as_of"]),
        seed=options["seed"],
        models={model.id: model for model in map(_parse_model, options["models"])},
        has_language_model=bool(options["improvise_with"]),
    )


def _parse_day(text: str | None) -> date | None:
    from mockglm.generations import parse_day

    try:
        return None if text is None else parse_day(text)
    except ValueError as error:
        raise UsageError(f"--as-of {text}: {error}") from error


def _parse_model(text: str) -> Model:
    from mockglm.models import MODELS, like

    id, _, known = text.partition("=")
    if not id or known not in MODELS:
        raise UsageError(f"--model {text}: expected ID=LIKE with a known model, as my-glm=glm-4.6")
    return like(id, MODELS[known])


def _choose_token(host: str) -> str | None:
    """The token of the control API from MOCKGLM_TOKEN, or a random one unless on loopback.

    An empty MOCKGLM_TOKEN counts as none, for a shell expands an unset variable to it.
    """
    given = os.environ.get("MOCKGLM_TOKEN", "").strip()
    if given or is_loopback(host):
        return given or None
    return secrets.token_urlsafe(24)


def _print_unused(sessions: Sessions) -> None:
    from mockglm.cli.recording import list_unused

    for line in list_unused(sessions):
        warn(line)


def _announce(port: int, token: str | None, options: Mapping[str, Any]) -> None:
    from mockglm.app import CONTROL
    from mockglm.surfaces import CHAT

    host, ready_file, opens = options["host"], options["ready_file"], options["opens"]
    scheme = "https" if options["certfile"] else "http"
    bound, reachable = (
        format_origin(name, port, scheme) + CHAT.base for name in (host, reachable_host(host))
    )
    page = f"{reachable.removesuffix(CHAT.base)}{CONTROL}/"
    if ready_file:
        # Renamed, so that no reader sees half of it; before the line is printed, so that its reader
        # finds the file.
        partial_file = ready_file.with_name(ready_file.name + ".part")
        partial_file.write_text(reachable + "\n", encoding="utf-8")
        partial_file.replace(ready_file)
    click.echo(f"mockglm serving {bound}")
    # The second line: programs read the first, and standard error has the log.
    click.echo(f"inspector at {page}")
    if token and token != os.environ.get("MOCKGLM_TOKEN", "").strip():
        click.echo(f"MOCKGLM_TOKEN={token} opens the control API", err=True)
    if opens:
        import webbrowser

        Thread(target=webbrowser.open, args=[page], daemon=True).start()
