"""What a client heard, in one form for all of them and for both modes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Call", "Said", "joined", "whole"]


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a client shows it. The id is fresh, so it does not count."""

    name: str
    arguments: str
    id: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer as a client shows it. Usage is estimated, so it does not count."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[Call, ...] = ()
    finish: str | None = "stop"
    web_search: Any = None
    content_filter: Any = None
    usage: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def message(self) -> dict[str, Any]:
        """It as a message of the history, the thought left out as most clients do."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in self.calls
            ]
        return message


def whole(completion: Mapping[str, Any]) -> Said:
    """What a plain completion says."""
    (choice,) = completion["choices"]
    message = choice["message"]
    return Said(
        text=message["content"] or "",
        reasoning=message.get("reasoning_content") or "",
        calls=tuple(_call(call) for call in message.get("tool_calls") or ()),
        finish=choice["finish_reason"],
        web_search=completion.get("web_search"),
        content_filter=completion.get("content_filter"),
        usage=completion["usage"],
    )


def joined(chunks: Iterable[Mapping[str, Any]]) -> Said:
    """What the chunks of a stream say together, joined as the clients' manuals have it."""
    read = list(chunks)
    deltas = [chunk["choices"][0]["delta"] for chunk in read]
    last = read[-1]
    return Said(
        text="".join(delta.get("content") or "" for delta in deltas),
        reasoning="".join(delta.get("reasoning_content") or "" for delta in deltas),
        calls=_calls(call for delta in deltas for call in delta.get("tool_calls") or ()),
        finish=last["choices"][0]["finish_reason"],
        web_search=_first(read, "web_search"),
        content_filter=_first(read, "content_filter"),
        usage=last["usage"],
    )


def _first(chunks: Iterable[Mapping[str, Any]], key: str) -> Any:
    return next((chunk[key] for chunk in chunks if chunk.get(key)), None)


def _calls(pieces: Iterable[Mapping[str, Any]]) -> tuple[Call, ...]:
    """Pieces of calls put together by their index."""
    calls: dict[int, list[Mapping[str, Any]]] = {}
    for piece in pieces:
        calls.setdefault(piece["index"], []).append(piece)
    return tuple(_together(calls[index]) for index in sorted(calls))


def _together(pieces: list[Mapping[str, Any]]) -> Call:
    first = pieces[0]
    arguments = (piece["function"]["arguments"] for piece in pieces)
    return Call(first["function"]["name"], "".join(arguments), first["id"])


def _call(call: Mapping[str, Any]) -> Call:
    return Call(call["function"]["name"], call["function"]["arguments"], call["id"])
