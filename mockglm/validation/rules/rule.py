"""A validation rule, and the facts of a request that rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from operator import attrgetter
from types import NoneType
from typing import Any, Literal

from msgspec import Struct, field

from mockglm.models import Model
from mockglm.validation.prompt_tokens import count_prompt_tokens
from mockglm.validation.refusal import Refusal
from mockglm.validation.types import Chat, ContentPart, Message, Tool

Evidence = Literal["captured", "reported", "documented", "contested", "refuted"]
"""The evidence that the service makes a check. `refuted`: the documentation or a report says so,
and a recording shows such a request answered; a rule of this kind refuses nothing."""

Fields = Mapping[str, str]
Violation = bool | Fields | None

Features = tuple[Any, ...]
"""The model, whether there are empty messages, content parts and tool rounds, and the types of
OTHER_FIELDS."""

ROLES = frozenset(("system", "user", "assistant", "tool"))

PARAMETER_FIELDS = (
    "model",
    "stream",
    "thinking",
    "reasoning_effort",
    "do_sample",
    "temperature",
    "top_p",
    "max_tokens",
)
"""The fields of a chat that rules of parameters look at: short values that many requests share."""

OTHER_FIELDS = tuple(
    name for name in Chat.__struct_fields__ if name not in PARAMETER_FIELDS and name != "messages"
)
"""The fields of a chat that only rules of contents look at, beside its messages."""

_parameters = attrgetter(*PARAMETER_FIELDS)
_others = attrgetter(*OTHER_FIELDS)

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

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The values of PARAMETER_FIELDS."""
        values: tuple[Any, ...] = _parameters(self.chat)
        return values

    def features(self) -> Features:
        """Return a cheap, hashable key of what rules apply to, beside roles and parameters."""
        return (
            self.model,
            bool(self.empty_messages),
            bool(self.parts),
            bool(self.tool_rounds),
            *map(type, _others(self.chat)),
        )


def feature_names(
    features: Features, roles: Iterable[str | None], parameters: Iterable[type]
) -> frozenset[str]:
    """Return the names that `applies_to` may have for a request with these features.

    `parameters` are the types of PARAMETER_FIELDS.
    """
    model, is_hollow, has_parts, has_turns, *others = features
    flags = (is_hollow, has_parts, has_turns, model.is_vision)
    types = zip((*OTHER_FIELDS, *PARAMETER_FIELDS), (*others, *parameters), strict=True)
    return frozenset(
        (
            model.thinking,
            model.family,
            *ROLES.intersection(roles),
            *compress(("hollow", "parts", "turns", "vision"), flags),
            *(name for name, kind in types if kind is not NoneType),
        )
    )


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
    if a violation depends on the model and on PARAMETER_FIELDS alone, `roles` if on the roles of
    the messages alone. `source` is where the refusal, or the documented rule, can be read. An
    `essential` rule refuses whatever the policy: without it nothing can be answered.
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
