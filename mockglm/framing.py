"""HTTP/1.1 below ASGI: the head of an answer, how each piece of its body goes, and what ends it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from itertools import chain
from operator import itemgetter

from msgspec import Struct

from mockglm.exchange import Answer

__all__ = ["BODILESS", "Framing", "encoded", "fields", "frame"]

BODILESS = (204, 304)
"""Statuses whose answers end with their head (RFC 9112, section 6.3)."""

LAST_CHUNK = b"0\r\n\r\n"

PHRASES = {
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
}
"""What nginx says, where Python's words change with its version."""

Fields = list[tuple[str, str]]

_name, _value = itemgetter(0), itemgetter(1)


class Framing(Struct, frozen=True):
    """An answer on the wire: `head`, each piece as `part` has it, `ending`. A connection that
    `closes` can take no other."""

    head: bytes
    ending: bytes = b""
    is_chunked: bool = False
    is_bodiless: bool = False
    closes: bool = False

    def part(self, piece: bytes) -> bytes:
        """A piece of the body, framed."""
        if self.is_chunked:
            return b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
        return b"" if self.is_bodiless else piece


def frame(
    answer: Answer, date: str, *, method: str = "GET", version: str = "1.1", stays: bool = True
) -> Framing:
    """How an answer goes to a client that asked with this method and version of HTTP.

    `date` is for an answer that has none of its own; `stays` is False where the client wants the
    connection closed. A raw answer frames its body itself.
    """
    kind = _kind(
        tuple(map(_name, answer.headers)),
        answer.status,
        answer.raw,
        answer.end == "done" and not answer.is_stream,
        method == "HEAD",
        version != "1.0",
        stays,
    )
    return Framing(
        head=b"" if answer.head is None else kind.head(_values(kind, answer, date)),
        ending=LAST_CHUNK if kind.is_chunked else b"",
        is_chunked=kind.is_chunked,
        is_bodiless=kind.is_bodiless,
        closes=kind.closes or (kind.says_connection and "close" in answer.header("connection")),
    )


def fields(answer: Answer, date: str) -> Fields:
    """The header fields of an answer, names in lower case, with the length of its body where that
    is known when it begins."""
    is_whole = answer.end == "done" and not answer.is_stream
    kind = _kind(tuple(map(_name, answer.headers)), answer.status, answer.raw, is_whole)
    return list(zip(kind.names, _values(kind, answer, date), strict=True))


def encoded(text: str) -> bytes:
    """A field's value as bytes; what latin-1 lacks goes as UTF-8, as servers in China do."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


class _Kind(Struct, frozen=True):
    """What all answers of one kind have in common.

    `names` are those of the fields that have a value of their own in each, a date before theirs
    and a length behind where `is_dated` and `is_sized`. In the head each value has its own text of
    `before` in front of it; `ending` comes last.
    """

    names: tuple[str, ...]
    before: tuple[str, ...]
    ending: str
    is_dated: bool
    is_sized: bool
    is_chunked: bool
    is_bodiless: bool
    closes: bool
    says_connection: bool

    def head(self, values: Sequence[str]) -> bytes:
        text = self._text(values)
        if not text.isascii():
            text = self._text([encoded(value).decode("latin-1") for value in values])
        return text.encode("latin-1")

    def _text(self, values: Sequence[str]) -> str:
        return "".join((*chain.from_iterable(zip(self.before, values, strict=True)), self.ending))


@lru_cache(maxsize=256)
def _kind(
    names: tuple[str, ...],
    status: int,
    is_raw: bool,
    is_whole: bool,
    is_head: bool = False,
    knows_chunks: bool = True,
    stays: bool = True,
) -> _Kind:
    """The kind of answers with these names of headers and this status; few there are."""
    own = tuple(map(str.lower, names))
    is_dated, has_length = "date" not in own, "content-length" in own
    is_bodiless = is_head or status in BODILESS
    is_sized = is_whole and not (is_raw or has_length or status in BODILESS)
    is_open = not (is_raw or has_length or is_sized or status in BODILESS)
    is_chunked = is_open and knows_chunks
    closes = is_raw or not stays or (is_open and not is_chunked)
    said = (*("date",) * is_dated, *own, *("content-length",) * is_sized)
    ending = "\r\n"
    if is_chunked:
        ending += "transfer-encoding: chunked\r\n"
    if closes and not is_raw and "connection" not in own:
        ending += "connection: close\r\n"
    return _Kind(
        names=said,
        before=(f"{_status(status)}{said[0]}: ", *[f"\r\n{name}: " for name in said[1:]]),
        ending=f"{ending}\r\n",
        is_dated=is_dated,
        is_sized=is_sized,
        is_chunked=is_chunked and not is_bodiless,
        is_bodiless=is_bodiless,
        closes=closes,
        says_connection="connection" in own,
    )


def _values(kind: _Kind, answer: Answer, date: str) -> list[str]:
    values = list(map(_value, answer.headers))
    if kind.is_dated:
        values.insert(0, date)
    if kind.is_sized:
        values.append(str(answer.size))
    return values


def _status(status: int) -> str:
    known = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    return f"HTTP/1.1 {status} {PHRASES.get(status, known)}\r\n"
