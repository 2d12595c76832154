"""The decoder: the body of `POST /v1/messages` to the one Chat, or the refusal of its shape.

The service is a FastAPI application: a body of another shape is 422 with pydantic's `detail`
(captured for a tool without a name, 2026-09). Assumed: the same for every other wrong shape; that
a system message within the conversation counts as one at its beginning; that 5.0 is a whole number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import DecodeError, ValidationError

from mockglm.messages.models import resolve_model
from mockglm.messages.thinking import read_thinking
from mockglm.messages.types import (
    ContentBlock,
    MessagesChat,
    MessagesRequest,
    MessagesTool,
)
from mockglm.models import MODELS
from mockglm.validation import (
    CalledFunction,
    ContentPart,
    Function,
    Message,
    MessageToolCall,
    Refusal,
    Tool,
)

_request = msgspec.json.Decoder(MessagesRequest)

SHAPE = "422"
"""The code of a refusal of a body's shape; it has no business code."""

_LONGEST_SEARCHED = 65536
"""Bytes of a body in which the mistake is searched."""

_DEEPEST_SEARCHED = 500
"""Levels of such a body. Python 3.11 reads fewer than 1,000, 3.13 several thousand."""

_PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_MISSING = re.compile(r"Object missing required field `(?P<name>\w+)`")
_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<index>\d+)\]")
_BRACKET_OR_STRING = re.compile(rb'[\[\]{}]|"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_VALUE = "Expecting value"
_NO_NAME = "Expecting property name enclosed in double quotes"
_ASIDE = re.compile(r"\s*<system-reminder>.*</system-reminder>\s*", re.DOTALL)
_CHOICES: Mapping[str, Any] = {"auto": "auto", "any": "required", "none": "none"}


def decode_request(body: bytes) -> MessagesChat | Refusal:
    """Decode the body of a request for a message, or for its number of tokens. Never raises."""
    try:
        if not body.isascii():
            body.decode()  # msgspec does not look into the strings it skips
        return _to_chat(_request.decode(body))
    except ValidationError as error:
        return _refuse_shape(str(error))
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return _refuse_json(body)


def _to_chat(request: MessagesRequest) -> MessagesChat:
    """Return the request as a Chat: system messages first, each tool's result as a message."""
    id = resolve_model(request.model)
    thinking, effort = read_thinking(request.thinking, request.output_config, MODELS.get(id))
    user = request.metadata.get("user_id") if isinstance(request.metadata, Mapping) else None
    limit = request.max_tokens
    return MessagesChat(
        source=request,
        model=id,
        messages=_messages(request),
        stream=request.stream,
        thinking=thinking,
        reasoning_effort=effort,
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=None if limit is None or limit != limit // 1 else int(limit),
        tools=None if request.tools is None else list(map(_tool, request.tools)),
        tool_choice=_tool_choice(request.tool_choice),
        response_format=_response_format(request.output_config),
        stop=request.stop_sequences,
        user_id=user if isinstance(user, str) else None,
    )


def _response_format(output_config: Any) -> dict[str, Any] | None:
    """Return the schema of structured outputs in the words of v4.

    Source: https://platform.claude.com/docs/en/build-with-claude/structured-outputs
    """
    form = output_config.get("format") if isinstance(output_config, Mapping) else None
    schema = form.get("schema") if isinstance(form, Mapping) else None
    if not isinstance(schema, Mapping):
        return None
    return {"type": "json_schema", "json_schema": {"name": "output", "schema": dict(schema)}}


def _messages(request: MessagesRequest) -> list[Message]:
    system = [Message("system", _content(request.system))] if request.system else []
    turns: list[Message] = []
    for message in request.messages:
        role, content = message.role, message.content
        if role == "system":
            system.append(Message(role, _content(content)))
        elif isinstance(content, str):
            turns.append(Message(role, content))
        elif role == "assistant":
            turns.append(_assistant(content))
        else:
            turns += _user(role, content)
    return system + turns


def _assistant(blocks: Sequence[ContentBlock]) -> Message:
    """Join the blocks of a turn of the model; what the service's own tools did is left out."""
    calls = [
        MessageToolCall(block.id, "function", CalledFunction(block.name, _arguments(block.input)))
        for block in blocks
        if block.type == "tool_use"
    ]
    return Message(
        "assistant",
        "".join(block.text or "" for block in blocks if block.type == "text"),
        tool_calls=calls or None,
        reasoning_content="".join(block.thinking or "" for block in blocks) or None,
    )


def _user(role: str, blocks: Sequence[ContentBlock]) -> Iterator[Message]:
    """Split a user's message into results of tools and the words beside them.

    Reminders that an agent puts behind results are no turn of the user: they come before.
    """
    results = [block for block in blocks if block.type == "tool_result"]
    if not results:
        yield Message(role, _content(blocks))
        return
    others = [block for block in blocks if block.type != "tool_result"]
    said = Message(role, _content(others))
    is_aside = all(map(_is_aside, others))
    if others and is_aside:
        yield said
    for result in results:
        yield Message("tool", _result_text(result.content), tool_call_id=result.tool_use_id)
    if not is_aside:
        yield said


def _is_aside(block: ContentBlock) -> bool:
    return block.type == "text" and _ASIDE.fullmatch(block.text or "") is not None


def _content(blocks: str | Sequence[ContentBlock]) -> str | list[ContentPart]:
    if isinstance(blocks, str):
        return blocks
    return [part for block in blocks if (part := _part(block)) is not None]


def _part(block: ContentBlock) -> ContentPart | None:
    if block.type == "text":
        return ContentPart("text", block.text or "")
    if block.type == "image":
        return ContentPart("image_url", image_url={"url": _url(block.source)})
    if block.type == "document":
        return ContentPart("file_url", file_url={"url": _url(block.source)})
    return None


def _url(source: Any) -> str:
    """The address of an image; of one in base64 a `data:` URL."""
    if not isinstance(source, Mapping):
        return ""
    if source.get("type") == "base64":
        return f"data:{source.get('media_type', '')};base64,{source.get('data', '')}"
    return str(source.get("url", ""))


def _result_text(content: Any) -> str:
    """The text of a tool's result: a text, or the texts of its blocks."""
    if isinstance(content, str):
        return content
    blocks: Iterable[Any] = content if isinstance(content, list) else ()
    texts = (block.get("text") for block in blocks if isinstance(block, Mapping))
    return "".join(text for text in texts if isinstance(text, str))


def _arguments(raw: msgspec.Raw) -> str:
    return bytes(raw).decode() or "{}"


def _tool(tool: MessagesTool) -> Tool:
    if tool.type is not None and tool.type.startswith("web_search"):
        return Tool("web_search", web_search={"enable": True})
    return Tool("function", Function(tool.name, tool.description, tool.schema))


def _tool_choice(choice: Any) -> Any:
    """The choice of a tool in the words of v4; None for one that is not understood."""
    if not isinstance(choice, Mapping):
        return None
    if choice.get("type") == "tool":
        return {"type": "function", "function": {"name": choice.get("name")}}
    kind = choice.get("type")
    return _CHOICES.get(kind) if isinstance(kind, str) else None


def _refuse_shape(message: str) -> Refusal:
    """Refuse a missing field or a wrong type in pydantic's form; msgspec names the place."""
    found = _PLACE.search(message)
    place = ["body", *_steps(found["path"] if found else "")]
    missing = _MISSING.match(message)
    if missing:
        detail = {"type": "missing", "loc": [*place, missing["name"]], "msg": "Field required"}
    else:
        wanted = message.partition(",")[0].removeprefix("Expected ").replace("`", "")
        detail = {"type": "value_error", "loc": place, "msg": f"Input should be a valid {wanted}"}
    return _shape_refusal({**detail, "input": {}})


def _refuse_json(body: bytes) -> Refusal:
    """Refuse what is no JSON, as FastAPI does."""
    at, reason = _find_mistake(body[:_LONGEST_SEARCHED])
    place: list[str | int] = ["body", at]
    detail = {"type": "json_invalid", "loc": place, "msg": "JSON decode error", "input": {}}
    return _shape_refusal({**detail, "ctx": {"error": reason}})


def _find_mistake(body: bytes) -> tuple[int, str]:
    """Find the first mistake of a JSON text, and describe it as Python up to 3.12 does."""
    if _measure_nesting(body) > _DEEPEST_SEARCHED:
        return 0, _NO_VALUE
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        # Since Python 3.13 a trailing comma is a mistake of its own, at the comma.
        if error.msg.startswith("Illegal trailing comma"):
            reason = _NO_NAME if error.msg.endswith("object") else _NO_VALUE
            rest = error.doc[error.pos + 1 :]
            return len(error.doc) - len(rest.lstrip(" \t\n\r")), reason
        return error.pos, error.msg
    except ValueError:
        pass
    return 0, _NO_VALUE


def _measure_nesting(body: bytes) -> int:
    depth = deepest = 0
    for found in _BRACKET_OR_STRING.finditer(body):
        if found[0] in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in b"]}":
            depth -= 1
    return deepest


def _shape_refusal(detail: Mapping[str, Any]) -> Refusal:
    """Return a refusal with one item of `detail`."""
    return Refusal(code=SHAPE, status=422, extra={"detail": [detail]}, name="shape")


def _steps(path: str) -> Iterator[str | int]:
    for step in _STEP.finditer(path):
        yield step["name"] if step["name"] else int(step["index"])
