"""The signature of a response: its shape, comparable with that of another response."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from mockglm import sse
from mockglm.drift.summary import (
    chunk_kind,
    decode_json,
    parse_objects,
    summarise_json,
    summarise_stream,
)
from mockglm.drift.types import typed_paths
from mockglm.exchange import JSONObject, Response

TypesByPath = Mapping[str, frozenset[str]]
"""The types at each JSON path; NOTHING is among them where the path is sometimes absent."""

NOTHING = "nothing"

DECISIVE = ("status", "content type", "body", "end")
"""Properties that leave nothing else to compare where they differ."""

APPROXIMATE = ("prompt_tokens",)
"""Counts that stay about the same as long as the service counts in the same way."""

_VOLATILE = re.compile(
    r"""
    \$\.usage\.\w+_details\b.*     # details depend on load and cache
  | .*\.web_search\b.*             # pages and their fields depend on the search
  | .*\.function\.arguments\..*    # arguments belong to the function, not to the service
  | .*\.system_fingerprint
    """,
    re.VERBOSE,
)
"""Paths that come and go without a change of the service."""


class Signature(Struct, frozen=True):
    """`summary` has properties of the whole response; `groups` the types by path, in a stream by
    kind of chunk, in a JSON response under "" alone."""

    summary: Mapping[str, str]
    groups: Mapping[str, TypesByPath]

    @classmethod
    def of(cls, answer: Response) -> Signature:
        """Take the signature of any response."""
        summary = {
            "status": str(answer.status),
            "content type": answer.header("content-type").partition(";")[0].strip().lower(),
            "end": "whole" if answer.end == "done" else "cut",
        }
        body = answer.body
        if answer.is_stream:
            groups: dict[str, list[JSONObject]] = {}
            for chunk in parse_objects([event.data for event in sse.read(body)[0]]):
                groups.setdefault(chunk_kind(chunk), []).append(chunk)
            types = {kind: _types(chunks) for kind, chunks in groups.items()}
            return cls(summary | dict(summarise_stream(body)), types)
        value = decode_json(body)
        if not isinstance(value, dict | list):
            return cls(summary | {"body": "no JSON" if body else "empty"}, {})
        return cls(summary | {"body": "JSON"} | dict(summarise_json(body)), {"": _types([value])})


class Drift(Struct, frozen=True, order=True):
    """One difference. `path` is a JSON path, after the kind of chunk in a stream, or the name of a
    property of the whole response."""

    path: str
    recorded: str
    live: str

    def __str__(self) -> str:
        return f"{self.path}: was {self.recorded}, is {self.live}"


def find_drift(recorded: Signature, live: Signature) -> tuple[Drift, ...]:
    """List the differences that mean that the service changed, those of the whole first.

    Where the responses are of different kinds, that is the only difference.
    """
    found = tuple(_summary_drift(recorded, live))
    decisive = tuple(one for one in found if one.path in DECISIVE)
    return decisive or found + tuple(_type_drift(recorded, live))


def _summary_drift(recorded: Signature, live: Signature) -> Iterator[Drift]:
    for name, before in recorded.summary.items():
        # A property that is absent altogether follows from the order of chunks or from the types.
        after = live.summary.get(name, before)
        if before != after and not (name in APPROXIMATE and _is_near(before, after)):
            yield Drift(name, before, after)


def _is_near(before: str, after: str) -> bool:
    return before.isdigit() and after.isdigit() and int(after) <= 2 * int(before) <= 4 * int(after)


def _type_drift(recorded: Signature, live: Signature) -> Iterator[Drift]:
    absent = frozenset({NOTHING})
    for kind in recorded.groups:
        if kind not in live.groups:
            continue  # the order of chunks differs, too
        before, after = recorded.groups[kind], live.groups[kind]
        gone: list[str] = []
        for path in dict.fromkeys((*before, *after)):
            was, is_now = before.get(path, absent), after.get(path, absent)
            if was == is_now or _VOLATILE.fullmatch(path) or path.startswith(tuple(gone)):
                continue
            if absent in (was, is_now):
                gone += [f"{path}.", f"{path}["]
            yield Drift(f"{kind}: {path}" if kind else path, _join(was), _join(is_now))


def _join(types: frozenset[str]) -> str:
    return " or ".join(sorted(types, key=lambda one: (one == NOTHING, one)))


def _types(values: Sequence[Any]) -> TypesByPath:
    """The types by path of several values of one kind."""
    found: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for value in values:
        pairs = list(typed_paths(value))
        counts.update({path for path, _ in pairs})
        for path, kind in pairs:
            found.setdefault(path, set()).add(kind)
    return {
        path: frozenset(types if counts[path] == len(values) else types | {NOTHING})
        for path, types in found.items()
    }
