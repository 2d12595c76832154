"""The facts of a request that validation rules look at, the tokens of its prompt among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from operator import attrgetter
from types import NoneType
from typing import Any

from msgspec import Struct, json

from mockglm.exchange import count_tokens
from mockglm.models import Model
from mockglm.validation.types import Chat, ContentPart, Message, MessageToolCall, Tool

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

# Fitted to the usage in the cassettes of pydantic/pydantic-ai (test_zai) and charmbracelet/fantasy
# (zai-glm-4-7-flash): what the template adds to a prompt, a message, any tools; what an image is.
BASE = 4
MESSAGE = 2
TOOLS = 120
PICTURE = 400


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


def count_prompt_tokens(chat: Chat, *, keeps_thought: bool = False) -> int:
    """The tokens of messages and tool definitions, at least one.

    `keeps_thought` is the default of the base where the request has no `clear_thinking`. Without
    it the thought of earlier turns is left out; within the last turn, from the last user message
    on, it counts (charmbracelet/fantasy, tool loops).
    """
    messages, tools = chat.messages or (), chat.tools or ()
    texts: list[str] = []
    pictures, is_thought = 0, False
    for message in messages:
        texts.append(message.text)
        if isinstance(message.content, list):
            pictures += sum(part.text is None for part in message.content)
        if message.tool_calls:
            texts += _called(message.tool_calls)
        is_thought = is_thought or bool(message.reasoning_content)
    if is_thought:
        texts += _thought(chat, messages, keeps_thought=keeps_thought)
    size = BASE + MESSAGE * len(messages) + PICTURE * pictures
    if tools:
        texts += _offered(tools)
        size += TOOLS + _schemas(tools)
    # Counted as one text: what rounds up in each piece costs more than it tells.
    return size + count_tokens("".join(texts))


def _called(calls: Sequence[MessageToolCall]) -> Iterator[str]:
    for function in [call.function for call in calls if call.function]:
        arguments = function.arguments
        yield function.name or ""
        yield arguments if isinstance(arguments, str) else json.encode(arguments).decode()


def _thought(chat: Chat, messages: Sequence[Message], *, keeps_thought: bool) -> list[str]:
    if chat.thinking is not None and chat.thinking.clear_thinking is not None:
        keeps_thought = not chat.thinking.clear_thinking
    kept = messages if keeps_thought else messages[_last_turn(messages) :]
    return [message.reasoning_content for message in kept if message.reasoning_content]


def _last_turn(messages: Sequence[Message]) -> int:
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].role == "user":
            return index
    return 0


def _offered(tools: Sequence[Tool]) -> Iterator[str]:
    for function in [tool.function for tool in tools if tool.function]:
        yield function.name or ""
        yield function.description or ""


def _schemas(tools: Sequence[Tool]) -> int:
    """The tokens of the schemas by their length: they are JSON, and nearly all of it ASCII."""
    functions = [tool.function for tool in tools if tool.function]
    return sum([len(bytes(function.schema)) for function in functions]) // 4
