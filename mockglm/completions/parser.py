"""The parser of completions: a stream or a JSON response back to the Reply it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from mockglm import sse
from mockglm.errors import StreamError
from mockglm.exchange import APIError, JSONObject, Reply, ToolCall


class ParsedReply(Struct, frozen=True):
    """A Reply and the identifiers of its response, "" and 0 where it had none."""

    reply: Reply
    id: str = ""
    created: int = 0
    model: str = ""
    request_id: str = ""


class _PartialCall(Struct):
    """A tool call so far: the first id and name count, the arguments come in chunks."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class _PartialReply(Struct):
    """A reply so far."""

    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: dict[int, _PartialCall] = field(default_factory=dict)
    finish_reason: str = ""
    usage: JSONObject | None = None
    web_search: tuple[JSONObject, ...] = ()
    content_filter: tuple[JSONObject, ...] = ()
    first: JSONObject | None = None


def parse_stream(body: bytes) -> ParsedReply:
    """Parse a whole stream. Raises StreamError if it is not a stream of completion chunks.

    A stream cannot tell content of None from "", nor reasoning of None from "".
    """
    parts = _PartialReply()
    for at, chunk in _chunks(body):
        if chunk.get("error"):
            return ParsedReply(_error_reply(chunk))
        try:
            _add_chunk(parts, chunk)
        except (TypeError, AttributeError) as error:
            raise StreamError(f"not a chunk of a completion: {error}", at) from error
    if parts.first is None:
        raise StreamError("no chunk", 0)
    return _parsed(_complete(parts), parts.first)


def parse_json(body: bytes) -> ParsedReply:
    """Parse a JSON response, completion or error. Raises StreamError if it is neither."""
    answer = _object(body, 0)
    if answer.get("error"):
        return ParsedReply(_error_reply(answer))
    try:
        return _parsed(_reply(answer), answer)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise StreamError(f"not a completion: {error!r}", 0) from error


def _chunks(body: bytes) -> Iterator[tuple[int, JSONObject]]:
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


def _add_chunk(parts: _PartialReply, chunk: JSONObject) -> None:
    parts.first = parts.first or chunk
    for choice in chunk.get("choices") or ():
        delta = choice.get("delta") or {}
        parts.reasoning.append(_text(delta.get("reasoning_content")) or "")
        parts.content.append(_text(delta.get("content")) or "")
        for call in delta.get("tool_calls") or ():
            _add_call(parts.calls, call)
        parts.finish_reason = _text(choice.get("finish_reason")) or parts.finish_reason
    parts.usage = _figures(chunk.get("usage")) or parts.usage
    parts.web_search = tuple(chunk.get("web_search") or parts.web_search)
    parts.content_filter = tuple(chunk.get("content_filter") or parts.content_filter)


def _add_call(calls: dict[int, _PartialCall], delta: JSONObject) -> None:
    """Add a delta to the call with its index (streams of 2025 numbered a single call -1)."""
    function = delta.get("function") or {}
    call = calls.setdefault(delta.get("index", len(calls)), _PartialCall())
    call.id = call.id or _text(delta.get("id")) or ""
    call.name = call.name or _text(function.get("name")) or ""
    call.arguments.append(_text(function.get("arguments")) or "")


def _complete(parts: _PartialReply) -> Reply:
    return Reply(
        content="".join(parts.content),
        reasoning="".join(parts.reasoning) or None,
        calls=tuple(
            ToolCall(call.name, "".join(call.arguments), call.id or None)
            for call in parts.calls.values()
        ),
        finish_reason=parts.finish_reason,
        usage=parts.usage,
        web_search=parts.web_search,
        content_filter=parts.content_filter,
    )


def _reply(answer: JSONObject) -> Reply:
    choice = answer["choices"][0]
    message = choice["message"]
    return Reply(
        content=_text(message.get("content")),
        reasoning=_text(message.get("reasoning_content")),
        calls=tuple(map(_call, message.get("tool_calls") or ())),
        finish_reason=_text(choice["finish_reason"]) or "",
        usage=_figures(answer.get("usage")),
        web_search=tuple(answer.get("web_search") or ()),
        content_filter=tuple(answer.get("content_filter") or ()),
    )


def _call(call: JSONObject) -> ToolCall:
    function = call["function"]
    name, arguments = _text(function["name"]), _text(function["arguments"])
    return ToolCall(name or "", arguments or "", _text(call.get("id")))


def _error_reply(body: JSONObject) -> Reply:
    error = body["error"]
    beside = {key: value for key, value in body.items() if key != "error"}
    if not isinstance(error, Mapping):
        return Reply(usage=None, error=APIError("", message=str(error), extra=beside))
    code, message = str(error.get("code", "")), error.get("message")
    text = None if message is None else str(message)
    return Reply(usage=None, error=APIError(code, message=text, extra=beside))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"{value!r} is not text")


def _figures(value: Any) -> JSONObject | None:
    if value is None or isinstance(value, Mapping):
        return value
    raise TypeError(f"{value!r} is not an object")


def _parsed(reply: Reply, source: JSONObject) -> ParsedReply:
    created = source.get("created")
    return ParsedReply(
        reply,
        id=_name(source, "id"),
        created=created if isinstance(created, int) else 0,
        model=_name(source, "model"),
        request_id=_name(source, "request_id"),
    )


def _name(source: JSONObject, key: str) -> str:
    value = source.get(key)
    return value if isinstance(value, str) else ""
