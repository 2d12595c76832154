"""The state of a conversation: the user's request, its language, and the results of tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from msgspec import Struct

from mockglm.improvise.language import Language, detect_language, excerpt
from mockglm.improvise.tables import patterns
from mockglm.validation.types import CalledFunction, Chat, Function, Message, decode_json

PATTERNS = patterns("conversation")
MAX_MESSAGE = 40_000
"""Characters of a message that are read, half of them at its end."""
SHORT_SYSTEM = 4000
LONG_REQUEST = 700
"""Characters of a message above which only its first paragraph is the request."""


class ToolResult(Struct, frozen=True):
    """The result of a tool; `name` is empty if the conversation has no call for it."""

    name: str
    arguments: Mapping[str, Any]
    text: str

    @property
    def is_error(self) -> bool:
        return PATTERNS["failed"].search(self.text[:600]) is not None


class Conversation(Struct, frozen=True, dict=True):
    """A conversation, prepared for improvising a reply.

    `text` is the last message of the user, without additions of agents; `results` are those after
    it, in order.
    """

    chat: Chat
    text: str
    results: tuple[ToolResult, ...]
    earlier: tuple[Message, ...]

    @cached_property
    def language(self) -> Language:
        said = (message_text(message) for message in reversed(self.earlier))
        return detect_language(*chain((self.request,), said, (self.system,)))

    @cached_property
    def request(self) -> str:
        """The user's own words.

        Quotes, tags and labels around them are removed, and instructions of an agent after them.
        """
        text = excerpt(self.text)
        tag = PATTERNS["wrapper"].search(text) if "<" in text else None
        if tag is not None:
            text = text[tag.end() :].partition(f"</{tag[1]}>")[0]
        if len(text) > LONG_REQUEST:
            text = text.strip().partition("\n\n")[0]
        text = PATTERNS["label"].sub("", text.strip())
        is_quoted = len(text) > 2 and text[0] + text[-1] in ('""', "“”")
        inner = text[1:-1].replace('\\"', "\0")
        return inner.replace("\0", '"') if is_quoted and text[0] not in inner else text

    @cached_property
    def system(self) -> str:
        messages = self.chat.messages or ()
        return "\n".join(message.text for message in messages if message.role == "system")

    @property
    def short_system(self) -> str:
        """The system prompt unless it is the long one of an agent, which requests nothing."""
        return self.system if len(self.system) <= SHORT_SYSTEM else ""

    @cached_property
    def directory(self) -> str:
        """The working directory that a prompt or a result names, or an empty text."""
        users = (one.text for one in self.chat.messages or () if one.role == "user")
        texts = chain((self.system,), users, (result.text for result in self.results))
        found = (PATTERNS["directory"].search(text) for text in texts)
        return next((match[1] for match in found if match), "")

    @cached_property
    def media(self) -> int:
        """The number of images, videos, files and audios in the last message."""
        content = self.chat.messages[-1].content if self.chat.messages else None
        return sum(part.type != "text" for part in content) if isinstance(content, list) else 0

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """The offered functions that have a name."""
        held = (tool.function for tool in self.chat.tools or ())
        return tuple(function for function in held if function is not None and function.name)


def read_conversation(chat: Chat) -> Conversation:
    messages = chat.messages or []
    at = next((i for i in reversed(range(len(messages))) if _is_request(messages[i])), -1)
    text = message_text(messages[at]) if at >= 0 else ""
    earlier = tuple(message for message in messages[: max(at, 0)] if message.role != "system")
    return Conversation(chat, text, tuple(_read_results(messages[at + 1 :])), earlier)


def message_text(message: Message) -> str:
    """The text of a message without additions of agents; a long one is shortened in the middle."""
    text = message.text if message.role == "assistant" else PATTERNS["aside"].sub("", message.text)
    return excerpt(text.strip(), MAX_MESSAGE)


def _is_request(message: Message) -> bool:
    """True for a message by the user, not for a reminder, a result with the role `user`, or a word
    of an agent that it added files."""
    if message.role != "user" or _is_result(message) or PATTERNS["added"].match(message.text):
        return False
    return bool(message_text(message)) or not isinstance(message.content, str)


def _is_result(message: Message) -> bool:
    """True for a tool's result; smolagents sends them with the role `user`."""
    is_marked = message.role == "user" and PATTERNS["observation"].match(message.text)
    return message.role == "tool" or bool(is_marked)


def _read_results(messages: Sequence[Message]) -> list[ToolResult]:
    calls: dict[str | None, CalledFunction] = {}
    found: list[ToolResult] = []
    for message in messages:
        made = ((call.id, call.function) for call in message.tool_calls or ())
        # Ids may repeat in later rounds; a result belongs to the nearest call before it.
        calls.update((id, function) for id, function in made if function is not None)
        if _is_result(message):
            call = calls.get(message.tool_call_id)
            name = (call.name if call else message.name) or ""
            sent = call.arguments if call else None
            # Some clients send them as JSON text, and some as an object.
            held = decode_json(sent.encode()) if isinstance(sent, str) else sent
            text = PATTERNS["observation"].sub("", PATTERNS["aside"].sub("", message.text)).strip()
            found.append(ToolResult(name, held if isinstance(held, Mapping) else {}, text))
    return found
