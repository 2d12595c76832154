"""The parser of messages: a stream or a JSON response back to the Reply it was made of.

Usage is translated to the words of v4, the bracketed message of an error to its text. Blocks of the
service's own tools are left out, for no reply of a model has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct, field

from mockglm import sse
from mockglm.clock import parse_log_time
from mockglm.completions import ParsedReply
from mockglm.errors import StreamError
from mockglm.exchange import APIError, JSONObject, Reply, Response, ToolCall
from mockglm.messages.decoder import SHAPE
from mockglm.messages.frames import STOP_REASONS

FINISH_REASONS: Mapping[str, str] = MappingProxyType(
    {reason: finish for finish, reason in STOP_REASONS.items()}
)
"""The finish reasons of v4 by the `stop_reason` that stands for them."""

_BRACKETS = re.compile(r"\[(?P<code>\w+)\]\[(?P<text>.*)\]\[(?P<log>\w*)\]", re.DOTALL)
_PREFIX = "msg_"
_ERROR_STATUS = 400

_STARTS = tuple(
    form % name
    for form in (b"event: %b", b"event:%b", b'data: {"type":"%b', b'data:{"type":"%b')
    for name in (b"message_", b"ping", b"content_block_")
)


class _Block(Struct):
    """A block of a stream so far."""

    type: str
    id: str = ""
    name: str = ""
    given: str = ""
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.given + "".join(self.pieces)


class _PartialMessage(Struct):
    """A message so far."""

    head: JSONObject | None = None
    blocks: dict[int, _Block] = field(default_factory=dict)
    stop_reason: str = ""
    usage: JSONObject | None = None


def is_message(response: Response) -> bool:
    """Judge by its first bytes whether a response is one of this surface."""
    opening = response.body[:4096].lstrip()
    if opening.startswith(b"{"):
        return b'"type":"message"' in opening or opening.startswith(b'{"type":"error"')
    return opening.startswith(_STARTS)


def parse_message(response: Response) -> ParsedReply:
    """Parse a response. Raises StreamError if it is neither a message nor an error.

    A 400 is labelled as a stream although its body is JSON.
    """
    body = response.body
    if response.is_stream and not body.lstrip().startswith(b"{"):
        return _parse_stream(body)
    return _parse_json(body, response.status)


def _parse_json(body: bytes, status: int) -> ParsedReply:
    answer = _object(body, 0)
    if "error" in answer or "detail" in answer:
        return ParsedReply(_error_reply(answer, status))
    try:
        blocks = [_block(block) for block in answer["content"]]
        return _parsed(answer, _reply(blocks, answer["stop_reason"], answer.get("usage")))
    except (KeyError, TypeError, AttributeError) as error:
        raise StreamError(f"not a message: {error!r}", 0) from error


def _parse_stream(body: bytes) -> ParsedReply:
    parts = _PartialMessage()
    for at, event in _events(body):
        if event.get("error"):
            return ParsedReply(_error_reply(event, 200))
        try:
            _add_event(parts, event)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StreamError(f"not an event of a message: {error!r}", at) from error
    if parts.head is None:
        raise StreamError("no message_start", 0)
    blocks = [parts.blocks[index] for index in sorted(parts.blocks)]
    return _parsed(parts.head, _reply(blocks, parts.stop_reason, parts.usage))


def _events(body: bytes) -> Iterator[tuple[int, JSONObject]]:
    events, _ = sse.read(body)
    for event in events:
        if event.data.startswith("[DONE]"):
            return
        yield event.start, _object(event.data.encode(), event.start)


def _object(text: bytes, at: int) -> JSONObject:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StreamError(f"not a JSON object: {error}", at) from error


def _add_event(parts: _PartialMessage, event: JSONObject) -> None:
    kind = event.get("type")
    if kind == "message_start":
        parts.head = parts.head or event["message"]
    elif kind == "content_block_start":
        parts.blocks[int(event["index"])] = _block(event["content_block"])
    elif kind == "content_block_delta":
        _add_delta(parts.blocks[int(event["index"])], event["delta"])
    elif kind == "message_delta":
        parts.stop_reason = str(event["delta"].get("stop_reason") or parts.stop_reason)
        parts.usage = event.get("usage") or parts.usage


def _add_delta(block: _Block, delta: JSONObject) -> None:
    for name in ("text", "thinking", "partial_json"):
        if name in delta:
            block.pieces.append(str(delta[name]))


def _block(written: JSONObject) -> _Block:
    kind = str(written["type"])
    given = written.get("input") if kind == "tool_use" else written.get(kind)
    if kind == "tool_use":
        # Its deltas follow an empty input, or none (ggml-org/llama.cpp#22960).
        given = _arguments(given) if given else ""
    return _Block(
        kind,
        id=str(written.get("id") or ""),
        name=str(written.get("name") or ""),
        given=given if isinstance(given, str) else "",
    )


def _arguments(given: Any) -> str:
    return given if isinstance(given, str) else msgspec.json.encode(given).decode()


def _reply(blocks: list[_Block], stop_reason: Any, usage: Any) -> Reply:
    return Reply(
        content="".join(block.text for block in blocks if block.type == "text"),
        reasoning="".join(block.text for block in blocks if block.type == "thinking") or None,
        calls=tuple(
            ToolCall(block.name, block.text or "{}", block.id or None)
            for block in blocks
            if block.type == "tool_use"
        ),
        finish_reason=FINISH_REASONS.get(stop_reason, stop_reason or ""),
        usage=to_chat_usage(usage) if isinstance(usage, Mapping) else None,
    )


def to_chat_usage(usage: JSONObject) -> JSONObject:
    """Return a usage of this surface in the words of v4: the prompt has its cached part in it."""
    fresh, cached, completion = (
        value if isinstance(value := usage.get(name), int) else 0
        for name in ("input_tokens", "cache_read_input_tokens", "output_tokens")
    )
    return {
        "prompt_tokens": fresh + cached,
        "completion_tokens": completion,
        "total_tokens": fresh + cached + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _error_reply(body: JSONObject, status: int) -> Reply:
    """The error of one of the three envelopes."""
    if "detail" in body:
        failure = APIError(SHAPE, status=status, extra={"detail": body["detail"]})
        return Reply(usage=None, error=failure)
    error = body["error"]
    if not isinstance(error, Mapping):
        return Reply(usage=None, error=APIError("", message=str(error)))
    message = str(error.get("message", ""))
    parts = _BRACKETS.fullmatch(message)
    code = str(error.get("code") or (parts["code"] if parts else error.get("type", "")))
    text = parts["text"] if parts else message
    is_status = status >= _ERROR_STATUS
    return Reply(
        usage=None, error=APIError(code, status=status if is_status else None, message=text)
    )


def _parsed(head: JSONObject, reply: Reply) -> ParsedReply:
    id = str(head.get("id") or "").removeprefix(_PREFIX)
    return ParsedReply(
        reply,
        id=id,
        created=parse_log_time(id),
        model=str(head.get("model") or ""),
        request_id=id,
    )
