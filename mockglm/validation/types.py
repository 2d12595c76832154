"""The body of a chat completion as typed data; unknown keys are ignored, as the service does.

Annotations are no text here: msgspec would compile each of them at every start.
"""

from typing import Any

from msgspec import DecodeError, Raw, Struct, field
from msgspec.json import Decoder

# Numbers beyond a double (1e999) are JSON too; float makes them infinite instead of an error.
_decoder = Decoder(float_hook=float)


def decode_json(text: bytes | Raw) -> Any:
    """Text that is JSON, read without a type; None where it is more than Python reads: nested
    hundreds deep, or a number of thousands of digits."""
    try:
        return _decoder.decode(text)
    except (DecodeError, RecursionError):
        return None


class Function(Struct, frozen=True):
    """A function a tool offers. `schema` is the JSON text of its parameters, empty if absent.

    Agents send tens of kilobytes of schemas with every request and few answers need them: left as
    text, a request is decoded in a third of the time.
    """

    name: str | None = None
    description: str | None = None
    schema: Raw = field(default=Raw(b""), name="parameters")

    @property
    def parameters(self) -> dict[str, Any] | None:
        """The JSON Schema of the parameters, read anew each time; None if absent, no object, or
        more than Python reads."""
        found = decode_json(self.schema) if self.schema else None
        return found if isinstance(found, dict) else None


class Tool(Struct, frozen=True):
    """One of the tools offered: function, web_search, retrieval or mcp."""

    type: str | None = None
    function: Function | None = None
    web_search: dict[str, Any] | None = None
    retrieval: dict[str, Any] | None = None
    mcp: dict[str, Any] | None = None


class Thinking(Struct, frozen=True):
    """The thinking switch; `type` is enabled, disabled or absent."""

    type: str | None = None
    clear_thinking: bool | None = None


class ContentPart(Struct, frozen=True):
    """One part of a message's content, by `type`."""

    type: str | None = None
    text: str | None = None
    image_url: Any = None
    video_url: Any = None
    file: Any = None
    file_url: Any = None
    input_audio: Any = None


class CalledFunction(Struct, frozen=True):
    """The function of a call in the history; `arguments` is JSON text, or what a client sends."""

    name: str | None = None
    arguments: Any = None


class MessageToolCall(Struct, frozen=True):
    """A call as the client sends it back in its history."""

    id: str | None = None
    type: str | None = None
    function: CalledFunction | None = None


class Message(Struct, frozen=True):
    """One message of the history."""

    role: str | None = None
    content: str | list[ContentPart] | None = None
    tool_calls: list[MessageToolCall] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """The content as text; parts of text joined, other parts left out."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text or "" for part in self.content or ())


class Chat(Struct, frozen=True):
    """The body of `POST /chat/completions`; None is absent or null, which are taken alike."""

    model: str | None = None
    messages: list[Message] | None = None
    stream: bool | None = None
    thinking: Thinking | None = None
    reasoning_effort: str | None = None
    do_sample: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    tools: list[Tool] | None = None
    tool_choice: Any = None
    tool_stream: bool | None = None
    response_format: dict[str, Any] | None = None
    stop: str | list[str] | None = None
    request_id: str | None = None
    user_id: str | None = None
    sensitive_word_check: Any = None
