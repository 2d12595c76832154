"""HTTP/1.1 below ASGI: the head of a response and the framing of its body (RFC 9112)."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from mockglm.exchange import Frames, Headers, Response

BODILESS = (204, 304)
"""Statuses whose responses end with their head (RFC 9112, section 6.3)."""

MAX_WRITE = 65536
"""Bytes written at once: a slow reader is noticed before all of a response is in memory."""

LOG_ID = "X-Log-Id"
"""The last header of every rendered response."""

# nginx's phrases, where Python's words change with its version.
_PHRASES = {
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
    431: "Request Header Fields Too Large",
}


class BodyWriter:
    """Frames a body as its headers announce; the connection stays open behind it.

    `header` is the header line that announces the framing, `ending` follows the last chunk.
    """

    header = ""
    ending = b""
    closes_connection = False

    def encode_chunk(self, chunk: bytes) -> bytes:
        return chunk


class SizedWriter(BodyWriter):
    """Frames a body by a content-length, which is known when the head goes."""


class ChunkedWriter(BodyWriter):
    """Frames a body whose length is not known, for HTTP/1.1."""

    header = "transfer-encoding: chunked\r\n"
    ending = b"0\r\n\r\n"

    def encode_chunk(self, chunk: bytes) -> bytes:
        # An empty chunk would end the body.
        return b"".join((_chunk_size_line(len(chunk)), chunk, b"\r\n")) if chunk else b""


class CloseWriter(BodyWriter):
    """Ends a body whose length is not known with the connection, for HTTP/1.0."""

    closes_connection = True


class RawWriter(BodyWriter):
    """Sends a response that frames its own body, possibly wrongly."""

    closes_connection = True


class NoBodyWriter(BodyWriter):
    """Sends no body: for HEAD, and for statuses that never have one."""

    def encode_chunk(self, chunk: bytes) -> bytes:
        return b""


DECLARED, SIZED, CHUNKED, CLOSE, RAW, NO_BODY = (
    BodyWriter(),
    SizedWriter(),
    ChunkedWriter(),
    CloseWriter(),
    RawWriter(),
    NoBodyWriter(),
)


class Framing(Struct, frozen=True):
    """A response as bytes of HTTP/1.1: its head, and the writer of its body.

    After a response that `closes_connection`, the connection can carry no other.
    """

    head: bytes
    writer: BodyWriter
    closes_connection: bool

    @property
    def ending(self) -> bytes:
        return self.writer.ending

    def encode_chunk(self, chunk: bytes) -> bytes:
        return self.writer.encode_chunk(chunk)


class _Kind(Struct, frozen=True):
    """All that decides the head of a response but its date, its log id and its length."""

    status: int
    headers: Headers
    has_log_id: bool
    is_raw: bool
    is_whole: bool
    is_head: bool
    knows_chunks: bool
    keep_alive: bool


class _HeadTemplate(Struct, frozen=True):
    """The head of responses of a kind, in the parts between date, log id and length."""

    writer: BodyWriter
    body_writer: BodyWriter
    closes_connection: bool
    is_dated: bool
    start: str
    lines: str
    before_size: str
    end: str

    def fill(self, date: str, log_id: str, size: int) -> bytes:
        """Return the head; `size` is the length of the body, where that is announced."""
        dated = date if self.is_dated else ""
        sized = size if self.writer is SIZED else ""
        text = f"{self.start}{dated}{self.lines}{log_id}{self.before_size}{sized}{self.end}"
        return text.encode("latin-1")


def frame_response(
    response: Response,
    date: str,
    *,
    method: str = "GET",
    version: str = "1.1",
    keep_alive: bool = True,
) -> Framing:
    """Frame a response for a client that sent this method and version of HTTP.

    `date` is used if the response has no date of its own; `keep_alive` is False if the client wants
    the connection closed. A response without a head has an empty one.
    """
    template, log_id = _find_template(
        response, is_head=method == "HEAD", knows_chunks=version != "1.0", keep_alive=keep_alive
    )
    size = response.size if template.writer is SIZED else 0
    head = b"" if response.head is None else template.fill(date, log_id, size)
    return Framing(head, template.body_writer, template.closes_connection)


def header_fields(response: Response, date: str) -> list[tuple[str, str]]:
    """Return the header fields for ASGI: names in lower case, with date and length if needed."""
    template, _ = _find_template(response)
    fields = [(name.lower(), value) for name, value in response.headers]
    before = [("date", date)] if template.is_dated else []
    behind = [("content-length", str(response.size))] if template.writer is SIZED else []
    return [*before, *fields, *behind]


def encode_value(text: str) -> bytes:
    """Encode a field's value as latin-1; any other text as UTF-8, as servers in China do."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _find_template(
    response: Response, *, is_head: bool = False, knows_chunks: bool = True, keep_alive: bool = True
) -> tuple[_HeadTemplate, str]:
    """Return the head template of a response, and the log id to fill in."""
    headers, log_id = response.headers, ""
    # The log id differs in every response and is the last header of those that are rendered.
    if headers:
        name, value = headers[-1]
        if name == LOG_ID and value.isascii():
            headers, log_id = headers[:-1], value
    # A plain tuple is hashed and compared faster than a Struct.
    kind = (
        response.status,
        headers,
        log_id != "",
        response.raw,
        response.end == "done",
        is_head,
        knows_chunks,
        keep_alive,
    )
    return _build_template(kind), log_id


