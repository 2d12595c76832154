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


CONTENT_FIELDS = ("tools", "tool_choice", "tool_stream")
"""The fields of a chat beside its messages that rules of contents apply to."""

TOOLS_FIELD = Chat.__struct_fields__.index("tools")

Subject = Literal["contents", "parameters", "roles"]


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
        return (*self.content_features(), *map(type, astuple(self.chat)))

    def content_features(self) -> FeatureKey:
        """Return the part of `features` that rules of contents apply to."""
        chat, roles = self.chat, self.roles
        return (
            self.model.thinking,
            self.model.family,
            "system" in roles,
            "assistant" in roles,
            "tool" in roles,
            bool(self.empty_messages),
            bool(self.parts),
            bool(self.tool_rounds),
            self.model.is_vision,
            chat.tools is not None,
            chat.tool_choice is not None,
            chat.tool_stream is not None,
        )

    def parameters(self) -> FeatureKey:
        """Return all that rules of parameters look at; it cannot be hashed if a value cannot."""
        fields = astuple(self.chat)
        return (self.model, *fields[:1], *fields[2:TOOLS_FIELD], *fields[TOOLS_FIELD + 1 :])


def feature_names(given: FeatureKey) -> frozenset[str]:
    """Return the names of the features that are present."""
    thinking, family, *found = given
    size = len(FLAGS) + len(CONTENT_FIELDS)
    fields = compress(Chat.__struct_fields__, (kind is not NoneType for kind in found[size:]))
    return frozenset((thinking, family, *compress((*FLAGS, *CONTENT_FIELDS), found), *fields))


def parameters_alone(given: FeatureKey) -> RequestFacts:
    """Return the facts of a request without messages and tools that has these parameters."""
    model, id, *rest = given
    middle = TOOLS_FIELD - 2
    fields = (id, None, *rest[:middle], None, *rest[middle:])
    return extract(Chat(**dict(zip(Chat.__struct_fields__, fields, strict=True))), model, 0)


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

    `find_violation` returns whether a request breaks it, or the fields of the error's text if it
    does; `zh` and `en` are that text, None for the one that the table has for the code. A rule
    applies to requests that have what `applies_to` names: a field of RequestFacts, a parameter, a
    role, the thinking or the family of the model; "" is every request. `looks_at` is `parameters`
    if a violation depends on the model and on fields of the chat other than messages and tools
    alone, `roles` if on the roles of the messages alone. `source` is where the refusal, or the
    documented rule, can be read. An `essential` rule refuses whatever the policy: without it
    nothing can be answered.
    """

    name: str
    code: str
    evidence: Evidence
    source: str
    find_violation: Callable[[RequestFacts], Violation]
    applies_to: str = ""
    looks_at: Subject = "contents"
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
