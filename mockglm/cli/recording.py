"""Opening recordings for `record` and `serve --on-miss record`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mockglm import recorder
from mockglm.api_keys import KEY_VARIABLES, find_api_key
from mockglm.cli.log import warn
from mockglm.recorder import Mode, RecordedExchange, Recording, Upstream, is_real_key
from mockglm.urls import is_loopback

if TYPE_CHECKING:
    from mockglm.server import Sessions

MAX_LISTED = 20


def open_recording(
    path: Path,
    upstream: str,
    mode: Mode,
    *,
    host: str,
    allowed: Iterable[str] = (),
    ca: str | None = None,
    on_recorded: Callable[[RecordedExchange], None] = lambda recorded: None,
) -> Recording:
    """Open a recording of a service with the API key of the environment.

    `host` is the address that clients reach; `on_recorded` is called with each exchange. Raises
    UpstreamError for a service that is not allowed, and what `recorder.open_recording` raises.
    """

    def make_upstream() -> Upstream:
        return Upstream(upstream, allowed=allowed, key=_find_spendable_key(host), ca=ca)

    return recorder.open_recording(
        path, mode, make_upstream, print_line=warn, on_recorded=on_recorded
    )


def list_unused(sessions: Sessions) -> list[str]:
    """List the interactions that were never used, in lines to print."""
    unused, total = (
        sessions.unused(),
        sum(len(one.interactions) for one in sessions.loaded),
    )
    if not unused:
        return []
    named = [f"  {one.location}" for one in unused[:MAX_LISTED]]
    more = [f"  and {len(unused) - MAX_LISTED} more"] if len(unused) > MAX_LISTED else []
    return [f"never used: {len(unused)} of {total} interactions", *named, *more]


def _find_spendable_key(host: str) -> str:
    """The API key of the environment, unless other machines could spend it."""
    key = find_api_key(os.environ, Path.cwd())
    if key and not is_loopback(host):
        warn(f"mockglm: other machines can reach {host}, so every client needs its own API key")
        return ""
    if key and not is_real_key(key):
        warn("mockglm: the API key in the environment is a dummy; keys of GLM are id.secret")
    if not key:
        warn(f"mockglm: no API key in {KEY_VARIABLES[0]} or .env; clients need their own")
    return key
