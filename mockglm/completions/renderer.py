"""The renderer: a Reply encoded once; per response only ids, times and usage are filled in.

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
from functools import cached_property
from typing import Any, TypeVar

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
from mockglm.completions.schedule import schedule_frames
from mockglm.exchange import Frames, Headers, JSONObject, Reply, Response, Slot, ToolCall
from mockglm.models import Model

HEAD = PLACEHOLDER + b"h"

Derived = TypeVar("Derived")

encode = msgspec.json.encode
encode_sorted = msgspec.json.Encoder(order="sorted").encode


class ResponseFields(Struct, frozen=True, kw_only=True):
    """The fields in which responses to equal requests differ.

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
    """Renders one reply as JSON and as a stream; each encoding is made on first use and kept."""

    reply: Reply
    chunking: Chunking = DEFAULT_CHUNKING
    headers: Headers = ()

    def render_json(self, fields: ResponseFields, pace: Pace = AT_ONCE) -> Response:
        """Render one JSON response; head and body come when the last token is due."""
        at = pace.end(self._templates.weights, fields.ids)
        parts = [
            self._fill(part, fields, call_id=fields.ids.plain_call, dump=encode_sorted)
            if has_placeholders
            else part
            for part, has_placeholders in self._json_parts
        ]
        body = _json_head(fields, fields.created + int(at)).join(parts)
        headers = response_headers(JSON_TYPE, fields.id, self.headers)
        return Response(200, headers, ((at, body),), head=at)

    def render_stream(
        self, fields: ResponseFields, pace: Pace = AT_ONCE, *, tool_stream: bool = False
    ) -> Response:
        """Render server-sent events; frames due at the same time make one chunk."""
        templates = self._tool_stream_templates if tool_stream else self._templates
        call_id = fields.ids.stream_call
        tails = templates.fill(lambda tail: self._fill(tail, fields, call_id=call_id, dump=encode))
        schedule = schedule_frames(pace, templates.weights, fields.ids)
        headers = response_headers(STREAM_TYPE, fields.id, self.headers)
        return Response(200, headers, _join_frames(_opening(fields), tails, schedule))

    def derive(self, make: Callable[[Renderer], Derived]) -> Derived:
        """Make the renderer of another surface; it is made once and kept."""
        derived: Derived | None = self._derived.get(make)
        if derived is None:
            derived = self._derived[make] = make(self)
        return derived

    @cached_property
    def _derived(self) -> dict[Callable[[Renderer], Any], Any]:
        return {}

    @property
    def frame_count(self) -> int:
        """The number of events in a stream of the reply, `[DONE]` included."""
        return len(self._templates.weights)

    @cached_property
    def _templates(self) -> FrameTemplates:
        return FrameTemplates.from_frames(cut_frames(self.reply, self.chunking))

    @cached_property
    def _tool_stream_templates(self) -> FrameTemplates:
        return FrameTemplates.from_frames(cut_frames(self.reply, self.chunking, tool_stream=True))

    @cached_property
    def _json_parts(self) -> tuple[tuple[bytes, bool], ...]:
        """The parts of the JSON around the head, each with True if it has placeholders."""
        return tuple((part, PLACEHOLDER in part) for part in _json(self.reply).split(HEAD))

    @cached_property
    def _tokens(self) -> tuple[int, int]:
        return estimate_tokens(self.reply)

    def _fill(
        self,
        text: bytes,
        fields: ResponseFields,
        *,
        call_id: Callable[[int], str],
        dump: Callable[[JSONObject], bytes],
    ) -> bytes:
        """Fill in the placeholders of usage and of the ids of tool calls."""
        if self.reply.usage is not None:
            usage = _usage(self.reply.usage, fields, self._tokens)
            text = text.replace(USAGE, dump(usage))
        for index, call in enumerate(self.reply.calls):
            if call.id is None:
                text = text.replace(CALL % index, call_id(index).encode())
        return text


def estimate_tokens(reply: Reply) -> tuple[int, int]:
    """Estimate the tokens of a reply: (completion, of them reasoning)."""
    reasoning = tokens.count(reply.reasoning or "")
    content = tokens.count(reply.content or "")
    calls = sum(tokens.count(call.name) + tokens.count(call.arguments) for call in reply.calls)
    return reasoning + content + calls, reasoning


def _join_frames(
    opening: bytes, tails: Sequence[bytes], schedule: Sequence[Slot]
) -> Sequence[tuple[float, bytes]]:
    if len(schedule) > 1:
        return Frames(opening, tails, ending=DONE, schedule=schedule)
    return ((schedule[0][0], opening.join((b"", *tails[:-1], tails[-1] + DONE))),)


def _json(reply: Reply) -> bytes:
    message: dict[str, Any] = {}
    if reply.content is not None:
        message["content"] = reply.content
    if reply.reasoning is not None:
        message["reasoning_content"] = reply.reasoning
    message["role"] = "assistant"
    calls = b",".join(_json_call(i, call) for i, call in enumerate(reply.calls))
    text = encode(message)
    if calls:
        text = text[:-1] + b',"tool_calls":[%b]}' % calls
    choice = b'{"finish_reason":%b,"index":0,"message":%b}' % (encode(reply.finish_reason), text)
    parts = [b'"choices":[%b]' % choice]
    if reply.content_filter:
        parts.append(b'"content_filter":' + encode_sorted(reply.content_filter))
    parts.append(HEAD)
    if reply.usage is not None:
        parts.append(b'"usage":' + USAGE)
    if reply.web_search:
        parts.append(b'"web_search":' + encode_sorted(reply.web_search))
    return b"{%b}" % b",".join(parts)


def _json_call(index: int, call: ToolCall) -> bytes:
    return b'{"function":{"arguments":%b,"name":%b},"id":"%b","index":%d,"type":"function"}' % (
        encode(call.arguments),
        encode(call.name),
        call_id(index, call),
        index,
    )


def _opening(fields: ResponseFields) -> bytes:
    return OPENING + b'{"id":%b,"created":%d,"object":"chat.completion.chunk","model":%b,' % (
        encode(fields.id),
        fields.created,
        encode(fields.model),
    )


def _json_head(fields: ResponseFields, created: int) -> bytes:
    form = b'"created":%d,"id":%b,"model":%b,"object":"chat.completion","request_id":%b'
    return form % (
        created,
        encode(fields.id),
        encode(fields.model),
        encode(fields.request_id),
    )


def _usage(
    overlay: JSONObject, fields: ResponseFields, estimate: tuple[int, int]
) -> dict[str, Any]:
    """Return the estimated usage, overridden by the reply's own figures."""
    completion, reasoning = estimate
    usage: dict[str, Any] = {
        "prompt_tokens": fields.prompt,
        "completion_tokens": completion,
        "total_tokens": fields.prompt + completion,
    }
    if fields.profile.reports_cached:
        usage["prompt_tokens_details"] = {"cached_tokens": fields.cached}
    if fields.profile.reports_reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return _override(usage, overlay) if overlay else usage


def _override(usage: dict[str, Any], overlay: JSONObject) -> dict[str, Any]:
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
