"""What an answer says as a whole, beyond the forms of its values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from mockglm import sse

__all__ = ["Facts", "chunk_kind", "completion", "framing", "stream"]

Facts = Iterator[tuple[str, str]]
"""Pairs of a fact's name and what it is."""

DONE = "[DONE]"
PARTS = ("reasoning_content", "content", "tool_calls")


def chunk_kind(chunk: Any) -> str:
    """What a chunk of a stream brings, by the keys of its delta that have something in them."""
    if not isinstance(chunk, dict):
        return "no object"
    if "error" in chunk:
        return "error"
    choices = chunk.get("choices")
    if not isinstance(choices, list) or not choices:
        return "usage" if "usage" in chunk else "no choice"
    choice = choices[0] if isinstance(choices[0], dict) else {}
    delta = choice.get("delta")
    parts = [name for name in PARTS if isinstance(delta, dict) and delta.get(name)]
    if choice.get("finish_reason"):
        parts.append("finish_reason")
    return " and ".join(parts) or "nothing"


def framing(body: bytes) -> Facts:
    """How a stream is framed: what a browser's parser would mend or drop, and what is unusual."""
    events, defects = sse.read(body)
    yield "framing", "canonical" if _is_canonical(body, events) else "not canonical"
    for kind in sorted({defect.kind for defect in defects}):
        yield f"framing {kind}", "there"


def stream(data: Sequence[str], chunks: Sequence[Mapping[str, Any]]) -> Facts:
    """What the chunks of a stream are together."""
    kinds = [chunk_kind(chunk) for chunk in chunks]
    yield "order of chunks", ", ".join(kind for kind, _ in groupby(kinds))
    done = [index for index, text in enumerate(data) if text == DONE]
    yield DONE, _place(done, len(data))
    for key in ("id", "created", "model", "request_id"):
        values = {json.dumps(chunk.get(key)) for chunk in chunks}
        yield f"$.{key} of all chunks", "the same" if len(values) <= 1 else "not the same"
    yield from _usage([chunk["usage"] for chunk in chunks if chunk.get("usage")])
    yield (
        "finish_reason",
        _often(
            sum(1 for chunk in chunks for choice in _choices(chunk) if choice.get("finish_reason"))
        ),
    )
    yield from _calls(_joined(chunks))


def completion(body: Mapping[str, Any]) -> Facts:
    """What a JSON answer is as a whole."""
    usage = body.get("usage")
    yield from _usage([usage] if usage else [])
    if "id" in body and "request_id" in body:
        yield "$.request_id", "the id" if body["id"] == body["request_id"] else "not the id"
    calls = [
        _called(call)
        for choice in _choices(body)
        for call in _list((choice.get("message") or {}).get("tool_calls"))
    ]
    yield from _calls(calls)


def _is_canonical(body: bytes, events: Iterable[sse.Event]) -> bool:
    return body == b"".join(sse.frame(event.data.encode()) for event in events)


def _place(done: Sequence[int], total: int) -> str:
    if not done:
        return "missing"
    if len(done) > 1:
        return "more than once"
    return "at the end" if done[0] == total - 1 else "not at the end"


def _often(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, "more than once")


def _usage(usages: Sequence[Any]) -> Facts:
    yield "usage", _often(len(usages))
    for usage in usages[-1:]:
        parts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
        total = usage.get("total_tokens")
        if all(isinstance(number, int) for number in (*parts, total)):
            yield "usage adds up", "yes" if sum(parts) == total else "no"
            yield "completion_tokens", "some" if parts[1] else "0"


def _joined(chunks: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The calls of a stream, each fragment laid to the call of its index."""
    calls: dict[Any, dict[str, str]] = {}
    fragments = (
        fragment
        for chunk in chunks
        for choice in _choices(chunk)
        for fragment in _list((choice.get("delta") or {}).get("tool_calls"))
    )
    for fragment in fragments:
        part = _called(fragment)
        call = calls.setdefault(fragment.get("index"), dict.fromkeys(part, ""))
        for name, text in part.items():
            call[name] += text
    return list(calls.values())


def _called(call: Mapping[str, Any]) -> dict[str, str]:
    function = call.get("function") or {}
    found = {"id": call.get("id"), **{key: function.get(key) for key in ("name", "arguments")}}
    return {name: value if isinstance(value, str) else "" for name, value in found.items()}


def _calls(calls: Sequence[Mapping[str, str]]) -> Facts:
    if not calls:
        return
    yield "arguments of all calls", _arguments(call["arguments"] for call in calls)
    same = Counter((call["name"], call["arguments"]) for call in calls)
    yield "a call", "twice" if max(same.values()) > 1 else "once"
    ids = Counter(call["id"] for call in calls)
    yield "the id of a call", "of several" if max(ids.values()) > 1 else "its own"


def _arguments(texts: Iterable[str]) -> str:
    return "a JSON object" if all(map(_is_object, texts)) else "not a JSON object"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _choices(chunk: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [choice for choice in _list(chunk.get("choices")) if isinstance(choice, dict)]


def _list(value: Any) -> list[Any]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
