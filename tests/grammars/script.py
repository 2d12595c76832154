"""The reply to script, in the words of the file format, for an answer to have a given grammar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.grammars.shape import example

__all__ = ["ask", "script"]

TEXT = "A word."
SCHEMA = {"type": "object", "properties": {}}
FIELDS = {"1213": {"field": "prompt"}, "1214": {"field": "messages"}, "1233": {"task": "1"}}
"""What the messages of some codes name."""


def ask(grammar: Mapping[str, Any]) -> dict[str, Any]:
    """A request like the recorded one, or the least that could be answered so."""
    if "request" in grammar:
        request: dict[str, Any] = example(grammar["request"])
        return request
    form = _first(grammar)
    request = {
        "model": form.get("model", "glm-4.7"),
        "messages": [{"role": "user", "content": TEXT}],
        "stream": "chunks" in grammar,
    }
    tools = [
        {"type": "function", "function": {"name": name, "description": TEXT, "parameters": SCHEMA}}
        for name in _names(grammar)
    ]
    return {**request, "tools": tools} if tools else request


def script(grammar: Mapping[str, Any]) -> dict[str, Any]:
    """The reply: `error`, or `content`, `reasoning`, `tool_calls`, `finish_reason` and `chunks`."""
    form = _first(grammar)
    if "error" in form:
        filtered = {"contentFilter": form["contentFilter"]} if "contentFilter" in form else {}
        code = form["error"]["code"]
        return {"error": {"code": code, **FIELDS.get(code, {}), **filtered}}
    said = _streamed(grammar) if "chunks" in grammar else _whole(form["choices"][0])
    calls = [{"name": name, "arguments": {}} for name in _names(grammar)]
    return {**said, "tool_calls": calls} if calls else said


def _streamed(grammar: Mapping[str, Any]) -> dict[str, Any]:
    chunks = grammar["chunks"]
    pieces = [example(chunk["choices"][0]["delta"]["content"]) for chunk in chunks.get("C", ())]
    return {
        "content": "".join(pieces),
        "chunks": {"content": pieces},
        "finish_reason": chunks["F"][0]["choices"][0]["finish_reason"],
        **({"reasoning": TEXT} if "R" in chunks else {}),
    }


def _whole(choice: Mapping[str, Any]) -> dict[str, Any]:
    message = choice["message"]
    thought = {"reasoning": TEXT} if "reasoning_content" in message else {}
    content = example(message["content"])
    return {"content": content, "finish_reason": choice["finish_reason"], **thought}


def _names(grammar: Mapping[str, Any]) -> list[str]:
    """The functions called, in order."""
    if "chunks" in grammar:
        deltas = [chunk["choices"][0]["delta"] for chunk in grammar["chunks"].get("T", ())]
    else:
        deltas = [choice["message"] for choice in grammar["body"].get("choices", ())]
    return [call["function"]["name"] for delta in deltas for call in delta.get("tool_calls", ())]


def _first(grammar: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body, or the first chunk of a stream."""
    form: Mapping[str, Any] = grammar.get("body") or next(iter(grammar["chunks"].values()))[0]
    return form
