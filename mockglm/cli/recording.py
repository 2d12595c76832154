"""What `record` and `serve --on-miss record` have in common: a cassette, a service, a recorder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockglm.api_keys import NAMES, find_api_key
from mockglm.recorder import Mode, Passed, Recording, Upstream, begin, is_real
from mockglm.urls import is_loopback

if TYPE_CHECKING:
    from mockglm.server import Sessions

__all__ = ["Recording", "open_recording", "summary"]

MOST_NAMED = 20


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
    """Make ready to record from a service, with the key of the environment, for clients that reach
    the host; `watch` is told of what it answers.

    Raises UpstreamError for a service that may not be asked, and what `begin` raises.
    """

    def service() -> Upstream:
        return Upstream(upstream, allowed=allowed, key=_key(host), ca=ca)

    return begin(path, mode, service, tell=_tell, watch=watch)


def summary(sessions: Sessions) -> list[str]:
    """What was never used, in lines; none where all of it was."""
    unused, total = (
        sessions.unused(),
        sum(len(one.interactions) for one in sessions.loaded),
    )
    if not unused:
        return []
    named = [f"  {one.location}" for one in unused[:MOST_NAMED]]
    more = [f"  and {len(unused) - MOST_NAMED} more"] if len(unused) > MOST_NAMED else []
    return [f"never used: {len(unused)} of {total} interactions", *named, *more]


def _key(host: str) -> str:
    """The environment's key, if only this machine can spend it."""
    key = find_api_key(os.environ, Path.cwd())
    if key and not is_loopback(host):
        _tell(f"mockglm: other machines can reach {host}, so every client needs its own API key")
        return ""
    if key and not is_real(key):
        _tell("mockglm: the API key in the environment has not the form id.secret of GLM's")
    if not key:
        _tell(f"mockglm: no API key in {NAMES[0]} or .env; clients need their own")
    return key


def _tell(line: str) -> None:
    click.echo(line, err=True)
