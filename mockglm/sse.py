"""Server-sent events, strictly: bytes to events and back, with offsets and what a browser hides.

Source: WHATWG HTML §9.2.6, https://html.spec.whatwg.org/multipage/server-sent-events.html
Beyond it: what a browser drops or mends is kept as defects, and an event that no `event:` line
has named has the type "" instead of "message".
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
_DIGITS = re.compile("[0-9]+")

Kind = Literal[
    "bom",  # a byte-order mark opens the body
    "invalid-utf8",  # bytes that are not UTF-8, the first of a line
    "unknown-field",  # a line that is neither a comment nor data, event, id or retry
    "nul-in-id",  # an id that is ignored
    "bad-retry",  # a retry that is ignored
    "no-data",  # a block without data, which dispatches nothing
    "empty-data",  # an event of no text, which nearly every client fails to parse
    "unterminated",  # a line or a block without its end, which is discarded
]


class Event(Struct, frozen=True):
    """One dispatched event. `event` is "" unless named, `id` the last one seen, `start` and `end`
    are byte offsets of its lines, the blank one in."""

    data: str
    event: str
    id: str | None
    start: int
    end: int


class Defect(Struct, frozen=True):
    """A deviation that a browser would silently drop or repair, with its byte offset."""

    kind: Kind
    at: int
    text: str = ""


class Reader:
    """Bytes in, events out; however they are cut, the events and the defects are the same.

    `defects` grows as they are met, `comments` are (byte offset, text). A piece that ends between
    the CR and the LF of a blank line leaves that LF out of the event's `end`.
    """

    def __init__(self) -> None:
        self.defects: list[Defect] = []
        self.comments: list[tuple[int, str]] = []
        self._held: list[bytes] = []  # an unfinished line, in the pieces it came in
        self._at = 0  # where that line starts
        self._is_after_cr = False
        self._start: int | None = None
        self._data: list[str] = []
        self._event = ""
        self._id: str | None = None

    def feed(self, piece: bytes) -> list[Event]:
        """The events that a piece completes."""
        if self._is_after_cr and piece:
            self._is_after_cr = False
            if piece.startswith(b"\n"):
                self._at += 1
                piece = piece[1:]
        if b"\n" not in piece and b"\r" not in piece:
            self._held.append(piece)
            return []
        text = b"".join((*self._held, piece))
        self._is_after_cr = text.endswith(b"\r")
        return self._lines(text)

    def close(self) -> list[Defect]:
        """All defects, once the body has ended; what it left unfinished is one of them."""
        tail = self._decode(*self._opening(b"".join(self._held), self._at))
        if tail or self._start is not None:
            start = self._at if self._start is None else self._start
            self._note("unterminated", start, tail)
        self._held = []
        self._start, self._data = None, []
        return self.defects

    def _lines(self, text: bytes) -> list[Event]:
        events, done, base = [], 0, self._at
        for match in _LINE_END.finditer(text):
            event = self._line(text[done : match.start()], base + done, base + match.end())
            done = match.end()
            if event:
                events.append(event)
        self._at = base + done
        self._held = [text[done:]]
        return events

    def _line(self, line: bytes, at: int, end: int) -> Event | None:
        text = self._decode(*self._opening(line, at))
        if not text:
            return self._dispatch(end)
        if text.startswith(":"):
            self.comments.append((at, text[1:]))
            return None
        if self._start is None:
            self._start = at
        name, _, value = text.partition(":")
        self._field(name, value.removeprefix(" "), at)
        return None

    def _opening(self, line: bytes, at: int) -> tuple[bytes, int]:
        """The line without the byte-order mark that may open the body, and where it then starts."""
        if at or not line.startswith(BOM):
            return line, at
        self._note("bom", 0)
        return line[len(BOM) :], len(BOM)

    def _decode(self, line: bytes, at: int) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            text = line.decode(errors="replace")
            self._note("invalid-utf8", at + error.start, text)
            return text

    def _field(self, name: str, value: str, at: int) -> None:
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "id":
            self._note("nul-in-id", at, value)
        elif name != "retry":
            self._note("unknown-field", at, name)
        elif not _DIGITS.fullmatch(value):
            self._note("bad-retry", at, value)

    def _dispatch(self, end: int) -> Event | None:
        start, data, event = self._start, self._data, self._event
        self._start, self._data, self._event = None, [], ""
        if start is None:
            return None
        if not data:
            self._note("no-data", start)
            return None
        text = "\n".join(data)
        if not text:
            self._note("empty-data", start)
        return Event(text, event, self._id, start, end)

    def _note(self, kind: Kind, at: int, text: str = "") -> None:
        self.defects.append(Defect(kind, at, text))


def frame(data: bytes, event: bytes = b"") -> bytes:
    """One event with that data (one line) in the canonical framing, and with a name if it has
    one."""
    return b"event: %b\ndata: %b\n\n" % (event, data) if event else b"data: %b\n\n" % data


def read(body: bytes) -> tuple[tuple[Event, ...], tuple[Defect, ...]]:
    """All events of a whole body, and its defects."""
    reader = Reader()
    events = tuple(reader.feed(body))
    return events, tuple(reader.close())
