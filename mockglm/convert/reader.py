"""Files of other tools read as exchanges, each body byte for byte as far as it was kept.

Saved bodies become responses to any request. Sources: kevin1024/vcrpy (serialize.py,
serializers/compat.py), dnaeon/go-vcr v1 to v4 (cassette/cassette.go), pydantic/pydantic-ai's
tests/json_body_serializer.py, which keeps JSON as `parsed_body`, and betamaxpy/betamax
(cassette/interaction.py), whose interactions have the shape of vcrpy's.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockglm.convert import aimock, har, nock, saved_bodies
from mockglm.errors import FileError, Problem
from mockglm.exchange import Exchange, Headers, Request, Response
from mockglm.scenarios import verbatim
from mockglm.server.routes import parse_route
from mockglm.yaml_documents import construct, read_file

BARE = (".sse", ".txt")
"""Suffixes of files that hold a body, with its head or without."""

MAYBE = (".json",)
"""Suffixes of files that may hold one."""

JSON_SUFFIXES = (".json", ".har")

Read = tuple[Exchange, str, str]
"""An exchange, its base URL, and its date."""

LARGEST_BODY = 64 * 2**20
"""Bytes of the largest body without its content codings; 64 KB of gzip can hold as many."""

LARGEST_BODIES = 256 * 2**20
"""Bytes of all bodies of a cassette together."""

_SPAN = re.compile(r"([0-9.]+)(h|m(?!s)|s|ms|us|µs|ns)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_CREATED = re.compile(rb'"created": ?([0-9]{10})\b')
_CODINGS = {"gzip": 31, "deflate": 15}
"""Content codings, and the window size that has zlib read them."""


class ForeignCassette(Struct, frozen=True):
    """The recordings of one file.

    `by` is the tool that made it, `origin` the base URL of its requests and `at` its date, both ""
    if the file does not have them. A saved body is a response alone, in `answers`; `interactions`
    are values of the file format, of tools whose files are scenarios. `notes` say what was
    approximated or left out.
    """

    by: str
    origin: str = ""
    at: str = ""
    exchanges: tuple[Exchange, ...] = ()
    answers: tuple[Response, ...] = ()
    interactions: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()


def read_foreign(path: Path) -> ForeignCassette:
    """Read a file of another tool. Raises FileError with the first mistake in it."""
    source = read_file(path)
    file = None if path.suffix in BARE else _parsed(path, source)
    if file is None:
        return _saved(path, source)
    return next(read for is_format, read in FORMATS if is_format(file))(path, file)


def _read_vcr(path: Path, file: Mapping[str, Any]) -> ForeignCassette:
    rows = file["interactions"]
    return _gather(path, "go-vcr" if _is_go(rows) else "vcrpy", _interactions(path, rows))


def _read_betamax(path: Path, file: Mapping[str, Any]) -> ForeignCassette:
    return _gather(path, "betamax", _interactions(path, file["http_interactions"]))


def _read_nock(path: Path, file: list[Any]) -> ForeignCassette:
    read = _interactions(path, file, lambda one: _interaction(nock.to_vcr(one)))
    return _gather(path, "nock", read)


def _read_har(path: Path, file: Mapping[str, Any]) -> ForeignCassette:
    try:
        entries, others = har.find_entries(file)
    except Exception as error:
        raise _unreadable(path, f"an entry of the HAR: {_words(error)}") from error
    if not entries:
        raise _unreadable(path, f"none of its {others} entries is a request to the API")
    count = f"{others} {'entry' if others == 1 else 'entries'}"
    notes = [f"{count} left out: to other addresses, or without a response"] if others else []

    def read(entry: Mapping[str, Any]) -> Read:
        found, note = har.read_entry(entry)
        if note:
            notes.append(f"{found[0].request.method} {found[0].request.path}: {note}")
        return found

    by = "Polly.js" if har.is_polly(file) else "HAR"
    # The notes are complete when all entries have been read.
    gathered = _gather(path, by, _interactions(path, entries, read))
    return replace(gathered, notes=tuple(notes))


def _read_aimock(path: Path, file: Mapping[str, Any]) -> ForeignCassette:
    try:
        translation = aimock.translate(file)
    except Exception as error:
        raise _unreadable(path, f"a fixture: {_words(error)}") from error
    if not translation.interactions:
        raise _unreadable(path, "no fixture answers a chat")
    return ForeignCassette("aimock", interactions=translation.interactions, notes=translation.notes)


def _gather(path: Path, by: str, read: Iterable[Read]) -> ForeignCassette:
    found = tuple(read)
    if not found:
        raise _unreadable(path, "it has no interactions")
    return ForeignCassette(
        by=by,
        origin=next((origin for _, origin, _ in found), ""),
        at=next((at for _, _, at in found if at), ""),
        exchanges=tuple(exchange for exchange, _, _ in found),
    )


def _interactions(
    path: Path, written: Iterable[Any], read: Callable[[Any], Read] | None = None
) -> Iterator[Read]:
    size = 0
    for ordinal, interaction in enumerate(written, 1):
        try:
            found = (read or _interaction)(interaction)
        # Other recorders write what they like: a status of 1e999 is an OverflowError, for one.
        except Exception as error:
            raise _unreadable(path, f"interaction {ordinal}: {_words(error)}") from error
        answer = found[0].response
        size += len(found[0].request.body) + (len(answer.body) if answer else 0)
        if size > LARGEST_BODIES:
            message = f"the bodies are larger than {LARGEST_BODIES // 2**20} MiB together"
            raise _unreadable(path, message)
        yield found


def _saved(path: Path, source: bytes) -> ForeignCassette:
    try:
        answer = saved_bodies.parse_saved_body(source)
        body = _inflated(answer.body, answer.headers)
        at = _date(answer.headers, body)
    except Exception as error:
        raise _unreadable(path, _words(error)) from error
    answer = replace(answer, chunks=((0.0, body),) if body else ())
    return ForeignCassette("curl", at=at, answers=(answer,))


def _parsed(path: Path, source: bytes) -> Any:
    """The value of a file in a known format; None for JSON that may be the body of a response."""
    file = _construct(path, source)
    if isinstance(file, Mapping) and "format" in file and "interactions" in file:
        raise _unreadable(path, "a file of mockglm already")
    if any(is_format(file) for is_format, _ in FORMATS):
        return file
    if path.suffix in MAYBE:
        return None
    if path.suffix == ".har":
        raise _unreadable(path, "no HAR: no `log` with `entries`")
    raise _unreadable(path, "neither a cassette of vcrpy nor of go-vcr: no `interactions`")


def _construct(path: Path, source: bytes) -> Any:
    """Parse a file as JSON, which is quick, or as YAML; None for JSON that is none."""
    if path.suffix in JSON_SUFFIXES:
        with suppress(ValueError):
            return msgspec.json.decode(source)
    try:
        return construct(str(path), source)
    except FileError:
        if path.suffix in MAYBE:
            return None
        raise


def _is_vcr(file: Any) -> bool:
    return isinstance(file, Mapping) and isinstance(file.get("interactions"), list)


def _is_betamax(file: Any) -> bool:
    return isinstance(file, Mapping) and isinstance(file.get("http_interactions"), list)


def _is_go(rows: list[Any]) -> bool:
    return any(isinstance(one, Mapping) and "url" in (one.get("request") or ()) for one in rows)


FORMATS: tuple[tuple[Callable[[Any], bool], Callable[[Path, Any], ForeignCassette]], ...] = (
    (_is_vcr, _read_vcr),
    (_is_betamax, _read_betamax),
    (har.is_har, _read_har),
    (aimock.is_aimock, _read_aimock),
    (nock.is_nock, _read_nock),
)
"""The formats of other tools: the test of a file's value, and the function that reads it."""


