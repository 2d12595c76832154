"""HTTP/1.1 below ASGI: the head of an answer, how each piece of its body goes, and what ends it."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus

from msgspec import Struct

from mockglm.exchange import Headers, Response

BODILESS = (204, 304)
"""Statuses whose answers end with their head (RFC 9112, section 6.3)."""

LAST_CHUNK = b"0\r\n\r\n"
LOG_ID = "X-Log-Id"
"""The last header of every answer that is rendered."""

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
    closes_connection: bool = False

    def encode_chunk(self, piece: bytes) -> bytes:
        """A piece of the body, framed."""
        if self.is_chunked:
            return b"".join((_chunk_size_line(len(piece)), piece, b"\r\n")) if piece else b""
        return b"" if self.is_bodiless else piece


def frame_response(
    answer: Response, date: str, *, method: str = "GET", version: str = "1.1", stays: bool = True
) -> Framing:
    """How an answer goes to a client that asked with this method and version of HTTP.

    `date` is for an answer that has none of its own; `stays` is False where the client wants the
    connection closed. A raw answer frames its body itself.
    """
    kind, log_id = _head_template(
        answer, is_head=method == "HEAD", knows_chunks=version != "1.0", stays=stays
    )
    return Framing(
        head=b"" if answer.head is None else kind.head(answer, date, log_id),
        ending=LAST_CHUNK if kind.is_chunked else b"",
        is_chunked=kind.is_chunked,
        is_bodiless=kind.is_bodiless,
        closes_connection=kind.closes,
    )


def header_fields(answer: Response, date: str) -> Fields:
    """The header fields of an answer, names in lower case, with the length of its body where that
    is known when it begins."""
    kind, _ = _head_template(answer)
    lines = [(name.lower(), value) for name, value in answer.headers]
    before = [("date", date)] if kind.is_dated else []
    behind = [("content-length", str(answer.size))] if kind.is_sized else []
    return [*before, *lines, *behind]


def encode_value(text: str) -> bytes:
    """A field's value as bytes; what latin-1 lacks goes as UTF-8, as servers in China do."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


class _HeadTemplate(Struct, frozen=True):
    """What all answers have in common that differ in their date, their log id and their length.

    The head is `start`, the date if `is_dated`, `lines`, the log id, `before_size`, the length if
    `is_sized`, and `end`.
    """

    start: str
    lines: str
    before_size: str
    end: str
    is_dated: bool
    is_sized: bool
    is_chunked: bool
    is_bodiless: bool
    closes: bool

    def head(self, answer: Response, date: str, log_id: str) -> bytes:
        dated, size = date if self.is_dated else "", answer.size if self.is_sized else ""
        text = f"{self.start}{dated}{self.lines}{log_id}{self.before_size}{size}{self.end}"
        return text.encode("latin-1")


@lru_cache(maxsize=4096)
def _chunk_size_line(length: int) -> bytes:
    """The line before a chunk; the frames of streams have few lengths."""
    return b"%x\r\n" % length


def _head_template(
    answer: Response, *, is_head: bool = False, knows_chunks: bool = True, stays: bool = True
) -> tuple[_HeadTemplate, str]:
    """The kind of an answer, and its log id, which is another in every answer and comes last."""
    headers, log_id = answer.headers, ""
    if headers and headers[-1][0] == LOG_ID and headers[-1][1].isascii():
        headers, log_id = headers[:-1], headers[-1][1]
    is_whole = answer.end == "done"
    kind = _build_template(
        headers, bool(log_id), answer.status, answer.raw, is_whole, is_head, knows_chunks, stays
    )
    return kind, log_id


@lru_cache(maxsize=512)
def _build_template(
    headers: Headers,
    has_id: bool,
    status: int,
    is_raw: bool,
    is_whole: bool,
    is_head: bool,
    knows_chunks: bool,
    stays: bool,
) -> _HeadTemplate:
    """The kind of answers with these headers, a log id behind them, and this status."""
    own = {name.lower(): value for name, value in headers}
    is_bodiless = is_head or status in BODILESS
    is_framed = is_raw or "content-length" in own or status in BODILESS
    is_stream = own.get("content-type", "").startswith("text/event-stream")
    is_sized = is_whole and not is_stream and not is_framed
    is_open = not is_framed and not is_sized
    is_chunked = is_open and knows_chunks
    closes = is_raw or not stays or (is_open and not is_chunked)
    lines = "".join([f"{name.lower()}: {_to_latin1(value)}\r\n" for name, value in headers])
    end = "transfer-encoding: chunked\r\n" if is_chunked else ""
    if closes and not is_raw and "connection" not in own:
        end += "connection: close\r\n"
    is_dated = "date" not in own
    return _HeadTemplate(
        start=_status_line(status) + "date: " * is_dated,
        lines="\r\n" * is_dated + lines + f"{LOG_ID.lower()}: " * has_id,
        before_size="\r\n" * has_id + "content-length: " * is_sized,
        end="\r\n" * is_sized + end + "\r\n",
        is_dated=is_dated,
        is_sized=is_sized,
        is_chunked=is_chunked and not is_bodiless,
        is_bodiless=is_bodiless,
        closes=closes or "close" in own.get("connection", ""),
    )


def _to_latin1(value: str) -> str:
    return encode_value(value).decode("latin-1")


def _status_line(status: int) -> str:
    known = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    return f"HTTP/1.1 {status} {PHRASES.get(status, known)}\r\n"
