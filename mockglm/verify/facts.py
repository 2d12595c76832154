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

LONG_LINE = 65536
"""Bytes of a line beyond which Go's bufio.Scanner ends a stream, unless it is told otherwise."""

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


def framing(body: bytes) -> str:
    """How a stream is framed: what a browser's parser would mend or drop, and what is unusual."""
    events, defects = sse.read(body)
    odd = [str(kind) for kind in sorted({defect.kind for defect in defects})]
    if any(event.end - event.start > LONG_LINE for event in events):
        odd.append("a line of more than 64 KB")
    if odd:
        return ", ".join(odd)
    return "canonical" if _is_canonical(body, events) else "not canonical"


def stream(data: Sequence[str], chunks: Sequence[Mapping[str, Any]]) -> Facts:
    """What the chunks of a stream are together."""
    kinds = [chunk_kind(chunk) for chunk in chunks]
    yield "order of chunks", ", ".join(kind for kind, _ in groupby(kinds))
    done = [index for index, text in enumerate(data) if text == DONE]
    yield DONE, _place(done, len(data))
    for key in ("id", "created", "model", "request_id"):
        values = {json.dumps(chunk.get(key)) for chunk in chunks}
        yield f"$.{key} of all chunks", "the same" if len(values) <= 1 else "not the same"
    usages = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    yield "usage", _often(len(usages))
    yield from _counts(_dict(usages[-1]) if usages else {})
    yield (
        "finish_reason",
        _often(
            sum(1 for chunk in chunks for choice in _choices(chunk) if choice.get("finish_reason"))
        ),
    )
    deltas = [_dict(choice.get("delta")) for chunk in chunks for choice in _choices(chunk)]
    fragments = [_list(delta.get("tool_calls")) for delta in deltas]
    yield from _pieces(fragments)
    yield from _calls(_joined(fragments))
    if not any(fragments):
        yield from _said("".join(_str(delta.get("content")) for delta in deltas))


def completion(body: Mapping[str, Any]) -> Facts:
    """What a JSON answer is as a whole."""
    usage = body.get("usage")
    if _choices(body):
        yield "usage", _often(1 if usage else 0)
    yield from _counts(_dict(usage))
    if "id" in body and "request_id" in body:
        yield "$.request_id", "the id" if body["id"] == body["request_id"] else "not the id"
    messages = [_dict(choice.get("message")) for choice in _choices(body)]
    calls = [_called(call) for message in messages for call in _list(message.get("tool_calls"))]
    yield from _calls(calls)
    if messages and not calls:
        yield from _said("".join(_str(message.get("content")) for message in messages))


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


def _counts(usage: Mapping[str, Any]) -> Facts:
    """What the numbers of a usage say; those of one prompt are about the same every time."""
    prompt, completion, total = (
        usage.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    if not (isinstance(prompt, int) and isinstance(completion, int) and isinstance(total, int)):
        return
    yield "usage adds up", "yes" if prompt + completion == total else "no"
    yield "prompt_tokens", str(prompt)
    yield "completion_tokens", "some" if completion else "0"
    parts = (
        ("prompt_tokens_details", "cached_tokens", prompt),
        ("completion_tokens_details", "reasoning_tokens", completion),
    )
    for details, name, most in parts:
        part = _dict(usage.get(details)).get(name)
        yield f"{name} beyond the whole", "yes" if isinstance(part, int) and part > most else "no"


def _pieces(fragments: Iterable[Sequence[Mapping[str, Any]]]) -> Facts:
    """How the calls of a stream are cut."""
    chunks = [list(map(_index, chunk)) for chunk in fragments if chunk]
    if not chunks:
        return
    named = [
        _index(fragment)
        for chunk in fragments
        for fragment in chunk
        if _dict(fragment.get("function")).get("name")
    ]
    indices = [index for chunk in chunks for index in chunk]
    yield (
        "calls in a chunk",
        "several" if any(len(set(c)) < len(c) or len(c) > 1 for c in chunks) else "one",
    )
    yield "the name of a call", "once" if len(set(named)) == len(named) else "more than once"
    yield "the arguments of a call", "whole" if len(set(indices)) == len(indices) else "in pieces"


def _joined(fragments: Iterable[Sequence[Mapping[str, Any]]]) -> list[dict[str, str]]:
    """The calls of a stream, each fragment laid to the call of its index."""
    calls: dict[str, dict[str, str]] = {}
    for fragment in (fragment for chunk in fragments for fragment in chunk):
        part = _called(fragment)
        call = calls.setdefault(_index(fragment), dict.fromkeys(part, ""))
        for name, text in part.items():
            call[name] += text
    return list(calls.values())


def _index(fragment: Mapping[str, Any]) -> str:
    """Which call a fragment belongs to, whatever stands there."""
    return json.dumps(fragment.get("index"))


def _called(call: Mapping[str, Any]) -> dict[str, str]:
    function = _dict(call.get("function"))
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
    found = list(texts)
    if not all(map(_is_object, found)):
        return "not a JSON object"
    is_empty = not any(map(json.loads, found))
    return "an empty JSON object" if is_empty else "a JSON object"


def _said(text: str) -> Facts:
    """What kind of text an answer without calls has."""
    if not text.strip():
        yield "the text", "none"
        return
    yield "the text", "JSON" if _is_structure(text) else "no JSON"
    yield "the text begins", "with a line feed" if text.startswith("\n") else "at once"
    yield "the text is", "UTF-8 read as Latin-1" if _is_mojibake(text) else "as it was written"


def _is_structure(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_mojibake(text: str) -> bool:
    try:
        return text.encode("latin-1").decode() != text
    except UnicodeError:
        return False


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _str(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _choices(chunk: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [choice for choice in _list(chunk.get("choices")) if isinstance(choice, dict)]


def _list(value: Any) -> list[Any]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
