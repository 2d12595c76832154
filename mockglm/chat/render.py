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

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from mockglm import codes, tokens
from mockglm.clock import AT_ONCE, Ids, Pace
from mockglm.exchange import Answer, Failure, Headers, JSONObject, Reply, ToolCall
from mockglm.models import Model

__all__ = [
    "DONE",
    "Chunking",
    "Rendering",
    "Stamp",
    "common_headers",
    "cut",
    "estimate",
    "refuse",
]

DONE = b"data: [DONE]\n\n"
JSON_TYPE = "application/json; charset=UTF-8"
STREAM_TYPE = "text/event-stream;charset=UTF-8"
GATEWAY_TYPE = "application/json"

# Bytes that UTF-8 never has, so that no text of a reply can be taken for a mark.
EDGE = b"\xfe"
HEAD = b"\xffh"
USAGE = b"\xffu"
CALL = b"\xffc%d;"

encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Chunking:
    """How a stream is cut: Unicode characters a piece, or the exact pieces.

    Exact pieces that do not make up the text are sent as they stand. `arguments` counts only when
    the request asked for `tool_stream`.
    """

    content: int | tuple[str, ...] = 4
    reasoning: int | tuple[str, ...] = 4
    arguments: int | tuple[str, ...] = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What is fresh in every answer.

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


def common_headers(log_id: str) -> Headers:
    """The headers of every answer (SamyRai/go-z-ai cassettes, both hosts, 2026-07)."""
    return (
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("Vary", "Origin"),
        ("Vary", "Access-Control-Request-Method"),
        ("Vary", "Access-Control-Request-Headers"),
        ("X-Log-Id", log_id),
    )


@dataclass(frozen=True)
class Rendering:
    """One reply in the shapes the wire knows, each made when first asked for and kept."""

    reply: Reply
    chunking: Chunking = Chunking()
    headers: Headers = ()

    def plain(self, stamp: Stamp, pace: Pace = AT_ONCE) -> Answer:
        """The reply as one JSON answer, there, headers and all, when its last token is."""
        at = pace.schedule(self._whole[1], stamp.ids)[-1]
        body = self._plain.replace(HEAD, _plain_head(stamp, stamp.created + int(at)))
        body = self._fill(body, stamp, stamp.ids.plain_call, _sorted)
        headers = (("Content-Type", JSON_TYPE), *common_headers(stamp.id), *self.headers)
        return Answer(200, headers, ((at, body),), head=at)

    def stream(self, stamp: Stamp, pace: Pace = AT_ONCE, *, tool_stream: bool = False) -> Answer:
        """The reply as server-sent events; what is due at the same time is one piece."""
        sheet, weights = self._pieces if tool_stream else self._whole
        body = sheet.replace(HEAD, _stream_head(stamp))
        body = self._fill(body, stamp, stamp.ids.stream_call, dict)
        headers = (("Content-Type", STREAM_TYPE), *common_headers(stamp.id), *self.headers)
        return Answer(200, headers, _pieces(body, pace.schedule(weights, stamp.ids)))

    @property
    def frames(self) -> int:
        """How many events a stream of the reply has, `[DONE]` among them."""
        return len(self._whole[1])

    @cached_property
    def _whole(self) -> tuple[bytes, tuple[int, ...]]:
        return _sheet(cut(self.reply, self.chunking))

    @cached_property
    def _pieces(self) -> tuple[bytes, tuple[int, ...]]:
        return _sheet(cut(self.reply, self.chunking, tool_stream=True))

    @cached_property
    def _plain(self) -> bytes:
        return _plain(self.reply)

    @cached_property
    def _size(self) -> tuple[int, int]:
        return estimate(self.reply)

    def _fill(
        self,
        text: bytes,
        stamp: Stamp,
        call_id: Callable[[int], str],
        order: Callable[[JSONObject], JSONObject],
    ) -> bytes:
        if self.reply.usage is not None:
            usage = _usage(self.reply.usage, stamp, *self._size)
            text = text.replace(USAGE, encode(order(usage)))
        for index, call in enumerate(self.reply.calls):
            if call.id is None:
                text = text.replace(CALL % index, call_id(index).encode())
        return text


def cut(
    reply: Reply, chunking: Chunking = Chunking(), *, tool_stream: bool = False
) -> Iterator[tuple[int, bytes]]:
    """The frames of a reply, marks in place, each with the number of tokens it stands for."""
    for piece in _split(reply.reasoning or "", chunking.reasoning):
        yield 1, _frame(b'{"role":"assistant","reasoning_content":%b}' % encode(piece))
    for piece in _split(reply.content or "", chunking.content):
        yield 1, _frame(b'{"role":"assistant","content":%b}' % encode(piece))
    for index, call in enumerate(reply.calls):
        if tool_stream:
            yield from _call_pieces(index, call, chunking.arguments)
        else:
            body = b'{"tool_calls":[%b]}' % _call(index, call, call.arguments)
            yield max(1, tokens.count(call.arguments)), _frame(body)
    yield 1, _last(reply)
    yield 0, DONE


def estimate(reply: Reply) -> tuple[int, int]:
    """The tokens of a reply: all it completed, and those of them that were thought."""
    thought = tokens.count(reply.reasoning or "")
    said = tokens.count(reply.content or "")
    called = sum(tokens.count(call.name) + tokens.count(call.arguments) for call in reply.calls)
    return thought + said + called, thought


