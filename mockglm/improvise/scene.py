"""What a conversation is at: who asked what, in which language, and what tools have answered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from msgspec import Struct

from mockglm.improvise.words import Language, excerpt, spoken
from mockglm.validation.types import CalledFunction, Chat, Function, Message

__all__ = ["Result", "Scene", "look"]

ASIDE = re.compile(
    r"<(/?)(system-reminder|environment_(?:details|context)|env|context|(?:local-)?command-\w++)>"
)
"""The tags of what coding agents put into a user's message beside the words of the user."""

LONGEST = 40_000
"""Characters of a message that are read, half of them from its end."""

OBSERVED = re.compile(
    r"\s*(?:Observation|Tool response|Tool result|工具结果|观察结果)\s*[:：]", re.I
)
"""A result that came back as a user's message: smolagents has no role `tool`."""

MEDIA: Mapping[str, str] = {
    "image_url": "image",
    "video_url": "video",
    "file": "file",
    "file_url": "file",
    "input_audio": "audio",
}


class Result(Struct, frozen=True):
    """What a tool answered. `name` is empty when the history does not say whose it is."""

    name: str
    arguments: Any
    text: str


class Scene(Struct, frozen=True, dict=True):
    """A conversation as an answer needs it.

    `text` is the last message of the user, without asides; `results` came after it, in order.
    """

    chat: Chat
    text: str
    results: tuple[Result, ...]
    earlier: tuple[Message, ...]

    @cached_property
    def language(self) -> Language:
        said = (message_text(message) for message in reversed(self.earlier))
        texts = chain((self.text,), said, (self.system,))
        return next(filter(None, map(spoken, texts)), "zh")

    @cached_property
    def system(self) -> str:
        messages = self.chat.messages or ()
        return "\n".join(message.text for message in messages if message.role == "system")

    @cached_property
    def media(self) -> Mapping[str, int]:
        """How many images, videos, files and audios the last user's message has."""
        users = [message for message in self.chat.messages or () if message.role == "user"]
        content = users[-1].content if users else None
        parts = content if isinstance(content, list) else []
        return Counter(MEDIA[part.type or ""] for part in parts if part.type in MEDIA)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """The functions offered, those with a name."""
        held = (tool.function for tool in self.chat.tools or ())
        return tuple(function for function in held if function is not None and function.name)

    @property
    def says(self) -> tuple[str, ...]:
        """What the user said so far, first to last."""
        users = (message for message in self.earlier if message.role == "user")
        texts = (message_text(message) for message in users)
        return (*(text for text in texts if text), *([self.text] if self.text else []))


def look(chat: Chat) -> Scene:
    """The scene of a request."""
    messages = chat.messages or []
    at = next((i for i in reversed(range(len(messages))) if _is_asking(messages[i])), -1)
    text = message_text(messages[at]) if at >= 0 else ""
    return Scene(
        chat=chat,
        text=text,
        results=tuple(_results(messages[at + 1 :])),
        earlier=tuple(message for message in messages[: max(at, 0)] if message.role != "system"),
    )


def message_text(message: Message) -> str:
    """The text of a message without asides; of a long one its beginning and its end."""
    text = message.text if message.role == "assistant" else _words(message.text)
    return excerpt(text.strip(), LONGEST)


def _words(text: str) -> str:
    """The text without asides. Read once from its end, so that a tag knows where it is closed."""
    if "</" not in text:
        return text
    ends: dict[str, int] = {}
    spans: list[tuple[int, int]] = []
    for tag in reversed([*ASIDE.finditer(text)]):
        if tag[1]:
            ends[tag[2]] = tag.end()
        elif tag[2] in ends:
            spans.append((tag.start(), ends[tag[2]]))
    return _without(text, reversed(spans))


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text without what stands in the spans; in those that begin in another, only in that."""
    kept: list[str] = []
    at = 0
    for start, end in spans:
        if start >= at:
            kept.append(text[at:start])
            at = end
    return "".join((*kept, text[at:]))


def _is_asking(message: Message) -> bool:
    """Whether it is a user's turn, not a reminder or a result in disguise."""
    if message.role != "user" or OBSERVED.match(message.text):
        return False
    return bool(message_text(message)) or not isinstance(message.content, str)


def _results(messages: Sequence[Message]) -> list[Result]:
    calls: dict[str | None, CalledFunction] = {}
    found: list[Result] = []
    for message in messages:
        made = ((call.id, call.function) for call in message.tool_calls or ())
        # an id may come again in a later round: the nearest call before is meant
        calls.update((id, function) for id, function in made if function is not None)
        if message.role == "tool" or (message.role == "user" and OBSERVED.match(message.text)):
            found.append(_result(message, calls.get(message.tool_call_id)))
    return found


def _result(message: Message, call: CalledFunction | None) -> Result:
    name = (call.name if call else message.name) or ""
    head = OBSERVED.match(message.text)
    text = message.text[head.end() if head else 0 :].strip()
    return Result(name, call.arguments if call else None, text)
