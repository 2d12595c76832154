"""The meaning of a conversation: the key by which a recording of one surface answers on another.

Only what both surfaces can say counts: the model, the messages with their calls, results and
pictures, and the names of the tools that are offered. System messages count as if they came first;
ids of calls become their ordinals, as in canonical keys. Thoughts, limits, sampling, the choice of
a tool and the schemas of tools do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mockglm.matching import canonical
from mockglm.validation import Chat, Message, MessageToolCall


def meaning_key(
    chat: Chat, *, ignore: Iterable[str] = (), replace: Iterable[tuple[str, str]] = ()
) -> bytes:
    """Compute the key of a conversation, 20 bytes: equal if and only if the meanings are.

    `ignore` and `replace` are those of `canonical.key`; the paths are into a completion's body.
    Raises ValueError for an invalid path or pattern, TimeoutError if the patterns take too long.
    """
    value = {"json": _conversation(chat)}
    return canonical.digest(canonical.apply_options(value, ignore, replace))


def _conversation(chat: Chat) -> dict[str, Any]:
    messages = chat.messages or ()
    ordered = sorted(messages, key=lambda message: message.role != "system")
    ids: dict[str, int] = {}
    functions = (tool.function.name if tool.function else tool.type for tool in chat.tools or ())
    return {
        "model": chat.model,
        "messages": [_message(message, ids) for message in ordered],
        "tools": sorted(name for name in functions if name),
    }


def _message(message: Message, ids: dict[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {"role": message.role}
    text = message.text
    if text.strip():
        found["content"] = text
    images = _images(message)
    if images:
        found["images"] = images
    if message.tool_calls:
        found["tool_calls"] = [_call(call, ids) for call in message.tool_calls]
    if message.tool_call_id is not None:
        found["tool_call_id"] = ids.setdefault(message.tool_call_id, len(ids))
    return found


def _images(message: Message) -> list[str]:
    if not isinstance(message.content, list):
        return []
    sent = (part.image_url for part in message.content if part.type == "image_url")
    urls = (one.get("url") if isinstance(one, dict) else one for one in sent)
    return [canonical.bare_image(str(url)) for url in urls]


def _call(call: MessageToolCall, ids: dict[str, int]) -> dict[str, Any]:
    function = call.function
    return {
        "id": None if call.id is None else ids.setdefault(call.id, len(ids)),
        "name": function.name if function else None,
        "arguments": canonical.parse_arguments(function.arguments if function else None),
    }