def _interaction(written: Mapping[str, Any]) -> Read:
    """The exchange, its base URL and its date."""
    asked, answered = written["request"], written["response"]
    url = urlsplit(asked["url"] if "url" in asked else asked["uri"])
    where = parse_route(url.path)
    sent = tuple((name.lower(), value) for name, value in _headers(asked.get("headers")))
    request = Request(har.parse_method(asked["method"]), where.tail, url.query, sent, _sent(asked))
    origin = har.format_origin(url, where)
    headers = _headers(answered.get("headers"))
    answer = _answer(answered, headers)
    return Exchange(request, answer, 0.0), origin, _date(headers, answer.body)


def _sent(asked: Mapping[str, Any]) -> bytes:
    if "parsed_body" in asked:
        return verbatim.encode_json(asked["parsed_body"])
    return _bytes(asked.get("body"))


def _answer(answered: Mapping[str, Any], headers: Headers) -> Response:
    status = answered["code"] if "code" in answered else answered["status"]["code"]
    at = _seconds(answered.get("duration"))
    body = _received(answered, headers)
    return Response(int(status), headers, ((at, body),) if body else (), head=at)


def _received(answered: Mapping[str, Any], headers: Headers) -> bytes:
    if "parsed_body" in answered:
        return verbatim.encode_json(answered["parsed_body"])
    return _inflated(_bytes(answered.get("body")), headers)


