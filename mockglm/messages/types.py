"""The body of `POST /v1/messages` as typed data; unknown keys are ignored, as the service does.

Annotations are no text here: msgspec would compile each of them at every start.
"""

from typing import Any

from msgspec import Raw, Struct, field

from mockglm.validation.types import Chat


class MessagesTool(Struct, frozen=True):
    """A tool that is offered; one with a `type` of its own, as web_search_20250305, is served by
    the service."""

    name: str
    type: str | None = None
    description: str | None = None
    schema: Raw = field(default=Raw(b""), name="input_schema")


class ContentBlock(Struct, frozen=True):
    """One block of a message's content or of `system`, by `type`."""

    type: str
    text: str | None = None
    thinking: str | None = None
    id: str | None = None
    name: str | None = None
    input: Raw = Raw(b"")
    tool_use_id: str | None = None
    content: Any = None
    source: Any = None


class HistoryMessage(Struct, frozen=True):
    """One message of the history."""

    role: str
    content: str | list[ContentBlock]


class MessagesRequest(Struct, frozen=True, kw_only=True):
    """The body of a request; None is absent or null.

    `thinking`, `output_config`, `tool_choice` and `metadata` are read leniently: what the service
    makes of a wrong type there is not known.
    """

    model: str
    messages: list[HistoryMessage]
    max_tokens: float | int | None = None
    system: str | list[ContentBlock] | None = None
    stream: bool | None = None
    thinking: Any = None
    output_config: Any = None
    tools: list[MessagesTool] | None = None
    tool_choice: Any = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None
    metadata: Any = None
    context_management: Any = None


class MessagesChat(Chat, frozen=True, kw_only=True):
    """A Chat and the request that it was decoded from."""

    source: MessagesRequest
