"""Exchanges as interactions of a file: request, response and times, normalised."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from mockglm.cassettes.redaction import kept_headers
from mockglm.cassettes.yaml_layout import FlowStyle, fits_yaml, quote_text, render_lines
from mockglm.exchange import Exchange, Headers, Request, Response
from mockglm.http1 import BODILESS
from mockglm.matching import canonical
from mockglm.messages import encode_event
from mockglm.scenarios import verbatim

STATUSES = range(200, 600)
"""Statuses of responses that are recorded."""

ENDS: Mapping[str, Any] = {"close": True, "reset": "reset", "hang": "hang"}
"""The marks of responses that were cut."""

_FRAMES = re.compile(rb"(?:(?:event: \w+\n)?data: [^\r\n]*\n\n)+")
_EVENT_LINE = re.compile(r"(?m)^event: .*\n")
# Characters that a block of YAML can contain as they are: no control characters, no byte order
# mark, and no line break of YAML 1.1 (U+0085, U+2028, U+2029).
_PRINTABLE = re.compile(
    "[\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)


def dump(exchange: Exchange) -> str:
    """Write an exchange as text of YAML: an item of `interactions`, flush left, with a line feed.

    Raises ValueError for one without a response, which is no interaction, and for a status that is
    none of HTTP's.
    """
    response = _recordable(exchange)
    return _item({"request": _request(exchange.request), "response": _response(response)})


def dump_bytes(exchange: Exchange) -> str:
    """Write an exchange as `dump` does, its bodies as base64 whatever is in them."""
    request, response = exchange.request, normalise(_recordable(exchange))
    body = {"base64": b64encode(request.body).decode()} if request.body else {}
    chunks = {"chunks": [dump_base64(*chunk) for chunk in response.chunks]}
    written = {
        "request": _request_line(request) | body,
        "response": _status_line(response) | (chunks if response.chunks else {}) | _cut(response),
    }
    return _item(written)


def dump_response(answer: Response) -> str:
    """Write a response as text of YAML that answers any request, for an unknown request.

    Raises ValueError for a status that is none of HTTP's.
    """
    _check_status(answer)
    return _item({"when": {}, "response": _response(answer)})


def normalise(answer: Response) -> Response:
    """Return a response as a file keeps it and as it is replayed.

    Times are whole milliseconds, and the pieces of one millisecond are one piece. Empty pieces and
    bodies of statuses without a body are dropped. Of the headers, those in KEPT_HEADERS are kept,
    and those with the same name are together.
    """
    due: dict[float, list[bytes]] = {}
    for at, piece in () if answer.status in BODILESS else answer.chunks:
        if piece:
            due.setdefault(round(at, 3), []).append(piece)
    return replace(
        answer,
        headers=kept_headers(answer.headers),
        chunks=tuple((at, b"".join(pieces)) for at, pieces in due.items()),
        head=round(answer.head or 0.0, 3),
    )


def _recordable(exchange: Exchange) -> Response:
    """The response of an exchange. Raises ValueError if there is none that a file can have."""
    response = exchange.response
    if response is None or response.head is None:
        raise ValueError("an exchange without an answer is not recorded")
    _check_status(response)
    return response


def _check_status(response: Response) -> None:
    if response.status not in STATUSES:
        raise ValueError(f"{response.status} is no status of HTTP")


def _item(written: Mapping[str, Any]) -> str:
    return "".join(f"{line}\n" for line in render_lines([written]))


def _request(request: Request) -> dict[str, Any]:
    return _request_line(request) | _payload(request)


def _request_line(request: Request) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if request.method != "POST":
        written["method"] = request.method
    written["path"] = request.path
    if request.query:
        written["query"] = request.query
    return written


def _payload(request: Request) -> dict[str, Any]:
    """The body: its JSON if that is the same request, else its text or its bytes."""
    if not request.body:
        return {}
    value = _parsed(request.body)
    if value is not None and _is_same(request, value):
        return {"body": value}
    try:
        return {"body": request.body.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(request.body).decode()}


def _is_same(request: Request, value: Any) -> bool:
    written = _dumped(value)
    if written is None:
        return False
    key = partial(canonical.key, request.method, request.path, query=request.query)
    return key(body=request.body) == key(body=written)


def _response(answer: Response) -> dict[str, Any]:
    answer = normalise(answer)
    return _status_line(answer) | _body(answer) | _cut(answer)


def _status_line(answer: Response) -> dict[str, Any]:
    written: dict[str, Any] = {"status": answer.status, "headers": _grouped(answer.headers)}
    return written | ({"at": answer.head} if answer.head else {})


def _cut(answer: Response) -> dict[str, Any]:
    return {"cut": ENDS[answer.end]} if answer.end in ENDS else {}


def _grouped(headers: Headers) -> dict[str, str | list[str]]:
    names: dict[str, list[str]] = {}
    for name, value in headers:
        names.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in names.items()}


def _body(answer: Response) -> dict[str, Any]:
    """The body, in the most readable form that is read back with all bytes and times."""
    if not answer.chunks:
        return {}
    events = dump_events(answer.chunks)
    if events is not None:
        return {"events": events}
    return _whole(answer) or {"chunks": [dump_chunk(*piece) for piece in answer.chunks]}


def _whole(answer: Response) -> dict[str, Any] | None:
    """A body that came at once with the headers, as JSON or text; None for any other."""
    if [at for at, _ in answer.chunks] != [answer.head]:
        return None
    value = _parsed(answer.body)
    if value is not None and _dumped(value) == answer.body:
        return {"json": value}
    try:
        return {"body": answer.body.decode()}
    except UnicodeDecodeError:
        return None


def _parsed(body: bytes) -> Any:
    """A JSON object or list that YAML can have; None for everything else."""
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) and fits_yaml(value) else None


def _dumped(value: Any) -> bytes | None:
    try:
        return verbatim.encode_json(value)
    except (ValueError, OverflowError):
        return None


def dump_events(pieces: Iterable[tuple[float, bytes]]) -> str | None:
    """Write pieces as a block of event lines; None if they are not whole frames of printable text,
    named as they would be read back, and have to be written as chunks."""
    written: list[str] = []
    for at, data in pieces:
        try:
            frames = data.decode().split("\n\n")[:-1]
        except UnicodeDecodeError:
            return None
        texts = [_EVENT_LINE.sub("", frame).removeprefix("data: ") for frame in frames]
        if not _FRAMES.fullmatch(data) or not all(map(_PRINTABLE.fullmatch, texts)):
            return None
        if b"".join(encode_event(text.encode()) for text in texts) != data:
            return None
        written.extend(f"{at:.3f} {text}\n" for text in texts)
    return "".join(written)


def dump_chunk(at: float, data: bytes) -> FlowStyle:
    """Write one piece as an item of `chunks`: as text if it is one."""
    try:
        return FlowStyle(f"[{at:.3f}, {quote_text(data.decode())}]")
    except UnicodeDecodeError:
        return dump_base64(at, data)


def dump_base64(at: float, data: bytes) -> FlowStyle:
    """Write one piece as an item of `chunks`, as base64."""
    return FlowStyle(f"{{at: {at:.3f}, base64: {b64encode(data).decode()}}}")
