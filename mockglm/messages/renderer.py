"""The renderer of the Anthropic surface: a Reply encoded once; per response only ids, model, usage
and signature are filled in.

Oddities of the real service (public traces, 2025-10 … 2026-10): the usage of `message_start` is
0 and 0, the real one comes with `message_delta`; `input_tokens` leave the cached part out; there
is never `cache_creation_input_tokens`; a prompt out of context has a usage of its own, all 0; ids
of tools are `call_` and 24 hex digits in both forms, a signature is 24 hex digits; the id of the
message is the log id behind `msg_`.

Assumed: the ids of older models' calls count from 0 (`call_LOGID_N` is reported of glm-4-air);
`x-process-time` is the time until the response begins; a network error without a stream is a 500.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from mockglm.clock import AT_ONCE, Pace
from mockglm.completions import Chunking, Renderer, ResponseFields, estimate_tokens
from mockglm.completions.renderer import CALL, PLACEHOLDER, USAGE, FrameTemplates, schedule_frames
from mockglm.exchange import APIError, Frames, Headers, JSONObject, Reply, Response
from mockglm.messages.errors import (
    JSON_TYPE,
    STREAM_TYPE,
    error_event,
    render_error,
    response_headers,
)
from mockglm.messages.frames import (
    CONTEXT_EXCEEDED,
    HEAD,
    NETWORK_ERROR,
    SEARCH_ID,
    SIGNATURE,
    build_templates,
    content_blocks,
    encode,
    stop_reason,
)

_ERROR = PLACEHOLDER + b"e"
_OPENING = b'{"type":"error",'
_OLD_FAMILY = "glm-4"
_NETWORK_CODE = "1234"


def render_json(renderer: Renderer, fields: ResponseFields, pace: Pace = AT_ONCE) -> Response:
    """Render one JSON response; head and body come when the last token is due."""
    return renderer.derive(_messages_renderer).render_json(fields, pace)


def render_stream(
    renderer: Renderer,
    fields: ResponseFields,
    pace: Pace = AT_ONCE,
    *,
    tool_stream: bool = False,
) -> Response:
    """Render named server-sent events; frames due at the same time make one chunk. There is no
    `tool_stream` on this surface."""
    return renderer.derive(_messages_renderer).render_stream(fields, pace)


def _messages_renderer(renderer: Renderer) -> MessagesRenderer:
    return MessagesRenderer(renderer.reply, renderer.chunking, renderer.headers)


class MessagesRenderer(Struct, frozen=True, dict=True):
    """Renders one reply as JSON and as a stream; each encoding is made on first use and kept."""

    reply: Reply
    chunking: Chunking
    headers: Headers = ()

    def render_json(self, fields: ResponseFields, pace: Pace) -> Response:
        at = pace.end(self._templates.weights, fields.ids)
        if self.reply.finish_reason == NETWORK_ERROR:
            return render_error(APIError(_NETWORK_CODE), fields.id, headers=self.headers)
        body = self._fill(fields)(self._json)
        headers = self._headers(JSON_TYPE, fields, at)
        return Response(200, headers, ((at, body),), head=at)

    def render_stream(self, fields: ResponseFields, pace: Pace) -> Response:
        templates = self._templates
        tails = templates.fill(self._fill(fields))
        schedule = schedule_frames(pace, templates.weights, fields.ids)
        headers = self._headers(STREAM_TYPE, fields, schedule[0][0], ("Cache-Control", "no-cache"))
        return Response(200, headers, Frames(b"", tails, ending=b"", schedule=schedule))

    def _headers(
        self, content_type: str, fields: ResponseFields, at: float, *own: tuple[str, str]
    ) -> Headers:
        given = (*own, ("X-Process-Time", f"{at:.6f}"), *self.headers)
        return response_headers(content_type, fields.id, given)

    @cached_property
    def _templates(self) -> FrameTemplates:
        return build_templates(self.reply, self.chunking)

    @cached_property
    def _json(self) -> bytes:
        form = b'{%b,"content":[%b],"stop_reason":%b,"stop_sequence":null,"usage":%b}'
        content = b",".join(content_blocks(self.reply))
        return form % (HEAD, content, encode(stop_reason(self.reply)), USAGE)

    @cached_property
    def _tokens(self) -> int:
        return estimate_tokens(self.reply)[0]

    def _fill(self, fields: ResponseFields) -> Callable[[bytes], bytes]:
        """Return a function that fills in the placeholders of one response."""
        ids = fields.ids
        values: dict[bytes, bytes] = {
            HEAD: b'"id":"msg_%b","type":"message","role":"assistant","model":%b'
            % (fields.id.encode(), encode(fields.model)),
            USAGE: encode(self._usage(fields)),
        }
        if self.reply.reasoning:
            values[SIGNATURE] = ids.signature().encode()
        if self.reply.web_search:
            values[SEARCH_ID] = ids.stream_call(len(self.reply.calls)).encode()
        if self.reply.finish_reason == NETWORK_ERROR:
            values[_ERROR] = _network_error(fields.id)
        for index, call in enumerate(self.reply.calls):
            if call.id is None:
                values[CALL % index] = _call_id(fields, index).encode()

        def fill(text: bytes) -> bytes:
            for mark, value in values.items():
                if mark in text:
                    text = text.replace(mark, value)
            return text

        return fill

    def _usage(self, fields: ResponseFields) -> Mapping[str, Any]:
        if self.reply.finish_reason == CONTEXT_EXCEEDED and not self.reply.content:
            return {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0}
        return _messages_usage(self.reply.usage or {}, fields, self._tokens)


def _messages_usage(
    written: JSONObject, fields: ResponseFields, completion: int
) -> Mapping[str, Any]:
    """Return the usage of this surface for one in the words of v4, estimated where it is silent."""
    prompt = written.get("prompt_tokens", fields.prompt)
    details = written.get("prompt_tokens_details")
    cached = details.get("cached_tokens", 0) if isinstance(details, Mapping) else fields.cached
    are_counts = isinstance(prompt, int) and isinstance(cached, int)
    return {
        "input_tokens": max(prompt - cached, 0) if are_counts else prompt,
        "output_tokens": written.get("completion_tokens", completion),
        "cache_read_input_tokens": cached,
        "server_tool_use": {"web_search_requests": 0},
        "service_tier": "standard",
    }


def _call_id(fields: ResponseFields, index: int) -> str:
    if fields.profile.family == _OLD_FAMILY:
        return f"call_{fields.id}_{index}"
    return fields.ids.stream_call(index)


def _network_error(log_id: str) -> bytes:
    """The members of an error event behind its type."""
    body = encode(error_event(APIError(_NETWORK_CODE), log_id))
    return body[len(_OPENING) : -1]
