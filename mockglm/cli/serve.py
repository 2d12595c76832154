"""`mockglm serve`: play scenarios and cassettes until told to stop."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockglm.app import App
from mockglm.cli.log import LOGS
from mockglm.errors import UsageError
from mockglm.models import MODELS, Model, like
from mockglm.scenarios import Scenario
from mockglm.server import Sessions, Settings
from mockglm.serving import Reloader, Server, collect_when_idle, listen
from mockglm.urls import format_origin, is_loopback, reachable_host

if TYPE_CHECKING:
    from mockglm.recorder import Recording

__all__ = ["serve_command"]

BASE = "/api/paas/v4"


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8600, show_default=True, help="Where to listen; 0 is any.")
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="2 is twice as fast, 0 at once.",
)
@click.option(
    "--on-miss",
    type=click.Choice(["improvise", "error", "record"]),
    help="What a request gets that nothing answers.  [default: improvise, with files error]",
)
@click.option(
    "--cassette",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where --on-miss record records, as `mockglm record --mode new` does.",
)
@click.option("--upstream", metavar="URL", help="The service that --on-miss record asks.")
@click.option("--allow-upstream", multiple=True, metavar="HOST", help="Ask this host, too.")
@click.option("--ca", type=click.Path(exists=True), help="Trust these certificates upstream, too.")
@click.option(
    "--profile",
    type=click.Choice(["bigmodel", "zai"]),
    default="bigmodel",
    show_default=True,
    help="Whose habits: open.bigmodel.cn's or api.z.ai's.",
)
@click.option("--strict", "policy", flag_value="strict", help="Refuse all that is documented.")
@click.option("--lenient", "policy", flag_value="lenient", help="Refuse only the unreadable.")
@click.option("--accept", multiple=True, metavar="KEY", help="Take this key, and no other.")
@click.option("--model", "models", multiple=True, metavar="ID=LIKE", help="Know one more model.")
@click.option("--seed", default="mockglm", show_default=True, help="What chance is drawn from.")
@click.option(
    "--log",
    type=click.Choice(sorted(LOGS)),
    default="text",
    show_default=True,
    help="A line for each request.",
)
@click.option("--certfile", type=click.Path(exists=True), help="Serve over TLS with it.")
@click.option("--keyfile", type=click.Path(exists=True), help="The key of the certificate.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Write the base URL there.")
def serve_command(
    paths: tuple[Path, ...],
    host: str,
    port: int,
    log: str,
    certfile: str | None,
    keyfile: str | None,
    ready_file: Path | None,
    **options: Any,
) -> None:
    """Play the scenarios in PATHS (files and folders); with none, improvise."""
    recording = _recording(host, options)
    sessions = Sessions(_settings(options))

    def take(scenarios: Sequence[Scenario]) -> None:
        sessions.load((*scenarios, *(recording.played if recording else ())))

    reloader = Reloader(paths, take, _tell, but=options["cassette"])
    take(reloader.load())
    socket = listen(host, port)
    scheme = "https" if certfile else "http"
    bound, asked = (
        format_origin(name, socket.getsockname()[1], scheme) + BASE
        for name in (host, reachable_host(host))
    )
    token = _token(host)
    recorder = recording.recorder if recording else None
    app = App(
        sessions, log=LOGS[log], token=token, recorder=(lambda _: recorder) if recorder else None
    )
    server = Server(
        app,
        ready=lambda: _say(bound, asked, token, ready_file),
        beside=[
            partial(collect_when_idle, app.player.scheduler),
            *([reloader.run] if paths else []),
        ],
        after=[recorder.close] if recorder else [],
        certfile=certfile,
        keyfile=keyfile,
    )
    server.run(sockets=[socket])
    if log != "none":
        _summarize(sessions)


def _recording(host: str, options: Mapping[str, Any]) -> Recording | None:
    """What --on-miss record wants; nothing is recorded without it."""
    path, upstream = options["cassette"], options["upstream"]
    if (options["on_miss"] == "record") != bool(path and upstream) or bool(path) != bool(upstream):
        raise UsageError("--on-miss record, --cassette FILE and --upstream URL belong together")
    if not path:
        return None
    from mockglm.cli.recording import open_recording

    return open_recording(
        path, upstream, "new", host=host, allowed=options["allow_upstream"], ca=options["ca"]
    )


def _settings(options: dict[str, Any]) -> Settings:
    return Settings(
        profile=options["profile"],
        policy=options["policy"] or "default",
        accept=frozenset(options["accept"]) or None,
        speed=options["speed"],
        on_miss=options["on_miss"],
        seed=options["seed"],
        models={model.id: model for model in map(_model, options["models"])},
    )


def _model(text: str) -> Model:
    id, _, known = text.partition("=")
    if not id or known not in MODELS:
        raise UsageError(f"--model {text}: write ID=LIKE, LIKE a model that is known, as glm-4.6")
    return like(id, MODELS[known])


def _token(host: str) -> str | None:
    """The token of the control API: none on loopback, elsewhere a random one, unless one is set.

    An empty MOCKGLM_TOKEN is none: as a token it would refuse everybody, and it is what a shell
    makes of a variable that it does not have.
    """
    given = os.environ.get("MOCKGLM_TOKEN", "").strip()
    if given or is_loopback(host):
        return given or None
    return secrets.token_urlsafe(24)


def _summarize(sessions: Sessions) -> None:
    from mockglm.cli.recording import summary

    for line in summary(sessions):
        _tell(line)


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)


def _say(bound: str, asked: str, token: str | None, ready_file: Path | None) -> None:
    if ready_file:
        # Whoever waits for the file must never read half of it, who reads the line finds it there.
        half = ready_file.with_name(ready_file.name + ".part")
        half.write_text(asked + "\n", encoding="utf-8")
        half.replace(ready_file)
    click.echo(f"mockglm serving {bound}")
    if token and token != os.environ.get("MOCKGLM_TOKEN", "").strip():
        click.echo(f"MOCKGLM_TOKEN={token} opens the control API", err=True)
