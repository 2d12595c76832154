"""The request to an OpenAI-compatible server: the conversation of a chat, without GLM's own fields.

Source of the fields: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mockglm.validation import Chat
from mockglm.validation.types import Message, Tool

SHARED = ("temperature", "top_p", "max_tokens", "stop")
"""Fields that mean the same on both sides."""
OPENAI_PARTS = ("text", "image_url", "input_audio", "file")
"""Parts of a content that OpenAI's API knows; GLM's others are named by a text."""


def write_request(chat: Chat, model: str) -> bytes:
    """Write the body of `POST /chat/completions`; the answer is always a stream with usage."""
    body: dict[str, Any] = {
        "model": model or chat.model,
        "messages": [_message(one) for one in chat.messages or ()],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    body |= {name: value for name in SHARED if (value := getattr(chat, name)) is not None}
    if chat.do_sample is False:
        body["temperature"] = 0
    tools = [_tool(one) for one in chat.tools or () if one.function and one.function.name]
    if tools and chat.tool_choice != "none":
        body |= {"tools": tools, "tool_choice": chat.tool_choice or "auto"}
    form = (chat.response_format or {}).get("type")
    if form in ("json_object", "json_schema"):
        body["response_format"] = chat.response_format
    return msgspec.json.encode(body)


def _message(message: Message) -> Mapping[str, Any]:
    written: dict[str, Any] = {"role": message.role, "content": _content(message)}
    if message.tool_calls:
        written["tool_calls"] = [
            {
                "id": call.id or f"call_{index}",
                "type": "function",
                "function": {"name": held.name or "", "arguments": _arguments(held.arguments)},
            }
            for index, call in enumerate(message.tool_calls)
            if (held := call.function) is not None
        ]
    if message.role == "tool":
        written["tool_call_id"] = message.tool_call_id or "call_0"
    return written


def _content(message: Message) -> Any:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    parts = [msgspec.to_builtins(part) for part in message.content]
    return [
        {key: value for key, value in part.items() if value is not None}
        if part["type"] in OPENAI_PARTS
        else {"type": "text", "text": f"[{part['type']}]"}
        for part in parts
    ]


def _arguments(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _tool(tool: Tool) -> Mapping[str, Any]:
    function = tool.function
    assert function is not None
    held = {"name": function.name, "description": function.description or ""}
    return {"type": "function", "function": {**held, "parameters": function.parameters or {}}}
