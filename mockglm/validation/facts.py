"""The facts of a request that validation rules look at, the tokens of its prompt among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Any

from msgspec import Struct, json

from mockglm.exchange import count_tokens
from mockglm.models import Model
from mockglm.validation.types import Chat, ContentPart, Message, MessageToolCall, Tool

Features = tuple[Model, bool, bool, bool, tuple[bool, ...]]
"""The model; whether there are empty messages, content parts, tool rounds, and each of
OTHER_FIELDS."""

ROLES = frozenset(("system", "user", "assistant", "tool"))

_FLAGS = ("hollow", "parts", "turns", "vision")

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

OTHER_FIELDS = (
    "tools",
    "tool_choice",
    "tool_stream",
    "response_format",
    "stop",
    "request_id",
    "user_id",
    "sensitive_word_check",
)
"""The fields of a chat that only rules of contents look at, beside its messages."""

_ABSENT = (None,) * len(OTHER_FIELDS)
_NO_OTHERS = (False,) * len(OTHER_FIELDS)

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


class RequestFacts(Struct, frozen=True, gc=False):
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
        return list_parameters(self.chat)

    @property
    def features(self) -> Features:
        """A cheap, hashable key of what rules apply to, beside roles and parameters."""
        return describe(self.chat, self.model)[0]


def list_parameters(chat: Chat) -> tuple[Any, ...]:
    """Return the values of PARAMETER_FIELDS."""
    # Five times as fast as by the names of the fields.
    return (
        chat.model,
        chat.stream,
        chat.thinking,
        chat.reasoning_effort,
        chat.do_sample,
        chat.temperature,
        chat.top_p,
        chat.max_tokens,
    )


def describe(chat: Chat, model: Model) -> tuple[Features, tuple[str | None, ...]]:
    """Return the features of a request, and the roles of its messages."""
    messages = chat.messages or ()
    is_hollow = has_parts = has_turns = False
    roles: list[str | None] = []
    for message in messages:
        content = message.content
        roles.append(message.role)
        if not content:
            is_hollow = True
        elif type(content) is list:
            has_parts = True
        if message.tool_calls or message.role == "tool":
            has_turns = True
    others = (
        chat.tools,
        chat.tool_choice,
        chat.tool_stream,
        chat.response_format,
        chat.stop,
        chat.request_id,
        chat.user_id,
        chat.sensitive_word_check,
    )
    features = (
        model,
        is_hollow,
        has_parts,
        has_turns and bool(_tool_rounds(messages)),
        _NO_OTHERS if others == _ABSENT else tuple([value is not None for value in others]),
    )
    return features, tuple(roles)


def feature_names(
    features: Features, roles: Iterable[str | None], parameters: Iterable[bool]
) -> frozenset[str]:
    """Return the names that `applies_to` may have for a request with these features.

    `parameters` says of each of PARAMETER_FIELDS if it is there.
    """
    model, is_hollow, has_parts, has_turns, others = features
    return frozenset(
        (
            model.thinking,
            model.family,
            *ROLES.intersection(roles),
            *compress(_FLAGS, (is_hollow, has_parts, has_turns, model.is_vision)),
            *compress(OTHER_FIELDS, others),
            *compress(PARAMETER_FIELDS, parameters),
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
    schemas = [bytes(tool.function.schema) for tool in tools if tool.function] if tools else []
    turns = _tool_rounds(messages) if has_turns else []
    # By position: names of arguments cost a third of this function.
    return RequestFacts(chat, model, messages, tools, schemas, roles, hollow, parts, turns, prompt)


def only_prompt(chat: Chat, model: Model, prompt: int | None = None) -> RequestFacts:
    """Return facts for rules that look at the parameters and at the tokens of the prompt alone."""
    return RequestFacts(chat, model, (), (), [], [], [], [], [], prompt)


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
        content = message.content
        if isinstance(content, list):
            texts.append(message.text)
            pictures += sum(part.text is None for part in content)
        elif content:
            texts.append(content)
        if message.tool_calls:
            texts += _called(message.tool_calls)
        if message.reasoning_content:
            is_thought = True
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