def refuse(
    failure: Failure, log_id: str, language: codes.Language = "zh", headers: Headers = ()
) -> Answer:
    """An error in GLM's envelope: the code a string, neither `type` nor `param`."""
    row = codes.CODES.get(failure.code)
    message = failure.message
    if message is None:
        fields = {"error_id": log_id, **failure.fields}
        message = codes.text(failure.code, language, fields)
    status = failure.status or (row.status if row else 400)
    error = {"error": {"code": failure.code, "message": message}, **failure.beside}
    kind = GATEWAY_TYPE if row and row.gateway else JSON_TYPE
    own = {name.lower() for name, _ in headers}
    base = (("Content-Type", kind), *common_headers(log_id))
    kept = tuple(pair for pair in base if pair[0].lower() not in own)
    return Answer(status, (*kept, *headers), ((0.0, encode(_sorted(error))),))


def _split(text: str, chunking: int | tuple[str, ...]) -> Iterator[str]:
    if isinstance(chunking, tuple):
        yield from chunking if text else ()
        return
    for start in range(0, len(text), chunking):
        yield text[start : start + chunking]


def _frame(delta: bytes) -> bytes:
    return b'data: %b"choices":[{"index":0,"delta":%b}]}\n\n' % (HEAD, delta)


def _last(reply: Reply) -> bytes:
    tail = b""
    if reply.web_search:
        tail += b',"web_search":' + encode(reply.web_search)
    if reply.content_filter:
        tail += b',"content_filter":' + encode(reply.content_filter)
    if reply.usage is not None:
        tail += b',"usage":' + USAGE
    return b'data: %b"choices":[{"index":0,"finish_reason":%b,"delta":%b}]%b}\n\n' % (
        HEAD,
        encode(reply.finish_reason),
        b'{"role":"assistant","content":""}',
        tail,
    )


def _call(index: int, call: ToolCall, arguments: str) -> bytes:
    return b'{"id":"%b","index":%d,"type":"function","function":{"name":%b,"arguments":%b}}' % (
        _call_id(index, call),
        index,
        encode(call.name),
        encode(arguments),
    )


def _call_pieces(
    index: int, call: ToolCall, chunking: int | tuple[str, ...]
) -> Iterator[tuple[int, bytes]]:
    yield 1, _frame(b'{"tool_calls":[%b]}' % _call(index, call, ""))
    for piece in _split(call.arguments, chunking):
        body = b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}'
        yield 1, _frame(body % (index, encode(piece)))


def _call_id(index: int, call: ToolCall) -> bytes:
    return CALL % index if call.id is None else encode(call.id)[1:-1]


def _sheet(frames: Iterator[tuple[int, bytes]]) -> tuple[bytes, tuple[int, ...]]:
    weights, texts = zip(*frames, strict=True)
    return EDGE.join(texts), weights


def _pieces(body: bytes, times: tuple[float, ...]) -> tuple[tuple[float, bytes], ...]:
    if times[-1] == times[0]:
        return ((times[0], body.replace(EDGE, b"")),)
    due: dict[float, list[bytes]] = {}
    for at, frame in zip(times, body.split(EDGE), strict=True):
        due.setdefault(at, []).append(frame)
    return tuple((at, b"".join(frames)) for at, frames in due.items())


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
        parts.append(b'"content_filter":' + encode(_sorted(reply.content_filter)))
    parts.append(HEAD)
    if reply.usage is not None:
        parts.append(b'"usage":' + USAGE)
    if reply.web_search:
        parts.append(b'"web_search":' + encode(_sorted(reply.web_search)))
    return b"{%b}" % b",".join(parts)


def _plain_call(index: int, call: ToolCall) -> bytes:
    return b'{"function":{"arguments":%b,"name":%b},"id":"%b","index":%d,"type":"function"}' % (
        encode(call.arguments),
        encode(call.name),
        _call_id(index, call),
        index,
    )


def _stream_head(stamp: Stamp) -> bytes:
    return b'{"id":%b,"created":%d,"object":"chat.completion.chunk","model":%b,' % (
        encode(stamp.id),
        stamp.created,
        encode(stamp.model),
    )


def _plain_head(stamp: Stamp, created: int) -> bytes:
    form = b'"created":%d,"id":%b,"model":%b,"object":"chat.completion","request_id":%b'
    return form % (
        created,
        encode(stamp.id),
        encode(stamp.model),
        encode(stamp.request_id),
    )


def _usage(overlay: JSONObject, stamp: Stamp, completion: int, thought: int) -> dict[str, Any]:
    """The estimate with the reply's own figures over it; the total is theirs, or their sum."""
    prompt = overlay.get("prompt_tokens", stamp.prompt)
    done = overlay.get("completion_tokens", completion)
    summed = prompt + done if isinstance(prompt, int) and isinstance(done, int) else None
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": done,
        "total_tokens": summed,
    }
    if stamp.profile.reports_cached:
        usage["prompt_tokens_details"] = {"cached_tokens": _within(stamp.cached, prompt)}
    if stamp.profile.reports_reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": _within(thought, done)}
    usage.update(overlay)
    return usage


def _within(part: int, whole: Any) -> int:
    """A part that is not more than its whole, where a reply gives that as its own figure."""
    return min(part, whole) if isinstance(whole, int) else part


def _sorted(value: Any) -> Any:
    """The value with the keys of every object in alphabetical order."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_sorted(item) for item in value]
    return value
