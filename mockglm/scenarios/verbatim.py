"""Verbatim responses and recorded request bodies, compiled from the file."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from mockglm.completions.renderer import JSON_TYPE, STREAM_TYPE
from mockglm.exchange import End, Headers, RecordedChunks, Response
from mockglm.faults.options import DAY
from mockglm.http1 import BODILESS
from mockglm.messages import encode_event
from mockglm.scenarios import schema
from mockglm.scenarios.problems import NodePath
from mockglm.scenarios.replies import compile_headers

Chunk = tuple[float, bytes]

ABSENT_BODIES = {"body": None, "json": UNSET, "events": None, "chunks": None}
"""Keys that contain a body, of which a response has one at most, with the value of an absent
one."""

DEFAULT_TYPES = {"json": JSON_TYPE, "events": STREAM_TYPE}

_LINE = re.compile(r"^(\d+(?:\.\d+)?) (.*)$", re.MULTILINE)
# With a line feed it is five times as fast as with ^.
_TIME = re.compile(r"\n(\d+(?:\.\d+)?) ")


def compile_response(response: schema.ResponseSpec, place: NodePath) -> Response:
    """Compile a verbatim response and report its mistakes."""
    kinds = [
        name for name, absent in ABSENT_BODIES.items() if getattr(response, name) is not absent
    ]
    for name in kinds[1:]:
        place.at(name).report(f"`{name}` beside `{kinds[0]}`: a response has one body")
    chunks = _READERS[kinds[0]](response, place.at(kinds[0])) if kinds else ()
    if response.status in BODILESS and any(data for _, data in chunks):
        place.at(kinds[0]).report(f"a response with status {response.status} has no body")
    return Response(
        status=response.status,
        headers=_compile_headers(response, kinds, place),
        chunks=chunks,
        end=_compile_end(response.cut),
        head=response.at,
    )


def compile_body(request: schema.RequestSpec, place: NodePath) -> bytes:
    """Encode the body of a recorded request as it was sent."""
    if request.base64 is not None:
        if request.body is not None:
            place.at("base64").report("`base64` beside `body`: a request has one body")
        return _decode_base64(request.base64, place.at("base64"))
    if request.body is None:
        return b""
    return request.body.encode() if isinstance(request.body, str) else encode_json(request.body)


def parse_events(text: str) -> tuple[Sequence[Chunk], dict[int, str]]:
    """Parse a block of event lines into chunks, and mistakes by line, counted from 0.

    Events of the same time are one chunk; empty lines are skipped. The events of a message are
    named by their type.
    """
    times = list(map(float, _TIME.findall("\n" + text)))
    is_whole = len(times) == text.count("\n") + (not text.endswith("\n"))
    if not is_whole or times != sorted(times) or max(times, default=0) > DAY:
        wrong = dict(_find_wrong_lines(text))
        if wrong:
            return (), wrong
    return RecordedChunks(text.encode(), _cut_events) if times else (), {}


def _cut_events(source: bytes) -> tuple[Chunk, ...]:
    """Cut a block of event lines without mistakes into chunks."""
    due: dict[float, list[bytes]] = {}
    for at, data in _LINE.findall(source.decode()):
        due.setdefault(float(at), []).append(encode_event(data.encode()))
    return tuple((at, b"".join(frames)) for at, frames in due.items())


def encode_json(value: Any) -> bytes:
    """Encode a value as `json` and recorded requests are sent: compact, keys in their order."""
    return msgspec.json.encode(value)


def _find_wrong_lines(text: str) -> Iterator[tuple[int, str]]:
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


def _read_body(response: schema.ResponseSpec, place: NodePath) -> tuple[Chunk, ...]:
    return ((response.at, (response.body or "").encode()),)


def _read_json(response: schema.ResponseSpec, place: NodePath) -> tuple[Chunk, ...]:
    return ((response.at, encode_json(response.json)),)


def _read_events(response: schema.ResponseSpec, place: NodePath) -> Sequence[Chunk]:
    chunks, wrong = parse_events(response.events or "")
    for line, message in wrong.items():
        place.report_line(line, message)
    return chunks


def _read_chunks(response: schema.ResponseSpec, place: NodePath) -> tuple[Chunk, ...]:
    chunks: list[Chunk] = []
    for index, item in enumerate(response.chunks or ()):
        spot = place.at(index)
        if isinstance(item, schema.BytesSpec):
            chunks.append((item.at, _decode_base64(item.base64, spot.at("base64"))))
        else:
            chunks.append((item[0], item[1].encode()))
        if chunks[index][0] < chunks[max(index - 1, 0)][0]:
            spot.report("times must not go back")
    return tuple(chunks)


_READERS: Mapping[str, Callable[[schema.ResponseSpec, NodePath], Sequence[Chunk]]] = {
    "body": _read_body,
    "json": _read_json,
    "events": _read_events,
    "chunks": _read_chunks,
}


def _compile_headers(response: schema.ResponseSpec, kinds: list[str], place: NodePath) -> Headers:
    if response.headers is None and kinds and kinds[0] in DEFAULT_TYPES:
        return (("Content-Type", DEFAULT_TYPES[kinds[0]]),)
    return compile_headers(response.headers, place.at("headers"))


def _compile_end(cut: bool | str) -> End:
    ends: dict[bool | str, End] = {
        False: "done",
        True: "close",
        "close": "close",
        "reset": "reset",
        "hang": "hang",
    }
    return ends[cut]


def _decode_base64(text: str, place: NodePath) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        place.report("not base64")
        return b""
