"""The texts of the JSON in a body as a client joins them, whole and without escapes.

A stream divides a text into many frames. The pieces of one text have one channel: the path to them,
with the `index` of each object on the way, so that alternating choices and calls are kept apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator
from typing import Any, TypeAlias

import msgspec

from mockglm.redaction.views import View, unescape_literal

Path: TypeAlias = tuple[Hashable, ...]
Leaf: TypeAlias = tuple[Path | None, str]
Place: TypeAlias = tuple[int, int, bool]
"""Start, end, and True for a literal of JSON."""

BETWEEN = b"\0"
"""The separator of two texts: no secret is found across it."""

_LINE = re.compile(rb"[^\r\n]+")
_FIELD = re.compile(rb"data: ?")
_LITERAL = re.compile(rb'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with all its members, including those with the same name."""


def channel_text(data: bytes) -> bytes | None:
    """Return the texts of a body by channel; None if the bytes contain them as they are."""
    texts: dict[Hashable, list[str]] = {}
    for start, end, is_stream in _documents(data):
        for path, text in _leaves(data[start:end], is_exact=False):
            for channel in _channels(path, is_stream=is_stream):
                texts.setdefault(channel, []).append(text)
    if not texts:
        return None
    joined = map("".join, texts.values())
    return BETWEEN.join(text.encode("utf-8", "surrogatepass") for text in joined)


def channel_view(root: View) -> View:
    """Return the same texts with their places in the body, which takes far longer."""
    data = root.data
    places: dict[Hashable, list[Place]] = {}
    for start, end, is_stream in _documents(data):
        for path, place in _placed(data, start, end):
            for channel in _channels(path, is_stream=is_stream):
                places.setdefault(channel, []).append(place)
    view = View(parent=root)
    view.extend(segment for channel in places.values() for segment in _segments(data, channel))
    return view


def _documents(data: bytes) -> Iterator[tuple[int, int, bool]]:
    """Find the JSON documents of a body: start, end, and True for one of many, as the data of
    events and lines with an object each."""
    if _is_document(data):
        # Without escapes, the bytes contain the texts.
        if b"\\" in data:
            yield 0, len(data), False
        return
    if b"data:" not in data and b"}" not in data:
        return
    for match in _LINE.finditer(data):
        line = match[0]
        field = _FIELD.match(line)
        if field:
            yield match.start() + field.end(), match.end(), True
        elif line.startswith(b"{") and line.endswith(b"}"):
            yield match.start(), match.end(), True


def _is_document(data: bytes) -> bool:
    if data.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (ValueError, RecursionError):
        return False
    return True


def _channels(path: Path | None, *, is_stream: bool) -> Iterator[Hashable]:
    """The channels of a text: its path, and in a stream also its name, because a server may count
    its choices wrongly."""
    if path is not None:
        yield path
        if is_stream and path and isinstance(path[-1], str):
            yield path[-1]


def _placed(data: bytes, start: int, end: int) -> Iterator[tuple[Path | None, Place]]:
    leaves = _leaves(data[start:end], is_exact=True)
    if leaves == [((), data[start:end].decode(errors="replace"))]:
        yield (), (start, end, False)
        return
    literals = _LITERAL.finditer(data, start, end)
    for (path, _), literal in zip(leaves, literals, strict=False):
        yield path, (*literal.span(1), True)


def _segments(data: bytes, places: list[Place]) -> Iterator[tuple[bytes, int, int]]:
    for start, end, is_literal in places:
        if is_literal:
            yield from unescape_literal(data, start, end)
        elif start < end:
            yield data[start:end], start, end
    yield BETWEEN, 0, 0


def _leaves(data: bytes, *, is_exact: bool) -> list[Leaf]:
    """The names (without a path) and texts of a document in order; the whole if it is no JSON.

    With `is_exact`, members with the same name are all included.
    """
    leaves: list[Leaf] = []
    if not data.startswith((b"{", b"[", b'"')):
        return [((), data.decode(errors="replace"))]
    try:
        _walk(_pairs(data) if is_exact else _parsed(data), (), leaves)
    except (ValueError, RecursionError):
        return [((), data.decode(errors="replace"))]
    return leaves


def _parsed(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return _pairs(data)  # a lone surrogate


def _pairs(data: bytes) -> Any:
    return json.loads(data.decode(), object_pairs_hook=_Pairs)


def _walk(value: Any, path: Path, leaves: list[Leaf]) -> None:
    # Type by type, for a stream of a megabyte has some 50,000 texts.
    kind = type(value)
    if kind is str:
        leaves.append((path, value))
    elif kind is dict or kind is _Pairs:
        index = _index(value)
        path = path if index is None else (*path, index)
        for name, item in value if kind is _Pairs else value.items():
            leaves.append((None, name))
            _walk(item, (*path, name), leaves)
    elif kind is list:
        for number, item in enumerate(value):
            _walk(item, path if _index(item) is not None else (*path, number), leaves)


def _index(value: Any) -> int | None:
    """The `index` of an object of a stream, its number among others of its kind."""
    if type(value) is _Pairs:
        value = dict(value)
    index = value.get("index") if type(value) is dict else None
    return index if type(index) is int else None
