"""JSON paths, as far as a file's `ignore` knows them: $.a.b, ['a b'], [0], [*], .*, ..name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct

_SEGMENT = re.compile(
    r"""
    \.\.(?P<deep>[^\s.\[\]()*?@'",:]+)
  | \.(?P<name>[^\s.\[\]()*?@'",:]+)
  | \['(?P<quoted>[^']*)'\]
  | \[(?P<item>[0-9]+)\]
  | (?P<each>\[\*\]|\.\*)
    """,
    re.VERBOSE,
)


_REMOVED = object()
"""Takes the place of a removed item until all are removed."""


class Each(Struct, frozen=True):
    """Every value of a mapping or item of a list."""


class Deep(Struct, frozen=True):
    """A key at any depth."""

    name: str


Segment = str | int | Each | Deep
Path = tuple[Segment, ...]


@lru_cache(maxsize=1024)
def parse(text: str) -> Path:
    """A path as its segments. Raises ValueError, with the place, for what is not understood."""
    if not text.startswith("$"):
        raise ValueError(
            f"{text!r} is not a path; a path begins with $, as in $.messages[0].content"
        )
    segments = tuple(_segments(text))
    if not segments:
        raise ValueError("$ is the whole body; name what in it is to be ignored")
    return segments


def remove(value: Any, paths: Iterable[Path]) -> None:
    """Remove the values that paths name from a JSON value, in place; indices are those before."""
    places = [place for path in paths for place in _places(value, path)]
    lists: list[list[Any]] = []
    for holder, name in places:
        if isinstance(holder, dict):
            holder.pop(name, None)
        elif holder[name] is not _REMOVED:
            holder[name] = _REMOVED
            lists.append(holder)
    for holder in lists:
        if _REMOVED in holder:
            holder[:] = [item for item in holder if item is not _REMOVED]


def _segments(text: str) -> Iterator[Segment]:
    at = 1
    while at < len(text):
        match = _SEGMENT.match(text, at)
        if match is None:
            known = "known are .name, ['name'], [0], [*], .* and ..name"
            raise ValueError(f"{text!r}: {text[at:]!r} is not understood; {known}")
        yield _segment(match)
        at = match.end()


def _segment(match: re.Match[str]) -> Segment:
    if match["item"] is not None:
        return int(match["item"])
    if match["each"] is not None:
        return Each()
    if match["deep"] is not None:
        return Deep(match["deep"])
    return match["name"] if match["name"] is not None else match["quoted"]


def _places(value: Any, path: Path) -> Iterator[tuple[Any, Any]]:
    """The (holder, key or index) pairs a path names."""
    first, rest = path[0], path[1:]
    for holder, name in _found(value, first):
        if rest:
            yield from _places(holder[name], rest)
        else:
            yield holder, name


def _found(value: Any, first: Segment) -> Iterator[tuple[Any, Any]]:
    if isinstance(first, Deep):
        yield from ((holder, first.name) for holder in _mappings(value) if first.name in holder)
    elif isinstance(first, Each):
        yield from ((value, name) for name in _names(value))
    elif isinstance(first, int):
        if isinstance(value, list) and first < len(value):
            yield value, first
    elif isinstance(value, dict) and first in value:
        yield value, first


def _names(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value
    return range(len(value)) if isinstance(value, list) else ()


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for name in _names(value):
        yield from _mappings(value[name])
