"""One rule of validation, and what the rules look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from operator import attrgetter
from typing import Literal

from msgspec import Struct, field

from mockglm.models import Model
from mockglm.request.prompt import prompt_tokens
from mockglm.request.refusal import Refusal
from mockglm.request.types import Chat, Message, Part, Tool

__all__ = [
    "ABOUT",
    "LISTS",
    "ROLES",
    "Broken",
    "Evidence",
    "Facts",
    "Fields",
    "Rule",
    "Turn",
    "look",
]

Evidence = Literal["captured", "reported", "documented", "contested"]
Fields = Mapping[str, str]
Broken = bool | Fields | None

ROLES = frozenset(("system", "user", "assistant", "tool"))

ABOUT = (
    "temperature",
    "top_p",
    "max_tokens",
    "thinking",
    "reasoning_effort",
    "tool_choice",
    "tool_stream",
    "response_format",
    "stop",
    "request_id",
    "user_id",
)
"""The fields of a request that have rules of their own."""

LISTS = ("tools", "hollow", "parts", "turns")
"""Those of Facts that have."""

_values = attrgetter(*ABOUT)
_lists = attrgetter(*LISTS)


class Turn(Struct, frozen=True):
    """The ids of an assistant's calls, none where tool messages follow no call, and those of the
    tool messages right after it."""

    calls: list[str | None]
    results: list[str | None]


class Facts(Struct, frozen=True):
    """A request as the rules look at it.

    `parts` are those of contents that are lists, each with the numbers of its message and itself;
    `hollow` are the numbers of the messages without content: absent, null, "" or [];
    `turns` are those where the results are not just the calls' own, in their order.
    """

    chat: Chat
    model: Model
    messages: Sequence[Message]
    tools: Sequence[Tool]
    schemas: list[bytes]
    roles: list[str | None]
    hollow: list[int]
    parts: list[tuple[int, int, Part]]
    turns: list[Turn]
    counted: int | None

    @property
    def prompt(self) -> int:
        """The tokens of the prompt: as they were given, or counted now."""
        return prompt_tokens(self.chat) if self.counted is None else self.counted

    def given(self) -> tuple[frozenset[str], tuple[type, ...]]:
        """What there is in the request for rules to be about: names, and the types of what has a
        name in ABOUT."""
        traits, roles = (self.model.thinking, self.model.family), ROLES.intersection(self.roles)
        names = frozenset((*traits, *roles, *compress(LISTS, _lists(self))))
        return names, tuple(map(type, _values(self.chat)))


def look(chat: Chat, model: Model, prompt: int | None = None) -> Facts:
    """What the rules look at; `prompt` is the tokens of the prompt if they are known."""
    messages, tools = chat.messages or (), chat.tools or ()
    roles: list[str | None] = []
    hollow: list[int] = []
    parts: list[tuple[int, int, Part]] = []
    has_turns = False
    for number, message in enumerate(messages):
        content = message.content
        roles.append(message.role)
        if not content:
            hollow.append(number)
        elif isinstance(content, list):
            parts += [(number, index, part) for index, part in enumerate(content)]
        if message.tool_calls or message.role == "tool":
            has_turns = True
    return Facts(
        chat=chat,
        model=model,
        messages=messages,
        tools=tools,
        schemas=[bytes(tool.function.schema) for tool in tools if tool.function] if tools else [],
        roles=roles,
        hollow=hollow,
        parts=parts,
        turns=_turns(messages) if has_turns else [],
        counted=prompt,
    )


def _turns(messages: Sequence[Message]) -> list[Turn]:
    turns: list[Turn] = []
    is_open = False
    for message in messages:
        if message.role == "tool":
            if not is_open:
                turns.append(Turn([], []))
            turns[-1].results.append(message.tool_call_id)
            is_open = True
        elif is_open := bool(message.tool_calls):
            turns.append(Turn([call.id for call in message.tool_calls or ()], []))
    return [turn for turn in turns if turn.results != turn.calls]


class Rule(Struct, frozen=True, kw_only=True):
    """What a request has to keep.

    `broken` says whether the request breaks it, or gives the fields of the text where it does. A
    text of None is the one the table has for the code, with `fields`. `about` names what there has
    to be for the rule to be asked: a field of Facts, a parameter, a role, how the model thinks or
    its family; "" asks it always. `source` is where the refusal, or what the rule says, can be
    read. Without what an `essential` rule asks for nothing can be answered: it refuses whatever the
    policy.
    """

    name: str
    code: str
    evidence: Evidence
    source: str
    broken: Callable[[Facts], Broken]
    about: str = ""
    zh: str | None = None
    en: str | None = None
    fields: Fields = field(default_factory=dict)
    essential: bool = False

    def refusal(self, broken: Broken = True) -> Refusal:
        """The refusal this rule makes, the fields of this one beside those of every such."""
        own = broken if isinstance(broken, Mapping) else {}
        return Refusal(
            code=self.code, zh=self.zh, en=self.en, fields={**self.fields, **own}, name=self.name
        )
