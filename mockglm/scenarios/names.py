"""Which of several scenarios a URL can name, and why it cannot name the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mockglm.scenarios.values import Scenario

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
"""What can stand in a URL as `/s/NAME`."""

SHOWN = 3
"""Files that are shown of those with one name."""


def index_by_name(scenarios: Iterable[Scenario]) -> Mapping[str, Scenario]:
    """The scenarios that a URL can name: those whose name fits there and is theirs alone.

    Recordings of tests are called as the tests are, often alike; they play all the same.
    """
    found: dict[str, list[Scenario]] = {}
    for one in scenarios:
        found.setdefault(one.name, []).append(one)
    return {
        name: alike[0] for name, alike in found.items() if len(alike) == 1 and NAME.fullmatch(name)
    }


def unknown_name(name: str, scenarios: Iterable[Scenario]) -> str:
    """Why none of the scenarios called so can be named, in a sentence; "" if none is."""
    paths = [one.path for one in scenarios if one.name == name]
    if len(paths) > 1:
        more = ", …" if len(paths) > SHOWN else ""
        shown = ", ".join(paths[:SHOWN]) + more
        return f"{len(paths)} files are called {name!r}: {shown}; rename one, or load it alone"
    if paths and not NAME.fullmatch(name):
        form = "a-z, 0-9, `.`, `_` and `-`, a-z or 0-9 first"
        return f"no URL can name {paths[0]}; rename it, a name has {form}"
    return ""
