"""What `record` and `serve --on-miss record` have in common: a cassette, a service, a recorder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockglm.cassette import Cassette
from mockglm.errors import UsageError
from mockglm.recorder import NAMES, Mode, Passed, Recorder, Upstream, find, is_real, plan
from mockglm.redact import Redactor
from mockglm.scenario import Scenario, load

if TYPE_CHECKING:
    from mockglm.session import Sessions

__all__ = ["Recording", "open_recording", "summary"]

MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Recording:
    """What a mode makes of a cassette: what of it is played, and the recorder, None if nothing is
    recorded."""

    played: tuple[Scenario, ...]
    recorder: Recorder | None


def open_recording(
    path: Path,
    upstream: str,
    mode: Mode,
    *,
    host: str,
    allowed: Iterable[str] = (),
    ca: str | None = None,
    watch: Callable[[Passed], None] = lambda passed: None,
) -> Recording:
    """Make ready to record from a service, for clients that reach the host; `watch` is told of what
    it answers.

    Raises UsageError for a folder that cannot be written to, UpstreamError for a service that may
    not be asked, FileError for a cassette that cannot be read.
    """
    there = load(path) if path.exists() else None
    planned = plan(mode, there is None or not there.interactions)
    played = (there,) if there is not None and planned.plays else ()
    if not planned.records:
        return Recording(played, None)
    _check_folder(path.parent)
    key = _key(host)
    service = Upstream(upstream, allowed=allowed, key=key, ca=ca)
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    cassette = Cassette(path, origin=service.base, at=at, anew=planned.anew)
    redactor = Redactor((key,) if key else ())
    return Recording(played, Recorder(service, cassette, redactor, tell=_tell, watch=watch))


def summary(sessions: Sessions) -> list[str]:
    """What was never used, in lines; none where all of it was."""
    unused, total = (
        sessions.unused(),
        sum(len(one.interactions) for one in sessions.loaded.values()),
    )
    if not unused:
        return []
    named = [f"  {one.where}" for one in unused[:MOST_NAMED]]
    more = [f"  and {len(unused) - MOST_NAMED} more"] if len(unused) > MOST_NAMED else []
    return [f"never used: {len(unused)} of {total} interactions", *named, *more]


def _key(host: str) -> str:
    """The environment's key, if only this machine can spend it."""
    key = find(os.environ, Path.cwd())
    if key and not _is_loopback(host):
        _tell(f"mockglm: {host} is open to others, so that every client needs a key of its own")
        return ""
    if key and not is_real(key):
        _tell("mockglm: the key of the environment has not the shape of one, id.secret")
    if not key:
        _tell(f"mockglm: no key in the environment ({NAMES[0]} …) or .env; clients bring their own")
    return key


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror or error}") from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{folder} cannot be written to")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _tell(line: str) -> None:
    click.echo(line, err=True)
