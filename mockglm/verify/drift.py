"""Where two shapes differ, as far as it is the service that changed and not its mood."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from mockglm.verify.shape import NOTHING, Shape

__all__ = ["Drift", "drift"]

_TIDE = re.compile(
    r"""
    \$\.usage\.\w+_details\b.*     # which details are told changes with load and cache
  | .*\.web_search\b.*             # what pages there are, and what is known of them
  | .*\.function\.arguments\..*    # of the function, not of the service
  | .*\.system_fingerprint
    """,
    re.VERBOSE,
)
"""Paths that come and go without the service having changed."""


OTHER = ("status", "content type", "body", "end")
"""Facts that leave nothing else to compare."""

COUNTS = ("prompt_tokens",)
"""Facts that are numbers, and about the same as long as the service counts as it did."""


class Drift(Struct, frozen=True, order=True):
    """What was recorded at a place and what is there now. `path` is a JSON path, behind the kind
    of chunk it is in where the answer is a stream, or the name of a fact of the whole answer."""

    path: str
    recorded: str
    live: str

    def __str__(self) -> str:
        return f"{self.path}: was {self.recorded}, is {self.live}"


def drift(recorded: Shape, live: Shape) -> tuple[Drift, ...]:
    """All drift from what was recorded to what is live, the whole answer's first.

    What is another kind of answer altogether has only that to its name.
    """
    found = tuple(_facts(recorded, live))
    other = tuple(one for one in found if one.path in OTHER)
    return other or found + tuple(_places(recorded, live))


def _facts(recorded: Shape, live: Shape) -> Iterator[Drift]:
    """Facts that both have; what one lacks altogether, the order and the places say."""
    for name, was in recorded.facts.items():
        is_ = live.facts.get(name, was)
        if was != is_ and not (name in COUNTS and _is_near(was, is_)):
            yield Drift(name, was, is_)


def _is_near(was: str, is_: str) -> bool:
    """Whether two counts are about the same."""
    return was.isdigit() and is_.isdigit() and int(is_) <= 2 * int(was) <= 4 * int(is_)


def _places(recorded: Shape, live: Shape) -> Iterator[Drift]:
    for kind in recorded.groups:
        if kind not in live.groups:
            continue  # the order of chunks says so
        was, is_ = recorded.groups[kind], live.groups[kind]
        gone: list[str] = []
        for path in dict.fromkeys((*was, *is_)):
            before = was.get(path, frozenset({NOTHING}))
            after = is_.get(path, frozenset({NOTHING}))
            if before == after or _TIDE.fullmatch(path) or path.startswith(tuple(gone)):
                continue
            if {NOTHING} in (before, after):
                gone += [f"{path}.", f"{path}["]
            yield Drift(f"{kind}: {path}" if kind else path, _words(before), _words(after))


def _words(forms: frozenset[str]) -> str:
    return " or ".join(sorted(forms, key=lambda form: (form == NOTHING, form)))
