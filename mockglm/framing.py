"""HTTP/1.1 below ASGI: the head of an answer, how each piece of its body goes, and what ends it."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus

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
    lines = fields(answer, date)
    said = dict(lines)
    is_bodiless = method == "HEAD" or answer.status in BODILESS
    is_open = not (answer.raw or answer.status in BODILESS or "content-length" in said)
    is_chunked = is_open and version != "1.0"
    if is_chunked:
        lines.append(("transfer-encoding", "chunked"))
    closes = answer.raw or not stays or (is_open and not is_chunked)
    if closes and not answer.raw and "connection" not in said:
        lines.append(("connection", "close"))
    return Framing(
        head=b"" if answer.head is None else _head(answer.status, lines),
        ending=LAST_CHUNK if is_chunked and not is_bodiless else b"",
        is_chunked=is_chunked and not is_bodiless,
        is_bodiless=is_bodiless,
        closes=closes or "close" in said.get("connection", ""),
    )


def fields(answer: Answer, date: str) -> Fields:
    """The header fields of an answer, names in lower case, with the length of its body where that
    is known when it begins."""
    lines = [(name.lower(), value) for name, value in answer.headers]
    said = dict(lines)
    if "date" not in said:
        lines.insert(0, ("date", date))
    if answer.raw or answer.end != "done" or answer.is_stream or answer.status in BODILESS:
        return lines
    if "content-length" not in said:
        size = sum([len(piece) for _, piece in answer.pieces])
        lines.append(("content-length", str(size)))
    return lines


def encoded(text: str) -> bytes:
    """A field's value as bytes; what latin-1 lacks goes as UTF-8, as servers in China do."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _head(status: int, lines: Fields) -> bytes:
    text = "".join([f"{name}: {value}\r\n" for name, value in lines])
    if not text.isascii():
        text = "".join([f"{name}: {encoded(value).decode('latin-1')}\r\n" for name, value in lines])
    return b"%b%b\r\n" % (_status(status), text.encode("latin-1"))


@lru_cache(maxsize=64)
def _status(status: int) -> bytes:
    known = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    phrase = PHRASES.get(status, known)
    return b"HTTP/1.1 %d %b\r\n" % (status, phrase.encode())
