"""A validation rule, and the facts of a request that rules look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from types import NoneType
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import astuple

from mockglm.models import Model
from mockglm.validation.prompt_tokens import count_prompt_tokens
from mockglm.validation.refusal import Refusal
from mockglm.validation.types import Chat, ContentPart, Message, Tool

Evidence = Literal["captured", "reported", "documented", "contested", "refuted"]
"""The evidence that the service makes a check. `refuted`: the documentation or a report says so,
and a recording shows such a request answered; a rule of this kind refuses nothing."""

Fields = Mapping[str, str]
Violation = bool | Fields | None

FeatureKey = tuple[Any, ...]

ROLES = frozenset(("system", "user", "assistant", "tool"))

FLAGS = ("system", "assistant", "tool", "hollow", "parts", "turns", "vision")
"""Further preconditions for `ValidationRule.applies_to`: roles, and fields of RequestFacts."""


class ToolRound(Struct, frozen=True):
    """The ids of an assistant's calls and of the tool messages right after it.

    There are no calls if the tool messages follow no assistant message.
    """

    calls: list[str | None]
    results: list[str | None]


class RequestFacts(Struct, frozen=True):
    """The facts of a request that rules look at.

    `parts` are the content parts of all messages, each with the indices of message and part;
    `empty_messages` the indices of messages whose content is absent, null, "" or [];
    `tool_rounds` those whose results are not exactly their calls, in order.
    """

    chat: Chat
    model: Model
    messages: Sequence[Message]
    tools: Sequence[Tool]
    schemas: list[bytes]
    roles: list[str | None]
    empty_messages: list[int]
    parts: list[tuple[int, int, ContentPart]]
    tool_rounds: list[ToolRound]
    counted: int | None

    @property
    def prompt(self) -> int:
        """The tokens of the prompt, counted now if they were not given."""
        if self.counted is not None:
            return self.counted
        return count_prompt_tokens(self.chat, keeps_thought=self.model.is_coding_plan)

    def features(self) -> FeatureKey:
        """Return a cheap, hashable key of the features that rules apply to; see `feature_names`."""
        return (
            self.model.thinking,
            self.model.family,
            "system" in self.roles,
            "assistant" in self.roles,
            "tool" in self.roles,
            bool(self.empty_messages),
            bool(self.parts),
            bool(self.tool_rounds),
            self.model.is_vision,
            *map(type, astuple(self.chat)),
        )


def feature_names(given: FeatureKey) -> frozenset[str]:
    """Return the names of the features that are present."""
    thinking, family, *found = given
    flags, types = found[: len(FLAGS)], found[len(FLAGS) :]
    is_there = (kind is not NoneType for kind in types)
    fields = compress(Chat.__struct_fields__, is_there)
    return frozenset((thinking, family, *compress(FLAGS, flags), *fields))


def extract(chat: Chat, model: Model, prompt: int | None = None) -> RequestFacts:
    """Extract the facts of a request; `prompt` is its tokens if they are known."""
    messages, tools = chat.messages or (), chat.tools or ()
    roles: list[str | None] = []
    hollow: list[int] = []
    parts: list[tuple[int, int, ContentPart]] = []
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
    return RequestFacts(
        chat=chat,
        model=model,
        messages=messages,
        tools=tools,
        schemas=[bytes(tool.function.schema) for tool in tools if tool.function] if tools else [],
        roles=roles,
        empty_messages=hollow,
        parts=parts,
        tool_rounds=_tool_rounds(messages) if has_turns else [],
        counted=prompt,
    )


def _tool_rounds(messages: Sequence[Message]) -> list[ToolRound]:
    turns: list[ToolRound] = []
    is_open = False
    for message in messages:
        if message.role == "tool":
            if not is_open:
                turns.append(ToolRound([], []))
            turns[-1].results.append(message.tool_call_id)
            is_open = True
        elif is_open := bool(message.tool_calls):
            turns.append(ToolRound([call.id for call in message.tool_calls or ()], []))
    return [turn for turn in turns if turn.results != turn.calls]


class ValidationRule(Struct, frozen=True, kw_only=True):
    """A rule that requests have to satisfy.

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
    find_violation: Callable[[RequestFacts], Violation]
    applies_to: str = ""
    zh: str | None = None
    en: str | None = None
    fields: Fields = field(default_factory=dict)
    essential: bool = False

    def to_refusal(self, broken: Violation = True) -> Refusal:
        """The refusal this rule makes, the fields of this one beside those of every such."""
        own = broken if isinstance(broken, Mapping) else {}
        return Refusal(
            code=self.code, zh=self.zh, en=self.en, fields={**self.fields, **own}, name=self.name
        )
