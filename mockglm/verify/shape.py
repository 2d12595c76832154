"""The shape of an answer: where in it what is, in what order, how it is framed, how it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from mockglm import sse
from mockglm.exchange import Response
from mockglm.verify import facts
from mockglm.verify.forms import forms

__all__ = ["Shape", "shape"]

Places = Mapping[str, frozenset[str]]
"""JSON paths and the forms of what is there; NOTHING is among them where it sometimes is not."""

NOTHING = "nothing"


class Shape(Struct, frozen=True):
    """`facts` are of the whole answer; `groups` the places of its values, in a stream by kind of
    chunk, in a JSON answer under "" alone."""

    facts: Mapping[str, str]
    groups: Mapping[str, Places]


def shape(answer: Response) -> Shape:
    """The shape of an answer, whatever it is."""
    found = {
        "status": str(answer.status),
        "content type": answer.header("content-type").partition(";")[0].strip().lower(),
        "end": "whole" if answer.end == "done" else "cut",
    }
    body = answer.body
    if answer.is_stream:
        return _stream(body, found)
    value = _parsed(body)
    if not isinstance(value, dict | list):
        return Shape(found | {"body": "no JSON" if body else "empty"}, {})
    found["body"] = "JSON"
    if isinstance(value, dict):
        found |= facts.completion(value)
    return Shape(found, {"": _places([value])})


def _stream(body: bytes, found: dict[str, str]) -> Shape:
    data = [event.data for event in sse.read(body)[0]]
    values = [_parsed(text.encode()) for text in data if text != facts.DONE]
    chunks = [value for value in values if isinstance(value, dict)]
    groups: dict[str, list[Any]] = {}
    for chunk in chunks:
        groups.setdefault(facts.chunk_kind(chunk), []).append(chunk)
    found["framing"] = facts.framing(body)
    found["chunks"] = "all JSON" if len(chunks) == len(values) else "not all JSON"
    found |= facts.stream(data, chunks)
    return Shape(found, {kind: _places(group) for kind, group in groups.items()})


def _places(values: Sequence[Any]) -> Places:
    """The places of several values of one kind together."""
    found: dict[str, set[str]] = {}
    often: dict[str, int] = {}
    for value in values:
        here: dict[str, set[str]] = {}
        for path, form in forms(value):
            here.setdefault(path, set()).add(form)
        for path, seen in here.items():
            found.setdefault(path, set()).update(seen)
            often[path] = often.get(path, 0) + 1
    for path, count in often.items():
        if count < len(values):
            found[path].add(NOTHING)
    return {path: frozenset(seen) for path, seen in found.items()}


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
