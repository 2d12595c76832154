"""Answers to the byte, as a file has them."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from mockglm.completions.errors import JSON_TYPE, STREAM_TYPE
from mockglm.exchange import End, Headers, Response
from mockglm.faults.options import DAY
from mockglm.http1 import BODILESS
from mockglm.scenarios import schema
from mockglm.scenarios.problems import NodePath
from mockglm.scenarios.replies import compile_headers
from mockglm.sse import frame

Piece = tuple[float, bytes]

BODIES = {"body": None, "json": UNSET, "events": None, "chunks": None}
"""The ways to write a body, of which an answer has one at most; and what stands for its absence."""

TYPES = {"json": JSON_TYPE, "events": STREAM_TYPE}

_LINE = re.compile(r"^(\d+(?:\.\d+)?) (.*)$", re.MULTILINE)


def compile_response(response: schema.ResponseSpec, place: NodePath) -> Response:
    """The answer that is written; mistakes are noted at their place."""
    kinds = [name for name, absent in BODIES.items() if getattr(response, name) is not absent]
    for name in kinds[1:]:
        place.at(name).report(f"`{name}` beside `{kinds[0]}`: an answer has one body")
    pieces = _READERS[kinds[0]](response, place.at(kinds[0])) if kinds else ()
    if response.status in BODILESS and any(data for _, data in pieces):
        place.at(kinds[0]).report(f"an answer of status {response.status} has no body")
    return Response(
        status=response.status,
        headers=_headers(response, kinds, place),
        chunks=pieces,
        end=_end(response.cut),
        head=response.at,
    )


def compile_body(request: schema.RequestSpec, place: NodePath) -> bytes:
    """The body of a recorded request."""
    if request.base64 is not None:
        if request.body is not None:
            place.at("base64").report("`base64` beside `body`: a request has one body")
        return _decoded(request.base64, place.at("base64"))
    if request.body is None:
        return b""
    return request.body.encode() if isinstance(request.body, str) else dump(request.body)


def parse_events(text: str) -> tuple[tuple[Piece, ...], dict[int, str]]:
    """The pieces that a block of event lines says, and what is wrong by line (from 0).

    Events of the same time are one piece; empty lines do not count.
    """
    found = _LINE.findall(text)
    times = [float(at) for at, _ in found]
    is_whole = len(found) == text.count("\n") + (not text.endswith("\n"))
    if not is_whole or times != sorted(times) or max(times, default=0) > DAY:
        wrong = dict(_wrong(text))
        if wrong:
            return (), wrong
    due: dict[float, list[bytes]] = {}
    for at, (_, data) in zip(times, found, strict=True):
        due.setdefault(at, []).append(frame(data.encode()))
    return tuple((at, b"".join(frames)) for at, frames in due.items()), {}


def dump(value: Any) -> bytes:
    """A value as `json` and recorded requests are sent: compact, in the order written."""
    return msgspec.json.encode(value)


def _wrong(text: str) -> Iterator[tuple[int, str]]:
    last = 0.0
    for number, line in enumerate(text.split("\n")):
        match = _LINE.fullmatch(line)
        if match is None:
            if line:
                yield number, "expected seconds, a space and the data of an event"
            continue
        at = float(match[1])
        if at < last:
            yield number, f"{match[1]} comes after {last:.3f}: times must not go back"
        if at > DAY:
            yield number, f"{match[1]:.40} is more than a day"
        last = max(last, at)


def _body(response: schema.ResponseSpec, place: NodePath) -> tuple[Piece, ...]:
    return ((response.at, (response.body or "").encode()),)


def _json(response: schema.ResponseSpec, place: NodePath) -> tuple[Piece, ...]:
    return ((response.at, dump(response.json)),)


def _events(response: schema.ResponseSpec, place: NodePath) -> tuple[Piece, ...]:
    pieces, wrong = parse_events(response.events or "")
    for line, message in wrong.items():
        place.report_line(line, message)
    return pieces


def _chunks(response: schema.ResponseSpec, place: NodePath) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for index, item in enumerate(response.chunks or ()):
        spot = place.at(index)
        if isinstance(item, schema.BytesSpec):
            pieces.append((item.at, _decoded(item.base64, spot.at("base64"))))
        else:
            pieces.append((item[0], item[1].encode()))
        if pieces[index][0] < pieces[max(index - 1, 0)][0]:
            spot.report("times must not go back")
    return tuple(pieces)


_READERS = {"body": _body, "json": _json, "events": _events, "chunks": _chunks}


def _headers(response: schema.ResponseSpec, kinds: list[str], place: NodePath) -> Headers:
    if response.headers is None and kinds and kinds[0] in TYPES:
        return (("Content-Type", TYPES[kinds[0]]),)
    return compile_headers(response.headers, place.at("headers"))


def _end(cut: bool | str) -> End:
    ends: dict[bool | str, End] = {
        False: "done",
        True: "close",
        "close": "close",
        "reset": "reset",
        "hang": "hang",
    }
    return ends[cut]


def _decoded(text: str, place: NodePath) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        place.report("not base64")
        return b""
