"""The protocols in which an endpoint is measured: the requests of each, and the meaning of its
events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from mockglm.conformance.message_view import MESSAGES
from mockglm.conformance.sets import set_of_url
from mockglm.conformance.view import CHAT
from mockglm.exchange import Headers

JSONObject = Mapping[str, Any]

_NAME = "get_weather"
_DESCRIPTION = "Tells the weather of a city today."
_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Name of the city"}},
    "required": ["city"],
}
_TEXTS = ("reasoning_content", "content")
"""The keys of a chunk's delta that hold text: the first token is in whichever comes first."""
_DELTA_TEXTS: Mapping[str, str] = MappingProxyType(
    {"thinking_delta": "thinking", "text_delta": "text"}
)
"""The keys that hold the text of a message's delta, by its type."""
_FINISHES: Mapping[str, str] = MappingProxyType(
    {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
)
"""The finish reason of a chat for each stop reason of the Anthropic surface."""


class Usage(Struct, frozen=True):
    """The tokens of a prompt, those of them that were cached, and the tokens of the answer."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0

    def merge(self, later: Usage) -> Usage:
        """Return the larger counts of both: an endpoint may tell them in parts, as they grow."""
        return Usage(
            max(self.prompt, later.prompt),
            max(self.cached, later.cached),
            max(self.completion, later.completion),
        )


class StreamEvent(Struct, frozen=True, kw_only=True):
    """The meaning of one event of a stream, and the time at which its last byte came.

    `has_text` is True for thought or content, `has_answer` for content or a call, `has_call` for a
    call. `finish` is in the words of v4, empty before the end.
    """

    at: float
    has_text: bool = False
    has_answer: bool = False
    has_call: bool = False
    has_error: bool = False
    finish: str = ""
    usage: Usage | None = None

    @property
    def has_output(self) -> bool:
        return self.has_text or self.has_call


class MeasuredSurface(Struct, frozen=True, kw_only=True):
    """A protocol: the path of its conversations, a tool in its words, and the reader of its events.

    `credential` returns the headers that carry a key.
    """

    name: str
    path: str
    tool: JSONObject
    credential: Callable[[str], Headers]
    read_event: Callable[[float, JSONObject], StreamEvent]


def surface_of_url(url: str) -> MeasuredSurface:
    """Return the surface of a base URL: the one of its path, or that of chat completions."""
    path = set_of_url(url).path
    return next(one for one in SURFACES.values() if one.path == path)


def _read_chunk(at: float, value: JSONObject) -> StreamEvent:
    choices = value.get("choices")
    choice = _mapping(choices[0] if isinstance(choices, list) and choices else None)
    delta = _mapping(choice.get("delta"))
    usage = value.get("usage")
    has_call = bool(delta.get("tool_calls"))
    return StreamEvent(
        at=at,
        has_text=any(delta.get(key) for key in _TEXTS),
        has_answer=has_call or bool(delta.get("content")),
        has_call=has_call,
        has_error=bool(value.get("error")),
        finish=str(choice.get("finish_reason") or ""),
        usage=_read_usage(usage) if isinstance(usage, dict) else None,
    )


def _read_usage(usage: JSONObject) -> Usage:
    details = _mapping(usage.get("prompt_tokens_details"))
    return Usage(
        _count(usage, "prompt_tokens"),
        _count(details, "cached_tokens"),
        _count(usage, "completion_tokens"),
    )


def _read_message_event(at: float, value: JSONObject) -> StreamEvent:
    delta, block = _mapping(value.get("delta")), _mapping(value.get("content_block"))
    kind = str(delta.get("type"))
    has_text = bool(delta.get(_DELTA_TEXTS.get(kind, "")))
    has_call = block.get("type") == "tool_use"
    stop = delta.get("stop_reason")
    # The service tells all at the end; Anthropic's own API has the prompt at the beginning.
    usage = value.get("usage") or _mapping(value.get("message")).get("usage")
    return StreamEvent(
        at=at,
        has_text=has_text,
        has_answer=has_call or (has_text and kind == "text_delta"),
        has_call=has_call,
        has_error=bool(value.get("error")),
        finish=_FINISHES.get(stop, stop) if isinstance(stop, str) else "",
        usage=_read_message_usage(usage) if isinstance(usage, dict) else None,
    )


def _read_message_usage(usage: JSONObject) -> Usage:
    # The input leaves the cached part out.
    cached = _count(usage, "cache_read_input_tokens")
    return Usage(_count(usage, "input_tokens") + cached, cached, _count(usage, "output_tokens"))


def _mapping(value: object) -> JSONObject:
    return value if isinstance(value, dict) else {}


def _count(usage: JSONObject, name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0


CHAT_SURFACE = MeasuredSurface(
    name="chat",
    path=CHAT,
    tool={
        "type": "function",
        "function": {"name": _NAME, "description": _DESCRIPTION, "parameters": _SCHEMA},
    },
    credential=lambda key: (("authorization", f"Bearer {key}"),),
    read_event=_read_chunk,
)
MESSAGES_SURFACE = MeasuredSurface(
    name="anthropic",
    path=MESSAGES,
    tool={"name": _NAME, "description": _DESCRIPTION, "input_schema": _SCHEMA},
    credential=lambda key: (("x-api-key", key), ("anthropic-version", "2023-06-01")),
    read_event=_read_message_event,
)

SURFACES: Mapping[str, MeasuredSurface] = MappingProxyType(
    {one.name: one for one in (CHAT_SURFACE, MESSAGES_SURFACE)}
)
"""The surfaces by the names that `--surface` takes."""
