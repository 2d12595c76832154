"""`POST /tokenizer`: the number of tokens of a conversation.

The form is that of docs.bigmodel.cn. Assumed: the order of the keys; that pictures and videos count
apart from the text. The number is the estimate that the usage of a chat has.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from mockglm.endpoints.call import Call
from mockglm.exchange import Response
from mockglm.validation import Chat, ContentPart, Message, Refusal, count_prompt_tokens, decode_chat


def count(call: Call) -> Response:
    """Answer with the estimated tokens of text, pictures and videos."""
    chat = decode_chat(call.context.request.body)
    if isinstance(chat, Refusal):
        call.refuse_by(chat)
    if not chat.messages:
        call.refuse("1214", field="messages")
    body = {
        "created": int(call.now),
        "id": call.id,
        "request_id": chat.request_id or call.id,
        "usage": _count_kinds(chat),
    }
    return call.render(body)


def _count_kinds(chat: Chat) -> dict[str, int]:
    """Count the tokens of text, pictures and videos by leaving out the others.

    A picture and a video count as much as in the usage of a chat.
    """
    text = count_prompt_tokens(_without(chat, ("image_url", "video_url")))
    pictures = count_prompt_tokens(_without(chat, ("video_url",))) - text
    videos = count_prompt_tokens(_without(chat, ("image_url",))) - text
    return {
        "image_tokens": pictures,
        "prompt_tokens": text,
        "total_tokens": text + pictures + videos,
        "video_tokens": videos,
    }


def _without(chat: Chat, kinds: tuple[str, ...]) -> Chat:
    """The conversation without the parts of some kinds."""
    return replace(chat, messages=[_strip(one, kinds) for one in chat.messages or ()])


def _strip(message: Message, kinds: tuple[str, ...]) -> Message:
    if not isinstance(message.content, list):
        return message
    return replace(message, content=list(_parts(message.content, kinds)))


def _parts(content: list[ContentPart], kinds: tuple[str, ...]) -> Iterator[ContentPart]:
    return (part for part in content if part.type not in kinds)
