"""The properties of a response as a whole, beyond the types of its values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, takewhile
from typing import Any

from mockglm import messages, sse
from mockglm.completions import ParsedReply
from mockglm.errors import StreamError
from mockglm.exchange import JSONObject, Reply, Response, ToolCall
from mockglm.surfaces import recognise

Properties = Iterator[tuple[str, str]]
"""Pairs of a name and a value."""

LONGEST_LINE = 65536
"""Bytes of a line beyond which Go's bufio.Scanner ends a stream by default."""

DONE = "[DONE]"
JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream"
DELTA_PARTS = ("reasoning_content", "content", "tool_calls")


def chunk_kind(chunk: JSONObject) -> str:
    """The kind of a chunk: the keys of its delta that are not empty, or the name of its event."""
    if "error" in chunk:
        return "error"
    if isinstance(chunk.get("type"), str):
        return str(chunk["type"])
    choices = chunk.get("choices")
    if not isinstance(choices, list) or not choices:
        return "usage" if "usage" in chunk else "no choice"
    choice = choices[0] if isinstance(choices[0], dict) else {}
    delta = choice.get("delta")
    parts = [name for name in DELTA_PARTS if isinstance(delta, dict) and delta.get(name)]
    if choice.get("finish_reason"):
        parts.append("finish_reason")
    return " and ".join(parts) or "nothing"


def summarise_stream(body: bytes) -> Properties:
    """Summarise the framing of a stream, its chunks, and the reply they make up."""
    yield "framing", _framing(body)
    data = [event.data for event in sse.read(body)[0]]
    yield DONE, _position([index for index, text in enumerate(data) if text == DONE], len(data))
    chunks = parse_objects(takewhile(lambda text: text != DONE, data))
    yield "order of chunks", ", ".join(kind for kind, _ in groupby(map(chunk_kind, chunks)))
    for key in ("id", "created", "model", "request_id"):
        values = {json.dumps(chunk.get(key)) for chunk in chunks}
        yield f"$.{key} of all chunks", "the same" if len(values) <= 1 else "not the same"
    try:
        reply = _parse(body, STREAM_TYPE).reply
    except StreamError:
        yield "chunks", "not all readable"
        return
    yield "chunks", "all readable"
    if reply.error is not None:
        return
    # What the reader has accepted needs no other check.
    choices = [choice for chunk in chunks for choice in chunk.get("choices") or ()]
    yield "usage", _frequency(sum(bool(chunk.get("usage")) for chunk in chunks))
    yield "finish_reason", _frequency(sum(bool(one.get("finish_reason")) for one in choices))
    deltas = (choice.get("delta") or {} for choice in choices)
    yield from _fragments([delta["tool_calls"] for delta in deltas if delta.get("tool_calls")])
    yield from _reply(reply)


def summarise_json(body: bytes) -> Properties:
    """Summarise a JSON body, and the reply it has if it is a completion."""
    try:
        parsed = _parse(body, JSON_TYPE)
    except StreamError:
        yield "reply", "not readable"
        return
    yield "reply", "readable"
    if parsed.request_id and parsed.id:
        is_same = parsed.request_id == parsed.id
        yield "$.request_id", "the id" if is_same else "not the id"
    if parsed.reply.error is None:
        yield "usage", _frequency(int(bool(parsed.reply.usage)))
        yield from _reply(parsed.reply)


def _parse(body: bytes, content_type: str) -> ParsedReply:
    """Parse a body by its surface. Raises StreamError if it has no meaning."""
    response = Response(200, (("Content-Type", content_type),), ((0.0, body),))
    return recognise(response).parse(response)


def parse_objects(data: Iterator[str] | Sequence[str]) -> list[JSONObject]:
    """Parse the texts that are JSON objects; others are left out."""
    return [value for text in data if isinstance(value := decode_json(text), dict)]


def decode_json(text: str | bytes) -> Any:
    """Parse JSON; None where it is not."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _framing(body: bytes) -> str:
    """The defects that a browser's parser would mend or drop, and unusual framing."""
    events, defects = sse.read(body)
    found = [str(kind) for kind in sorted({defect.kind for defect in defects})]
    if any(event.end - event.start > LONGEST_LINE for event in events):
        found.append("a line of more than 64 KB")
    if found:
        return ", ".join(found)
    canonical = b"".join(messages.encode_event(event.data.encode()) for event in events)
    return "canonical" if body == canonical else "not canonical"


def _position(indexes: Sequence[int], total: int) -> str:
    if len(indexes) != 1:
        return "more than once" if indexes else "missing"
    return "at the end" if indexes[0] == total - 1 else "not at the end"


def _frequency(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, "more than once")


def _fragments(chunks: Sequence[Sequence[JSONObject]]) -> Properties:
    """The way a stream cuts its calls, from the fragments in each of its chunks."""
    if not chunks:
        return
    indexes = [json.dumps(one.get("index")) for fragments in chunks for one in fragments]
    named = [
        json.dumps(one.get("index"))
        for fragments in chunks
        for one in fragments
        if (one.get("function") or {}).get("name")
    ]
    yield "calls in a chunk", "several" if any(len(one) > 1 for one in chunks) else "one"
    yield "the name of a call", "once" if len(set(named)) == len(named) else "more than once"
    yield "the arguments of a call", "whole" if len(set(indexes)) == len(indexes) else "in pieces"


def _reply(reply: Reply) -> Properties:
    yield from _counts(reply.usage or {})
    yield from _calls(reply.calls) if reply.calls else _text(reply.content or "")


def _counts(usage: JSONObject) -> Properties:
    """The numbers of a usage; those of one prompt are about the same every time."""
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    prompt, completion, total = map(usage.get, names)
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
        found = usage.get(details)
        part = found.get(name) if isinstance(found, Mapping) else None
        yield f"{name} beyond the whole", "yes" if isinstance(part, int) and part > most else "no"


def _calls(calls: Sequence[ToolCall]) -> Properties:
    arguments = [decode_json(call.arguments) for call in calls]
    if not all(isinstance(one, dict) for one in arguments):
        yield "arguments of all calls", "not a JSON object"
    else:
        yield (
            "arguments of all calls",
            "a JSON object" if any(arguments) else "an empty JSON object",
        )
    same = Counter((call.name, call.arguments) for call in calls)
    yield "a call", "twice" if max(same.values()) > 1 else "once"
    ids = Counter(call.id for call in calls)
    yield "the id of a call", "of several" if max(ids.values()) > 1 else "its own"


def _text(text: str) -> Properties:
    """The form of a text without calls."""
    if not text.strip():
        yield "the text", "none"
        return
    yield "the text", "JSON" if isinstance(decode_json(text), dict | list) else "no JSON"
    yield "the text begins", "with a line feed" if text.startswith("\n") else "at once"
    yield "the text is", "UTF-8 read as Latin-1" if _is_mojibake(text) else "as it was written"


def _is_mojibake(text: str) -> bool:
    try:
        return text.encode("latin-1").decode() != text
    except UnicodeError:
        return False
