"""The canonical form of a request of the Anthropic surface; see `canonical` for what it is for.

What clients put back or mark in their own way does not count:

* a text alone and one block of text are the same, in `system` and in `content`;
* thoughts of the history, `cache_control` of blocks and tools, and `UNCOUNTED` do not count;
* ids of tool calls become their ordinals;
* a field with the value that its absence means (`DEFAULTS`) does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNCOUNTED = frozenset({"metadata", "stream"})
"""Fields of a request that do not change what is said."""

DEFAULTS: Mapping[str, Any] = {"tool_choice": {"type": "auto"}, "tools": []}
"""The values that absent fields stand for."""

_THOUGHTS = frozenset({"thinking", "redacted_thinking"})
_IDS = ("id", "tool_use_id")
_CALLS = frozenset({"tool_use", "tool_result"})


def normalise_messages(body: Any) -> Any:
    """Return the JSON of a request without what does not count."""
    if not isinstance(body, dict):
        return body
    kept = {
        name: value
        for name, value in body.items()
        if name not in UNCOUNTED and not (name in DEFAULTS and value == DEFAULTS[name])
    }
    ids: dict[str, int] = {}
    if "system" in kept:
        kept["system"] = _content(kept["system"], ids)
    if isinstance(kept.get("messages"), list):
        kept["messages"] = [_message(message, ids) for message in kept["messages"]]
    if isinstance(kept.get("tools"), list):
        kept["tools"] = list(map(_unmarked, kept["tools"]))
    return kept


def _message(message: Any, ids: dict[str, int]) -> Any:
    if not isinstance(message, dict) or "content" not in message:
        return message
    return {**message, "content": _content(message["content"], ids)}


def _content(content: Any, ids: dict[str, int]) -> Any:
    """The blocks of a content; one block of text is the text."""
    if not isinstance(content, list):
        return content
    blocks = [_block(block, ids) for block in content if not _is_thought(block)]
    match blocks:
        case [{"type": "text", "text": str(text), **others}] if not others:
            return text
    return blocks


def _block(block: Any, ids: dict[str, int]) -> Any:
    block = _unmarked(block)
    if not isinstance(block, dict) or not _has_type(block, _CALLS):
        return block
    named = {
        name: ids.setdefault(block[name], len(ids))
        for name in _IDS
        if isinstance(block.get(name), str)
    }
    inner = {"content": _content(block["content"], ids)} if "content" in block else {}
    return {**block, **named, **inner}


def _is_thought(block: Any) -> bool:
    return isinstance(block, dict) and _has_type(block, _THOUGHTS)


def _has_type(block: dict[str, Any], kinds: frozenset[str]) -> bool:
    kind = block.get("type")
    return isinstance(kind, str) and kind in kinds


def _unmarked(value: Any) -> Any:
    """A block or a tool without its mark for the prompt cache."""
    if not isinstance(value, dict):
        return value
    return {name: part for name, part in value.items() if name != "cache_control"}
