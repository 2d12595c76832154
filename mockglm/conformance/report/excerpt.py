"""The bytes a finding points at, cut to a line with the column of the place."""

from __future__ import annotations

from msgspec import Struct

from mockglm.conformance.seen import Seen

__all__ = ["Excerpt", "excerpt"]

_WIDTH = 96
_BEFORE = 60


class Excerpt(Struct, frozen=True):
    """A line of an answer and the character of it, from 0, that the finding is about."""

    text: str
    column: int


def excerpt(seen: Seen, at: int) -> Excerpt:
    """The line of the body around a byte; what is no printable character is escaped."""
    start = max(seen.body.rfind(b"\n", 0, at) + 1, at - _BEFORE)
    end = seen.body.find(b"\n", at)
    line_end = len(seen.body) if end < 0 else end
    before = _printable(seen.body[start:at])
    after = _printable(seen.body[at : min(line_end, start + _WIDTH)])
    return Excerpt(before + after, len(before))


def _printable(data: bytes) -> str:
    text = data.decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
