"""The conversation of an exchange as JSON, on either surface: what was asked, what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockglm.errors import StreamError
from mockglm.exchange import Reply, Response
from mockglm.journal import Entry
from mockglm.surfaces import Surface
from mockglm.timeline import TimedFrame, assemble
from mockglm.validation import Chat, ContentPart, Message

_PARAMETERS = (
    *("stream", "reasoning_effort", "do_sample", "temperature", "top_p", "max_tokens"),
    *("tool_choice", "tool_stream", "response_format", "stop", "request_id", "user_id"),
)


def chat_json(entry: Entry, surface: Surface) -> dict[str, Any] | None:
    """The request as a conversation; None if the request is none."""
    chat = surface.decode(entry.request.body)
    if not isinstance(chat, Chat) or chat.messages is None:
        return None
    given = {name: getattr(chat, name) for name in _PARAMETERS}
    if chat.thinking is not None and chat.thinking.type:
        given["thinking"] = chat.thinking.type
    names = [tool.function.name for tool in chat.tools or () if tool.function is not None]
    return {
        "messages": [_message(one) for one in chat.messages],
        "tools": [name for name in names if name],
        "parameters": {name: value for name, value in given.items() if value is not None},
    }


def answer_json(
    response: Response, frames: list[TimedFrame], *, surface: Surface, is_whole: bool
) -> dict[str, Any]:
    """The reply or API error of a response; of a broken stream, the texts that it has.

    `is_complete` is false if the response is not one of the surface as a whole.
    """
    try:
        if not is_whole:
            raise StreamError("cut", 0)
        reply = surface.parse(response).reply
    except StreamError:
        return {**assemble(frames), "is_complete": False}
    return {**_reply(reply), "is_complete": True}


def _reply(reply: Reply) -> dict[str, Any]:
    error = reply.error
    return {
        "content": reply.content or "",
        "reasoning": reply.reasoning or "",
        "tool_calls": [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in reply.calls
        ],
        "finish_reason": reply.finish_reason if error is None else "",
        "usage": reply.usage,
        "web_search": list(reply.web_search),
        "error": error and {"code": error.code, "message": error.message or ""},
    }


def _message(message: Message) -> dict[str, Any]:
    written = {
        "role": message.role or "",
        "text": message.text,
        "parts": _parts(message),
        "reasoning": message.reasoning_content,
        "tool_calls": [
            {
                "id": call.id,
                "name": call.function.name if call.function else None,
                "arguments": call.function.arguments if call.function else None,
            }
            for call in message.tool_calls or ()
        ],
        "tool_call_id": message.tool_call_id,
        "name": message.name,
    }
    return {name: value for name, value in written.items() if value not in (None, [], "")}


def _parts(message: Message) -> list[Mapping[str, Any]]:
    """The parts of a content that are no text: their type and their address, if they have one."""
    if message.content is None or isinstance(message.content, str):
        return []
    return [_part(one) for one in message.content if one.text is None]


def _part(part: ContentPart) -> Mapping[str, Any]:
    value = next(
        (
            value
            for name in ("image_url", "video_url", "file_url", "file", "input_audio")
            if (value := getattr(part, name)) is not None
        ),
        None,
    )
    url = value.get("url") if isinstance(value, Mapping) else value
    return {"type": part.type or "", "url": url if isinstance(url, str) else ""}
