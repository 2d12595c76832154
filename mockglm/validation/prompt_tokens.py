"""The estimated number of tokens in a request's prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import json

from mockglm.exchange import count_tokens
from mockglm.validation.types import Chat, Message, MessageToolCall, Tool

# Fitted to the usage in the cassettes of pydantic/pydantic-ai (test_zai) and charmbracelet/fantasy
# (zai-glm-4-7-flash): what the template adds to a prompt, a message, any tools; what an image is.
BASE = 4
MESSAGE = 2
TOOLS = 120
PICTURE = 400


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
