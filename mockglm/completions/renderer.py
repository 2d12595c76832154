"""A Reply rendered: encoded once, with only ids, times and usage filled in for each answer.

Deliberate oddities, all of the real service (GLM v4, recordings of 2025-09 … 2026-10):
every delta of text says `role: assistant`, a delta with tool calls does not; there is no opening
chunk without text; finish_reason and usage come together, beside an empty content; a JSON answer
has its keys in alphabetical order at every level, a chunk has not.

Assumed, no recording exists: `web_search` and `content_filter` stand on the last chunk of a
stream; with `tool_stream` the first piece of a call has id, type, name and empty arguments and
each further piece only index and arguments (docs.z.ai, guides/tools/stream-tool).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from mockglm import tokens
from mockglm.clock import AT_ONCE, Ids, Pace
from mockglm.completions.errors import JSON_TYPE, STREAM_TYPE, response_headers
from mockglm.completions.frames import (
    CALL,
    DEFAULT_CHUNKING,
    DONE,
    OPENING,
    PLACEHOLDER,
    USAGE,
    Chunking,
    FrameTemplates,
    call_id,
    cut_frames,
)
from mockglm.exchange import Frames, Headers, JSONObject, Reply, Response, Slot, ToolCall
from mockglm.models import Model

HEAD = PLACEHOLDER + b"h"

encode = msgspec.json.encode
ordered = msgspec.json.Encoder(order="sorted").encode


class ResponseFields(Struct, frozen=True, kw_only=True):
    """What is fresh in every answer; a Struct, for one is made for each.

    `created` is in unix seconds; `prompt` and `cached` are tokens of the prompt; `model` is the id
    as the client spelled it, `profile` tells which usage details are reported.
    """

    ids: Ids
    id: str
    request_id: str
    created: int
    model: str
    profile: Model
    prompt: int = 0
    cached: int = 0


class Renderer(Struct, frozen=True, dict=True):
    """One reply in the shapes the wire knows, each made when first asked for and kept."""

    reply: Reply
    chunking: Chunking = DEFAULT_CHUNKING
    headers: Headers = ()

    def render_json(self, stamp: ResponseFields, pace: Pace = AT_ONCE) -> Response:
        """The reply as one JSON answer, there, headers and all, when its last token is."""
        at = pace.end(self._whole.weights, stamp.ids)
        parts = [
            self._fill(part, stamp, stamp.ids.plain_call, ordered) if is_marked else part
            for part, is_marked in self._plain
        ]
        body = _plain_head(stamp, stamp.created + int(at)).join(parts)
        headers = response_headers(JSON_TYPE, stamp.id, self.headers)
        return Response(200, headers, ((at, body),), head=at)

    def render_stream(
        self, stamp: ResponseFields, pace: Pace = AT_ONCE, *, tool_stream: bool = False
    ) -> Response:
        """The reply as server-sent events; what is due at the same time is one piece."""
        sheet = self._pieces if tool_stream else self._whole
        tails = sheet.filled(lambda tail: self._fill(tail, stamp, stamp.ids.stream_call, encode))
        times = _timetable(pace, sheet.weights, stamp.ids)
        headers = response_headers(STREAM_TYPE, stamp.id, self.headers)
        return Response(200, headers, _pieces(_opening(stamp), tails, times))

    @property
    def frame_count(self) -> int:
        """How many events a stream of the reply has, `[DONE]` among them."""
        return len(self._whole.weights)

    @cached_property
    def _whole(self) -> FrameTemplates:
        return FrameTemplates.from_frames(cut_frames(self.reply, self.chunking))

    @cached_property
    def _pieces(self) -> FrameTemplates:
        return FrameTemplates.from_frames(cut_frames(self.reply, self.chunking, tool_stream=True))

    @cached_property
    def _plain(self) -> tuple[tuple[bytes, bool], ...]:
        """What stands before the ids and behind them, and whether it has marks."""
        return tuple((part, PLACEHOLDER in part) for part in _plain(self.reply).split(HEAD))

    @cached_property
    def _size(self) -> tuple[int, int]:
        return estimate_tokens(self.reply)

    def _fill(
        self,
        text: bytes,
        stamp: ResponseFields,
        made: Callable[[int], str],
        dump: Callable[[JSONObject], bytes],
    ) -> bytes:
        if self.reply.usage is not None:
            usage = _usage(self.reply.usage, stamp, *self._size)
            text = text.replace(USAGE, dump(usage))
        for index, call in enumerate(self.reply.calls):
            if call.id is None:
                text = text.replace(CALL % index, made(index).encode())
        return text


def estimate_tokens(reply: Reply) -> tuple[int, int]:
    """The tokens of a reply: all it completed, and those of them that were thought."""
    thought = tokens.count(reply.reasoning or "")
    said = tokens.count(reply.content or "")
    called = sum(tokens.count(call.name) + tokens.count(call.arguments) for call in reply.calls)
    return thought + said + called, thought


def _pieces(
    opening: bytes, tails: Sequence[bytes], timetable: Sequence[Slot]
) -> Sequence[tuple[float, bytes]]:
    if len(timetable) > 1:
        return Frames(opening, tails, DONE, timetable)
    return ((timetable[0][0], opening.join((b"", *tails[:-1], tails[-1] + DONE))),)


def _timetable(pace: Pace, weights: tuple[int, ...], ids: Ids) -> tuple[Slot, ...]:
    return _stops(pace.schedule(weights, ids)) if pace.jitter else _regular(pace, weights)


@lru_cache(maxsize=256)
def _regular(pace: Pace, weights: tuple[int, ...]) -> tuple[Slot, ...]:
    """The timetable of all streams with these weights, at a pace without jitter."""
    return _stops(pace.schedule(weights, Ids("", "", 0)))


def _stops(times: Sequence[float]) -> tuple[Slot, ...]:
    """What is due at the same time is one stop."""
    ends = [index for index, (at, then) in enumerate(pairwise(times), 1) if at != then]
    bounds = pairwise((0, *ends, len(times)))
    return tuple((times[first], first, end) for first, end in bounds)


def _plain(reply: Reply) -> bytes:
    message: dict[str, Any] = {}
    if reply.content is not None:
        message["content"] = reply.content
    if reply.reasoning is not None:
        message["reasoning_content"] = reply.reasoning
    message["role"] = "assistant"
    calls = b",".join(_plain_call(i, call) for i, call in enumerate(reply.calls))
    text = encode(message)
    if calls:
        text = text[:-1] + b',"tool_calls":[%b]}' % calls
    choice = b'{"finish_reason":%b,"index":0,"message":%b}' % (encode(reply.finish_reason), text)
    parts = [b'"choices":[%b]' % choice]
    if reply.content_filter:
        parts.append(b'"content_filter":' + ordered(reply.content_filter))
    parts.append(HEAD)
    if reply.usage is not None:
        parts.append(b'"usage":' + USAGE)
    if reply.web_search:
        parts.append(b'"web_search":' + ordered(reply.web_search))
    return b"{%b}" % b",".join(parts)


def _plain_call(index: int, call: ToolCall) -> bytes:
    return b'{"function":{"arguments":%b,"name":%b},"id":"%b","index":%d,"type":"function"}' % (
        encode(call.arguments),
        encode(call.name),
        call_id(index, call),
        index,
    )


def _opening(stamp: ResponseFields) -> bytes:
    return OPENING + b'{"id":%b,"created":%d,"object":"chat.completion.chunk","model":%b,' % (
        encode(stamp.id),
        stamp.created,
        encode(stamp.model),
    )


def _plain_head(stamp: ResponseFields, created: int) -> bytes:
    form = b'"created":%d,"id":%b,"model":%b,"object":"chat.completion","request_id":%b'
    return form % (
        created,
        encode(stamp.id),
        encode(stamp.model),
        encode(stamp.request_id),
    )


def _usage(
    overlay: JSONObject, stamp: ResponseFields, completion: int, thought: int
) -> dict[str, Any]:
    """The estimate, with the reply's own figures over it."""
    usage: dict[str, Any] = {
        "prompt_tokens": stamp.prompt,
        "completion_tokens": completion,
        "total_tokens": stamp.prompt + completion,
    }
    if stamp.profile.reports_cached:
        usage["prompt_tokens_details"] = {"cached_tokens": stamp.cached}
    if stamp.profile.reports_reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": thought}
    return _overlaid(usage, overlay) if overlay else usage


def _overlaid(usage: dict[str, Any], overlay: JSONObject) -> dict[str, Any]:
    """A usage with figures of a reply's own: the total is theirs or their sum, and no part is more
    than its whole."""
    prompt, done = (
        overlay.get(name, usage[name]) for name in ("prompt_tokens", "completion_tokens")
    )
    are_counts = isinstance(prompt, int) and isinstance(done, int)
    usage["total_tokens"] = prompt + done if are_counts else None
    for name, whole in (("prompt_tokens_details", prompt), ("completion_tokens_details", done)):
        if name in usage and isinstance(whole, int):
            usage[name] = {part: min(count, whole) for part, count in usage[name].items()}
    return {**usage, **overlay}