def _inflated(body: bytes, headers: Headers) -> bytes:
    """A body without its content codings; recorders often leave the header of one they undid.

    Raises ValueError for one that is still there and cannot be undone.
    """
    values = [value for name, value in headers if name.lower() == "content-encoding"]
    codings = [coding.strip().lower() for value in values for coding in value.split(",")]
    for coding in reversed(codings):
        body = _decoded(body, coding)
    others = set(codings).difference(_CODINGS, ("", "identity"))
    if others and not _is_text(body):
        raise ValueError(f"the body is encoded in {', '.join(sorted(others))}: record it without")
    return body


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _bytes(body: Any) -> bytes:
    """A body as vcrpy's versions and go-vcr write it."""
    if isinstance(body, dict):
        if "base64_string" in body:
            return b64decode(body["base64_string"])
        body = body.get("string")
    if isinstance(body, dict | list):
        return json.dumps(body, ensure_ascii=False).encode()
    return body.encode() if isinstance(body, str) else body or b""


def _decoded(body: bytes, coding: str) -> bytes:
    """A body without one content coding, where that is known and still there."""
    if coding not in _CODINGS or not body:
        return body
    try:
        inflater = zlib.decompressobj(_CODINGS[coding])
        found = inflater.decompress(body, LARGEST_BODY + 1)
    except zlib.error:
        return body
    if len(found) > LARGEST_BODY:
        raise ValueError(
            f"the body is larger than {LARGEST_BODY // 2**20} MiB without its {coding}"
        )
    return found if inflater.eof else body


def _headers(written: Any) -> Headers:
    return tuple(_lines((written or {}).items()))


def _lines(rows: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for name, values in rows:
        for value in values if isinstance(values, list) else [values]:
            yield name, str(value)


def _seconds(duration: Any) -> float:
    """A duration as Go writes it: 1.116786417s, 350ms, 1m3.5s; or in nanoseconds."""
    if isinstance(duration, int | float):
        return duration * 1e-9
    parts = _SPAN.findall(duration or "")
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts), 3)


def _date(headers: Headers, body: bytes) -> str:
    """Return the date of a response by its Date header, else by its body; "" if neither has one."""
    text = next((value for name, value in headers if name.lower() == "date"), "")
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        created = _CREATED.search(body)
        if created is None:
            return ""
        then = datetime.fromtimestamp(int(created[1]), UTC)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def _unreadable(path: Path, message: str) -> FileError:
    return FileError([Problem(str(path), 1, 1, message)])


def _words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error)
