"""The parts of messages of the Anthropic surface, under the keys that completions have for them.

A fault that changes one value is the same on both surfaces if what it selects has the same keys, so
each part is a view of the message: what is written to it is written there under its own key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from mockglm.faults.frames import JSON, objects
from mockglm.messages import FINISH_REASONS

_STOP_REASONS: Mapping[str, str] = {finish: reason for reason, finish in FINISH_REASONS.items()}


class PartView(dict[str, Any]):
    """A part of a message under other keys; changes go through to the part."""

    def __init__(
        self,
        part: JSON,
        names: Mapping[str, str],
        *,
        read: Callable[[Any], Any] = lambda value: value,
        write: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        super().__init__({key: read(part[own]) for key, own in names.items() if own in part})
        self._part = part
        self._names = names
        self._write = write

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._part[self._names.get(key, key)] = self._write(value)

    def update(self, *others: Any, **more: Any) -> None:
        for key, value in dict(*others, **more).items():
            self[key] = value

    def pop(self, key: str, *default: Any) -> Any:
        self._part.pop(self._names.get(key, key), None)
        return super().pop(key, *default)


def message_root(value: JSON) -> Iterator[JSON]:
    """Select the message, of a stream that of its first event."""
    if value.get("type") == "message":
        yield value
    elif value.get("type") == "message_start":
        yield from objects([value.get("message")])


def stops(value: JSON) -> Iterator[JSON]:
    """Select what says why the message ends."""
    for part in _ends(value):
        if part.get("stop_reason"):
            yield PartView(
                part,
                {"finish_reason": "stop_reason"},
                read=lambda word: FINISH_REASONS.get(word, word) if _is_text(word) else word,
                write=lambda word: _STOP_REASONS.get(word, word) if _is_text(word) else word,
            )


def texts(value: JSON) -> Iterator[JSON]:
    """Select the blocks or deltas with text."""
    return _views(value, ("text", "text_delta"), {"content": "text"})


def thinking(value: JSON) -> Iterator[JSON]:
    """Select the blocks or deltas with thought."""
    return _views(value, ("thinking", "thinking_delta"), {"reasoning_content": "thinking"})


def uses(value: JSON) -> Iterator[JSON]:
    """Select the blocks that call a tool."""
    return (part for part in _parts(value) if part.get("type") == "tool_use")


def inputs(value: JSON) -> Iterator[JSON]:
    """Select the arguments of calls: as text in a stream, as an object in JSON."""
    yield from _views(value, ("input_json_delta",), {"arguments": "partial_json"})
    if value.get("type") == "message":
        for part in uses(value):
            yield PartView(part, {"arguments": "input"}, read=_written, write=_read)


def counts(value: JSON) -> Iterator[JSON]:
    """Select the usage that counts; that of `message_start` is always 0."""
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    for holder in counted(value):
        for part in objects([holder.get("usage")]):
            yield UsageView(part, names)


def counted(value: JSON) -> Iterator[JSON]:
    """Select what has a usage."""
    if value.get("type") in ("message", "message_delta") and "usage" in value:
        yield value


class UsageView(PartView):
    """A usage in the words of v4, without those that this surface has not."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "prompt_tokens_details" and isinstance(value, dict):
            self._part["cache_read_input_tokens"] = value.get("cached_tokens")
        elif key != "total_tokens":
            super().__setitem__(key, value)


def _ends(value: JSON) -> Iterator[JSON]:
    if value.get("type") == "message":
        yield value
    elif value.get("type") == "message_delta":
        yield from objects([value.get("delta")])


def _parts(value: JSON) -> Iterator[JSON]:
    """The blocks of a JSON message; the block or the delta of an event."""
    if value.get("type") == "message":
        yield from objects(value.get("content"))
    elif value.get("type") in ("content_block_start", "content_block_delta"):
        yield from objects([value.get("content_block"), value.get("delta")])


def _views(value: JSON, kinds: tuple[str, ...], names: Mapping[str, str]) -> Iterator[JSON]:
    (own,) = names.values()
    for part in _parts(value):
        if part.get("type") in kinds and part.get(own) and _is_text(part[own]):
            yield PartView(part, names)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _written(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else value


def _read(text: Any) -> Any:
    """Arguments as an object if they are one, else as they stand."""
    if not isinstance(text, str):
        return text
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return text
