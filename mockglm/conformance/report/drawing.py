"""The timeline of an exchange in a report: a lane for each kind of frame, as places of an SVG."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, groupby
from typing import Any

from mockglm.exchange import Response
from mockglm.timeline import TimedFrame, list_frames

JSON = Mapping[str, Any]

WIDTH = 960
"""Width of a timeline in units of the drawing."""
_LEFT = 90
_TOP = 16
_LANE = 22
_TICKS = 1_500
"""Pieces of an answer that its timeline draws."""
_TITLE = 120
"""Characters of a frame that its title has."""
_LANES = ("reasoning", "content", "tool_calls", "other")


def draw_timeline(exchange: JSON) -> dict[str, Any]:
    """Place the head and each piece of an answer by its time, in lanes.

    `place` of the result returns the place of a byte of the body.
    """
    pieces = exchange["pieces"]
    times = [at for at, _ in pieces]
    last = max([exchange["head"] or 0.0, *times])
    scale = (WIDTH - _LEFT) / last if last else 0.0
    frames = _frames(exchange)[:_TICKS]
    kinds = [kind for kind in _LANES if any(_lane(one) == kind for one in frames)]
    lanes = [
        {
            "kind": kind,
            "y": _TOP + number * _LANE,
            "ticks": list(_ticks([one for one in frames if _lane(one) == kind], scale)),
        }
        for number, kind in enumerate(kinds)
    ]
    bottom = _TOP + max(1, len(lanes)) * _LANE
    return {
        "text": _format_total(len(times), last),
        "head": _place(exchange["head"] or 0.0, scale),
        "lanes": lanes,
        "marks": [(_place(last * i / 4, scale), format_time(last * i / 4)) for i in range(5)],
        "left": _LEFT,
        "bottom": bottom,
        "height": bottom + 22,
        "place": partial(_place_of_byte, pieces, scale),
    }


def format_time(time: float) -> str:
    return f"{time * 1000:.0f} ms" if time < 1 else f"{time:.2f} s"


def _frames(exchange: JSON) -> Sequence[TimedFrame]:
    """The frames of a stream; the pieces of any other answer."""
    chunks = tuple((at, text.encode(errors="replace")) for at, text in exchange["pieces"])
    headers = tuple((name, value) for name, value in exchange.get("headers", ()))
    found = list_frames(Response(exchange.get("status") or 0, headers, chunks), None)
    if found:
        return found
    return [TimedFrame(at, 0, 0, "other", text[:_TITLE]) for at, text in exchange["pieces"]]


def _lane(frame: TimedFrame) -> str:
    return frame.kind if frame.kind in _LANES else "other"


def _place(time: float, scale: float) -> float:
    return round(_LEFT + time * scale, 1)


def _place_of_byte(pieces: Sequence[Any], scale: float, at: int) -> float:
    ends = list(accumulate(len(text.encode(errors="replace")) for _, text in pieces))
    index = min(bisect_right(ends, at), len(ends) - 1)
    return _place(pieces[index][0], scale) if pieces else float(_LEFT)


def _ticks(frames: Sequence[TimedFrame], scale: float) -> Iterator[tuple[float, str, str]]:
    """The places of frames, each place once, with kind and title."""
    for place, found in groupby(frames, key=lambda one: _place(one.at, scale)):
        first = next(found)
        yield place, first.kind, f"{format_time(first.at)} {first.text[:_TITLE] or first.kind}"


def _format_total(count: int, last: float) -> str:
    return f"{count} piece{'' if count == 1 else 's'} in {format_time(last)}"
