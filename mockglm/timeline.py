"""The frames of a streamed response with their times, and the place where each goes wrong."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal

import msgspec
from msgspec import Struct

from mockglm import sse
from mockglm.exchange import Response

MAX_FRAMES = 5000
"""Frames that are listed; the journal keeps the bytes of all."""

FrameKind = Literal[
    "start",  # the first event of an Anthropic stream
    "reasoning",
    "content",
    "tool_calls",
    "finish",  # has the finish reason
    "error",
    "done",  # [DONE] or message_stop
    "other",
    "broken",  # no JSON, or not whole
]

_DELTAS: Mapping[str, FrameKind] = {
    "thinking_delta": "reasoning",
    "text_delta": "content",
    "input_json_delta": "tool_calls",
}
"""The kinds of an Anthropic `content_block_delta`."""

_EVENTS: Mapping[str, FrameKind] = {
    "message_start": "start",
    "message_delta": "finish",
    "message_stop": "done",
    "error": "error",
}


class TimedFrame(Struct, frozen=True, omit_defaults=True):
    """One event of a stream: seconds since the request, byte offsets, its kind and its text.

    `text` is the part of the reply that it adds; `call` the index of the tool call it belongs to.
    """

    at: float
    start: int
    end: int
    kind: FrameKind
    text: str = ""
    call: int | None = None


def list_frames(response: Response, sent: int | None) -> list[TimedFrame]:
    """List the frames of the chunks that were sent, in order; none for a response in one piece.

    A frame has the time of the chunk that completes it. A rest that is no whole event is `broken`.
    """
    if not response.is_stream:
        return []
    chunks = response.chunks[:sent]
    ends = list(accumulate(len(chunk) for _, chunk in chunks))
    body = b"".join(chunk for _, chunk in chunks)
    events, defects = sse.read(body)
    found = [_frame(event, _time(chunks, ends, event.end)) for event in events[:MAX_FRAMES]]
    rest = [one for one in defects if one.kind == "unterminated"]
    if rest and len(found) < MAX_FRAMES:
        at = _time(chunks, ends, len(body))
        found.append(TimedFrame(at, rest[0].at, len(body), "broken"))
    return found


def list_defects(response: Response, sent: int | None) -> list[dict[str, Any]]:
    """List the deviations from the standard of server-sent events: kind, time and byte offset."""
    if not response.is_stream:
        return []
    chunks = response.chunks[:sent]
    ends = list(accumulate(len(chunk) for _, chunk in chunks))
    _, defects = sse.read(b"".join(chunk for _, chunk in chunks))
    return [
        {"kind": one.kind, "at": _time(chunks, ends, one.at + 1), "offset": one.at}
        for one in defects[:MAX_FRAMES]
    ]


def assemble(frames: Sequence[TimedFrame]) -> dict[str, Any]:
    """Join the texts of frames to a reply, however its stream ended."""
    calls = sorted({one.call for one in frames if one.call is not None})
    return {
        "content": "".join(one.text for one in frames if one.kind == "content"),
        "reasoning": "".join(one.text for one in frames if one.kind == "reasoning"),
        "tool_calls": [
            {"arguments": "".join(one.text for one in frames if one.call == call)} for call in calls
        ],
    }


def _time(chunks: Sequence[tuple[float, bytes]], ends: Sequence[int], offset: int) -> float:
    """The time of the chunk that has the byte before an offset."""
    index = min(bisect_left(ends, offset), len(ends) - 1)
    return round(chunks[index][0], 6)


def _frame(event: sse.Event, at: float) -> TimedFrame:
    if event.data.strip() == "[DONE]":
        return TimedFrame(at, event.start, event.end, "done")
    kind, text, call = _read(event)
    return TimedFrame(at, event.start, event.end, kind, text, call)


def _read(event: sse.Event) -> tuple[FrameKind, str, int | None]:
    try:
        value = msgspec.json.decode(event.data, type=dict[str, Any])
    except (ValueError, RecursionError):
        return "broken", "", None
    try:
        if "type" in value and "choices" not in value:
            return _read_event(value)
        return next(_read_chunk(value), ("other", "", None))
    except (AttributeError, KeyError, IndexError, TypeError):
        return "broken", "", None


def _read_chunk(chunk: Mapping[str, Any]) -> Iterator[tuple[FrameKind, str, int | None]]:
    """Yield the parts of a chunk of a chat, the one that tells most first."""
    if chunk.get("error"):
        yield "error", str(chunk["error"]), None
    for choice in chunk.get("choices") or ():
        delta = choice.get("delta") or {}
        for call in delta.get("tool_calls") or ():
            text = (call.get("function") or {}).get("arguments") or ""
            yield "tool_calls", str(text), int(call.get("index", 0))
        if delta.get("reasoning_content"):
            yield "reasoning", str(delta["reasoning_content"]), None
        if delta.get("content"):
            yield "content", str(delta["content"]), None
        if choice.get("finish_reason"):
            yield "finish", str(choice["finish_reason"]), None


def _read_event(event: Mapping[str, Any]) -> tuple[FrameKind, str, int | None]:
    name = event["type"]
    if name == "content_block_start":
        is_call = event["content_block"].get("type") == "tool_use"
        return ("tool_calls", "", int(event["index"])) if is_call else ("other", "", None)
    if name == "content_block_delta":
        delta = event["delta"]
        kind = _DELTAS.get(delta.get("type"), "other")
        text = delta.get("text") or delta.get("thinking") or delta.get("partial_json") or ""
        return kind, str(text), int(event["index"]) if kind == "tool_calls" else None
    if name == "message_delta":
        return "finish", str(event["delta"].get("stop_reason") or ""), None
    return _EVENTS.get(name, "other"), "", None
