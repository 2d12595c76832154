"""A completion read back: a stream joined, or a JSON answer read, to the Reply it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mockglm import sse
from mockglm.errors import StreamError
from mockglm.exchange import Failure, Reply, ToolCall

__all__ = ["Joined", "join", "read"]


@dataclass(frozen=True, slots=True)
class Joined:
    """A Reply and what identified the answer it was read from ("" and 0 where it said nothing)."""

    reply: Reply
    id: str = ""
    created: int = 0
    model: str = ""
    request_id: str = ""


@dataclass(slots=True)
class _Parts:
    """What has been gathered of a stream so far; None is what has not been seen."""

    content: str | None = None
    reasoning: str | None = None
    calls: dict[int, list[str]] = field(default_factory=dict)
    finish_reason: str = ""
    usage: Mapping[str, Any] | None = None
    web_search: tuple[Mapping[str, Any], ...] = ()
    content_filter: tuple[Mapping[str, Any], ...] = ()
    first: Mapping[str, Any] = field(default_factory=dict)


def join(body: bytes) -> Joined:
    """The meaning of a whole stream. Raises StreamError where it is not one of completions."""
    parts = _Parts()
    for chunk in _chunks(body):
        if "error" in chunk:
            return Joined(Reply(usage=None, error=_failure(chunk)))
        parts.first = parts.first or chunk
        _take(parts, chunk)
    if not parts.first:
        raise StreamError("no chunk", 0)
    reply = Reply(
        content=parts.content or "",
        reasoning=parts.reasoning,
        calls=tuple(ToolCall(name, text, id) for id, name, text in parts.calls.values()),
        finish_reason=parts.finish_reason,
        usage=parts.usage,
        web_search=parts.web_search,
        content_filter=parts.content_filter,
    )
    return _joined(reply, parts.first)


def read(body: bytes) -> Joined:
    """The meaning of a JSON answer, an error among them. Raises StreamError where it has none."""
    answer = _object(body, 0)
    if "error" in answer:
        return Joined(Reply(usage=None, error=_failure(answer)))
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        reply = Reply(
            content=message.get("content"),
            reasoning=message.get("reasoning_content"),
            calls=tuple(map(_call, message.get("tool_calls") or ())),
            finish_reason=choice["finish_reason"],
            usage=answer.get("usage"),
            web_search=tuple(answer.get("web_search") or ()),
            content_filter=tuple(answer.get("content_filter") or ()),
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise StreamError(f"not a completion: {error!r}", 0) from error
    return _joined(reply, answer)


def _chunks(body: bytes) -> Iterator[Mapping[str, Any]]:
    events, _ = sse.read(body)
    for event in events:
        if event.data.startswith("[DONE]"):
            return
        yield _object(event.data.encode(), event.start)


def _object(text: bytes, at: int) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StreamError(f"not a JSON object: {error}", at) from error


def _take(parts: _Parts, chunk: Mapping[str, Any]) -> None:
    for choice in chunk.get("choices") or ():
        delta = choice.get("delta") or {}
        if delta.get("reasoning_content"):
            parts.reasoning = (parts.reasoning or "") + delta["reasoning_content"]
        if delta.get("content"):
            parts.content = (parts.content or "") + delta["content"]
        for call in delta.get("tool_calls") or ():
            _extend(parts.calls, call)
        parts.finish_reason = choice.get("finish_reason") or parts.finish_reason
    parts.usage = chunk.get("usage") or parts.usage
    parts.web_search = tuple(chunk.get("web_search") or parts.web_search)
    parts.content_filter = tuple(chunk.get("content_filter") or parts.content_filter)


def _extend(calls: dict[int, list[str]], delta: Mapping[str, Any]) -> None:
    """Lay a delta's call onto the one of its index; the first id and name stay (2025's streams
    numbered a lone call -1)."""
    function = delta.get("function") or {}
    call = calls.setdefault(delta.get("index", len(calls)), ["", "", ""])
    call[0] = call[0] or delta.get("id") or ""
    call[1] = call[1] or function.get("name") or ""
    call[2] += function.get("arguments") or ""


def _call(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"]
    return ToolCall(function["name"], function["arguments"], call.get("id"))


def _failure(body: Mapping[str, Any]) -> Failure:
    error = body["error"]
    beside = {key: value for key, value in body.items() if key != "error"}
    if not isinstance(error, Mapping):
        return Failure("", message=str(error), beside=beside)
    return Failure(str(error.get("code", "")), message=error.get("message"), beside=beside)


def _joined(reply: Reply, source: Mapping[str, Any]) -> Joined:
    return Joined(
        reply,
        id=source.get("id", ""),
        created=source.get("created", 0),
        model=source.get("model", ""),
        request_id=source.get("request_id", ""),
    )
