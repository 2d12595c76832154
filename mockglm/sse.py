"""Server-sent events, strictly: bytes to events and back, with offsets and what a browser hides.

Source: WHATWG HTML §9.2.6, https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["BOM", "Defect", "Event", "Reader", "frame", "read"]

BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event. `start` and `end` are byte offsets of its lines, the blank one in."""

    data: str
    event: str
    id: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Defect:
    """What a browser would silently drop or mend, and the byte offset it stands at."""

    kind: str
    at: int
    text: str = ""


class Reader:
    """Bytes in, events out. `defects` grows as they are met; `close` when the body has ended."""


def frame(data: bytes) -> bytes:
    """One event with that data (one line) in the canonical framing."""
    return b"data: %b\n\n" % data


def read(body: bytes) -> tuple[tuple[Event, ...], tuple[Defect, ...]]:
    """All events of a whole body, and its defects."""
    raise NotImplementedError


def _unused() -> Iterator[None]:
    yield None
