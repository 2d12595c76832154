"""The position of a fault in a response: written as `3 frames`, located as a byte of the body."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from msgspec import Struct

from mockglm.exchange import Response
from mockglm.faults.blocks import stops, texts, uses
from mockglm.faults.frames import calls, choices, documents, done, is_opaque, messages, split_frames
from mockglm.faults.options import DAY, LARGEST
from mockglm.messages import is_message

Unit = Literal["frames", "bytes", "s", "headers", "content", "tool_call", "finish", "done"]

COUNTED = ("frames", "bytes", "s")
NAMED = ("headers", "content", "tool_call", "finish", "done")
WIRE: frozenset[Unit] = frozenset(cast("tuple[Unit, ...]", COUNTED + NAMED))
ANYWHERE: frozenset[Unit] = WIRE - {"headers"}
NOWHERE: frozenset[Unit] = frozenset()

_COUNTED = re.compile(r"(\d+(?:\.\d+)?)[ -]?(frames?|bytes?|s)")


class Position(Struct, frozen=True):
    """So many units of an answer, or what comes next; all before it arrives whole.

    A frame is a block of a stream up to its blank line, `[DONE]` is one. `0 frames` is after the
    headers; `headers` before them.
    """

    unit: Unit
    count: float = 0

    @classmethod
    def read(cls, written: Any) -> Position:
        """A place as it is written (`3 frames`, in a URL `3-frames`). Raises ValueError."""
        match = _COUNTED.fullmatch(str(written).strip())
        if match:
            unit = match[2] if match[2] in COUNTED else match[2] + "s"
            if unit != "s" and not match[1].isdecimal():
                raise ValueError(f"{written!r} is not a whole number of {unit}")
            most = DAY if unit == "s" else LARGEST
            if float(match[1]) > most:
                raise ValueError(f"{written!r:.40} is too far; {most:.0f} {unit} is the most")
            return cls(cast("Unit", unit), float(match[1]))
        if written in NAMED:
            return cls(written)
        raise ValueError(
            f"{written!r} is not a position; expected N frames, N bytes, N s or one of "
            f"{', '.join(NAMED)}"
        )

    def __str__(self) -> str:
        return f"{self.count:g} {self.unit}" if self.unit in COUNTED else self.unit


START = Position("bytes", 0)
FIRST: Position | None = None
"""After the first frame of a stream with text; in the middle of a JSON answer."""

_OPENING = 4
"""Frames of a message up to its first text: it starts, a ping, a block starts, a delta."""


class Offset(Struct, frozen=True):
    """A place found in an answer: the body's byte it is before, the second since the request where
    it was given as a time, and whether it is before the headers."""

    start: int
    time: float | None = None
    before_head: bool = False


def locate(answer: Response, place: Position | None) -> Offset | None:
    """The place in that answer, None where there is no such place."""
    if place is None:
        place = _first(answer)
    if place.unit == "headers":
        return Offset(0, before_head=True)
    if place.unit == "s":
        arrived = (len(piece) for at, piece in answer.chunks if at <= place.count)
        return Offset(sum(arrived), time=place.count)
    if place.unit == "bytes":
        return Offset(int(place.count)) if place.count <= len(answer.body) else None
    if not answer.is_stream or is_opaque(answer):
        return None
    start = _frame(answer, place)
    return None if start is None else Offset(start)


def _first(answer: Response) -> Position:
    if not answer.is_stream:
        return Position("bytes", len(answer.body) // 2)
    is_long = is_message(answer) and len(split_frames(answer.body)) > _OPENING
    return Position("frames", _OPENING if is_long else 1)


def _frame(answer: Response, place: Position) -> int | None:
    if place.unit == "frames":
        starts = [0, *(frame.end for frame in split_frames(answer.body))]
        return starts[int(place.count)] if place.count < len(starts) else None
    if place.unit == "done":
        return next((frame.start for frame in done(answer)), None)
    shows = _SHOWS[place.unit]
    return next((doc.frame.start for doc in documents(answer) if shows(doc.value)), None)


_SHOWS: Mapping[Unit, Callable[[dict[str, Any]], bool]] = {
    "content": lambda value: (
        any(message.get("content") for message in messages(value)) or any(texts(value))
    ),
    "tool_call": lambda value: any(calls(value)) or any(uses(value)),
    "finish": lambda value: (
        any(c.get("finish_reason") for c in choices(value)) or any(stops(value))
    ),
}
