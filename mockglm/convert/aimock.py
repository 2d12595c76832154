"""Fixtures of aimock read as interactions of a scenario.

Source: CopilotKit/aimock 1.43, src/types.ts (FixtureFileEntry) and its page on fixtures. Its
substring matching of the last user message is that of `when: {user: …}`. What has no counterpart is
named in a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from msgspec import Struct

RESULT = "toolResultContains"
KEPT = frozenset(("userMessage", "systemMessage", "model", "toolName", RESULT))
"""Keys of a match that have the same meaning in a pattern."""

FINISHES = {"content_filter": "sensitive"}
"""Finish reasons of OpenAI under the names that GLM gives them."""

ERROR_CODES = {
    401: "1000",
    402: "1113",
    404: "1211",
    429: "1302",
    500: "1234",
    503: "1305",
    529: "1305",
}
"""The business code that stands for a status."""

DEFAULT_CODE = "1210"


class Translation(Struct, frozen=True):
    """Interactions as values of the file format, and notes on what was left out or approximated."""

    interactions: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


def is_aimock(file: Any) -> bool:
    """True for the value of a file of aimock's fixtures."""
    return isinstance(file, Mapping) and isinstance(file.get("fixtures"), list)


def translate(file: Mapping[str, Any]) -> Translation:
    """Translate the fixtures of a file, in their order. Raises KeyError or TypeError for a fixture
    that is none."""
    notes: list[str] = []
    translated = tuple(_translate_all(file["fixtures"], notes))
    return Translation(tuple(_merge(translated)), tuple(notes))


def _translate_all(
    fixtures: Iterable[Any], notes: list[str]
) -> Iterator[tuple[int | None, dict[str, Any]]]:
    """Yield each fixture that answers a chat, with its `sequenceIndex`."""
    for number, fixture in enumerate(fixtures, 1):
        match, response = fixture["match"], fixture["response"]
        if match.get("endpoint", "chat") != "chat":
            notes.append(f"fixture {number} left out: its endpoint is {match['endpoint']}")
            continue
        reply, lost = _reply(response)
        if reply is None:
            notes.append(f"fixture {number} left out: {lost[0]}")
            continue
        lost = [*lost, *_lost_match(match), *_faults(fixture, reply)]
        notes.extend(f"fixture {number}: {text}" for text in lost)
        yield match.get("sequenceIndex"), {"when": _pattern(match), "reply": reply}


def _pattern(match: Mapping[str, Any]) -> dict[str, Any]:
    when: dict[str, Any] = {}
    for key, name in (("userMessage", "user"), ("systemMessage", "system"), (RESULT, "tool")):
        if key in match:
            when[name] = _literal(match[key])
    if "toolName" in match:
        when["tools"] = [match["toolName"]]
    if "model" in match:
        when["model"] = f"{match['model']}*"
    return when


def _literal(text: str | list[str]) -> str | list[str]:
    """A text, or each of a list, in a form that is not taken for a regular expression."""
    if isinstance(text, list):
        return [str(_literal(one)) for one in text]
    return f"/{re.escape(text)}/" if text.startswith("/") else text


def _lost_match(match: Mapping[str, Any]) -> Iterator[str]:
    lost = sorted(match.keys() - KEPT - {"endpoint", "sequenceIndex"})
    if lost:
        yield f"{', '.join(lost)} not kept: mockglm matches the last message"


def _reply(response: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    if "error" in response:
        status = int(response.get("status", 500))
        code = ERROR_CODES.get(status, DEFAULT_CODE)
        message = response["error"].get("message", "")
        return (
            {"error": {"code": code, "message": message}},
            [f"the error with status {status} became {code}"],
        )
    if not {"content", "toolCalls", "blocks"} & response.keys():
        return None, ["no text, calls or error"]
    reply: dict[str, Any] = {}
    if response.get("content"):
        reply["content"] = response["content"]
    if response.get("reasoning"):
        reply["reasoning"] = response["reasoning"]
    if response.get("toolCalls"):
        reply["tool_calls"] = [
            {key: call[key] for key in ("name", "arguments", "id") if key in call}
            for call in response["toolCalls"]
        ]
    finish = response.get("finishReason")
    if finish:
        reply["finish_reason"] = FINISHES.get(finish, finish)
    lost = ["the order of blocks is that of GLM"] if "blocks" in response else []
    if "blocks" in response:
        reply |= _join_blocks(response["blocks"])
    return reply or {"content": ""}, lost


def _join_blocks(blocks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    texts = [block.get("text", "") for block in blocks if block.get("type") == "text"]
    calls = [
        {key: block[key] for key in ("name", "arguments", "id") if key in block}
        for block in blocks
        if block.get("type") in ("toolCall", "tool_call", "tool_use")
    ]
    joined: dict[str, Any] = {"content": "".join(texts)} if texts else {}
    return joined | ({"tool_calls": calls} if calls else {})


def _faults(fixture: Mapping[str, Any], reply: dict[str, Any]) -> Iterator[str]:
    """Add the pace and the faults of a fixture to its reply, and yield what was approximated."""
    profile = fixture.get("streamingProfile") or {}
    if profile:
        every = 1 / profile["tps"] if profile.get("tps") else 0
        reply["pace"] = {"first": profile.get("ttft", 0) / 1000, "every": round(every, 4)}
    elif fixture.get("latency"):
        reply["pace"] = {"first": fixture["latency"] / 1000, "every": fixture["latency"] / 1000}
    if fixture.get("chunkSize"):
        reply["chunks"] = fixture["chunkSize"]
    if fixture.get("truncateAfterChunks"):
        reply["fault"] = {"at": f"{fixture['truncateAfterChunks']} frames", "do": "reset"}
    elif fixture.get("disconnectAfterMs"):
        reply["fault"] = {"at": "start", "do": "reset"}
        yield "disconnectAfterMs became a reset at the start"
    if fixture.get("chaos"):
        yield "chaos not kept: name faults in the base URL instead"


def _merge(
    translated: Iterable[tuple[int | None, dict[str, Any]]],
) -> Iterator[dict[str, Any]]:
    """Make one sequence of the fixtures with a `sequenceIndex` that have the same pattern."""
    sequences: dict[str, list[tuple[int, Any]]] = {}
    merged: list[dict[str, Any]] = []
    for index, one in translated:
        if index is None:
            merged.append(one)
            continue
        key = repr(one["when"])
        if key not in sequences:
            sequences[key] = []
            merged.append(one)
        sequences[key].append((index, one["reply"]))
        ordered = sorted(sequences[key], key=itemgetter(0))
        first = next(kept for kept in merged if kept["when"] == one["when"])
        first["reply"] = [reply for _, reply in ordered]
    return iter(merged)
