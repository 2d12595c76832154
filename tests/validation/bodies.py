"""Requests for the tests: a good one, and what is laid over it."""

from __future__ import annotations

from typing import Any

from msgspec import json

from mockglm.validation import Chat, decode_chat

__all__ = ["CALL", "RESULT", "TOOL", "USER", "body", "chat", "parts", "tool"]

USER = {"role": "user", "content": "你好"}
CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "get", "arguments": "{}"}}
    ],
}
RESULT = {"role": "tool", "content": "晴", "tool_call_id": "call_1"}


def tool(schema: Any = None, name: str = "get") -> dict[str, Any]:
    """A function that is offered."""
    function = {"name": name, "description": "Get it", "parameters": schema or {}}
    return {"type": "function", "function": function}


TOOL = tool({"type": "object", "properties": {}})


def parts(*items: Any) -> dict[str, Any]:
    """A user message whose content is a list."""
    return {"role": "user", "content": list(items)}


def body(*messages: Any, **fields: Any) -> bytes:
    """A request as JSON: hello to glm-4.6, or other messages, and more fields."""
    given = {"model": "glm-4.6", "messages": list(messages or (USER,)), **fields}
    return json.encode(given)


def chat(*messages: Any, **fields: Any) -> Chat:
    """The same, decoded."""
    found = decode_chat(body(*messages, **fields))
    assert isinstance(found, Chat)
    return found