# Most responses of a server are of few kinds: their heads are built once.
@lru_cache(maxsize=512)
def _build_template(fields: tuple[Any, ...]) -> _HeadTemplate:
    kind = _Kind(*fields)
    own = {name.lower(): value for name, value in kind.headers}
    writer = _choose_writer(kind, own)
    closes = writer.closes_connection or not kind.keep_alive
    lines = "".join([f"{name.lower()}: {_to_latin1(value)}\r\n" for name, value in kind.headers])
    end = writer.header
    if closes and not kind.is_raw and "connection" not in own:
        end += "connection: close\r\n"
    is_dated, is_sized = "date" not in own, writer is SIZED
    return _HeadTemplate(
        writer=writer,
        body_writer=NO_BODY if kind.is_head or kind.status in BODILESS else writer,
        closes_connection=closes or "close" in own.get("connection", ""),
        is_dated=is_dated,
        start=_status_line(kind.status) + "date: " * is_dated,
        lines="\r\n" * is_dated + lines + f"{LOG_ID.lower()}: " * kind.has_log_id,
        before_size="\r\n" * kind.has_log_id + "content-length: " * is_sized,
        end="\r\n" * is_sized + end + "\r\n",
    )


def _choose_writer(kind: _Kind, own: dict[str, str]) -> BodyWriter:
    if kind.is_raw:
        return RAW
    if "content-length" in own or kind.status in BODILESS:
        return DECLARED
    is_stream = own.get("content-type", "").startswith("text/event-stream")
    if kind.is_whole and not is_stream:
        return SIZED
    return CHUNKED if kind.knows_chunks else CLOSE


# The frames of streams have few lengths.
@lru_cache(maxsize=4096)
def _chunk_size_line(length: int) -> bytes:
    return b"%x\r\n" % length


def _to_latin1(value: str) -> str:
    return encode_value(value).decode("latin-1")


def _status_line(status: int) -> str:
    known = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    return f"HTTP/1.1 {status} {_PHRASES.get(status, known)}\r\n"


def encode_at_once(
    response: Response, *, keep_alive: bool = True, largest: int = MAX_WRITE
) -> tuple[bytes, bool] | None:
    """Encode a response to a POST over HTTP/1.1 that is due now and ends cleanly.

    Returns its bytes, head and body, and True if the connection is to be closed behind them; None
    if it has to be played: it is paced, broken, or longer than `largest`.
    """
    chunks = response.chunks
    if response.head != 0 or response.raw or response.end != "done" or len(chunks) > 1:
        return None
    frames = chunks if type(chunks) is Frames else None
    if frames is None:
        at, body = chunks[0] if chunks else (0.0, b"")
        size = len(body)
    else:
        at, body, size = frames.last, b"", frames.size
    if at > 0 or size > largest:
        return None
    template, log_id = _find_template(response, keep_alive=keep_alive)
    head, writer = template.fill(date_header(), log_id, size), template.body_writer
    if writer is SIZED and frames is None:
        return head + body, template.closes_connection
    if writer is NO_BODY or not size:
        return head + writer.ending, template.closes_connection
    parts = [body] if frames is None else frames.parts()
    if writer is CHUNKED:
        parts = [_chunk_size_line(size), *parts, b"\r\n", writer.ending]
    return b"".join((head, *parts)), template.closes_connection


def date_header() -> str:
    """The value of the Date header now."""
    return _format_date(int(time.time()))


@lru_cache(maxsize=1)
def _format_date(second: int) -> str:
    return formatdate(second, usegmt=True)
