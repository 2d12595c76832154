"""The environment of a command that shall reach no host but this one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping

from mockglm.api_keys import is_real_key
from mockglm.surfaces import ANTHROPIC, CHAT
from mockglm.testing.environment import NO_PROXY_VARIABLES, PROXY_VARIABLES

LOOPBACK = "127.0.0.1,localhost,::1"

QUIET_VARIABLES = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",  # Claude Code's telemetry and updates
    "DO_NOT_TRACK": "1",  # https://consoledonottrack.com
    "NODE_USE_ENV_PROXY": "1",  # makes fetch of Node 24 and later use the proxy variables
}
"""Variables that stop the telemetry and updates of clients, and make them use proxies."""

GLM_URL = re.compile(
    r"https?://(?:open\.|www\.)?bigmodel\.cn(?P<cn>/[\w/.-]*)?|https?://(?:api\.)?z\.ai(?P<ai>/[\w/.-]*)?"
)
"""A URL of the service in the value of a variable."""


def isolate(environment: Mapping[str, str], origin: str, key: str) -> dict[str, str]:
    """Return an environment in which no variable leads to another host.

    Proxies become the server at `origin`, which refuses to forward; URLs of the service in values
    lead to it; values that are real API keys become `key`.
    """
    cleaned = {
        name: key if is_real_key(value) else _redirect(value, origin)
        for name, value in environment.items()
    }
    names = [spelled for name in PROXY_VARIABLES for spelled in (name, name.lower())]
    return {
        **cleaned,
        **dict.fromkeys(names, origin),
        **dict.fromkeys(NO_PROXY_VARIABLES, LOOPBACK),
        **QUIET_VARIABLES,
    }


def find_gaps() -> Iterator[str]:
    """Yield the ways to other hosts that an environment cannot close."""
    yield (
        "isolated: a command that ignores proxy variables, such as Node before 24 or its children "
        "with an environment of their own, still reaches other hosts"
    )
    if sys.platform == "linux":
        yield (
            "isolated: to close these too, take the network away from all of it: "
            "unshare -rn sh -c 'ip link set lo up; mockglm run …'"
        )


def _redirect(value: str, origin: str) -> str:
    """Replace the service's origin in a URL; a path of neither surface becomes the one of v4."""

    def replace(found: re.Match[str]) -> str:
        path = found["cn"] or found["ai"] or CHAT.base
        known = any(
            path.startswith(base) for one in (CHAT, ANTHROPIC) for base in one.bases if base
        )
        return origin + (path if known else CHAT.base)

    return GLM_URL.sub(replace, value)
