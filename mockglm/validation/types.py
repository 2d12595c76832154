"""The body of a chat completion as typed data, its decoder, and the refusal of a bad one.

Unknown keys are ignored, as by the service.
"""

# Without annotations from __future__: msgspec would have to compile the text of every annotation at
# every start.

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import DecodeError, Raw, Struct, ValidationError, field, json

from mockglm import error_codes
from mockglm.exchange import APIError, JSONObject

# Numbers beyond a double (1e999) are JSON too; float makes them infinite instead of an error.
_decoder = json.Decoder(float_hook=float)


def decode_json(text: bytes | Raw) -> Any:
    """Decode JSON without a type; None if it cannot be read.

    Nesting of hundreds of levels and numbers of thousands of digits cannot be read.
    """
    try:
        return _decoder.decode(text)
    except (DecodeError, RecursionError):
        return None


# gc=False here and for other Structs of a request: none of them can be part of a cycle, and the
# garbage collector would look at each of them.


class Function(Struct, frozen=True, gc=False):
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


class Tool(Struct, frozen=True, gc=False):
    """One of the tools offered: function, web_search, retrieval or mcp."""

    type: str | None = None
    function: Function | None = None
    web_search: dict[str, Any] | None = None
    retrieval: dict[str, Any] | None = None
    mcp: dict[str, Any] | None = None


class Thinking(Struct, frozen=True, gc=False):
    """The thinking switch; `type` is enabled, disabled or absent."""

    type: str | None = None
    clear_thinking: bool | None = None


class ContentPart(Struct, frozen=True, gc=False):
    """One part of a message's content, by `type`."""

    type: str | None = None
    text: str | None = None
    image_url: Any = None
    video_url: Any = None
    file: Any = None
    file_url: Any = None
    input_audio: Any = None


class CalledFunction(Struct, frozen=True, gc=False):
    """The function of a call in the history; `arguments` is JSON text, or what a client sends."""

    name: str | None = None
    arguments: Any = None


class MessageToolCall(Struct, frozen=True, gc=False):
    """A call as the client sends it back in its history."""

    id: str | None = None
    type: str | None = None
    function: CalledFunction | None = None


class Message(Struct, frozen=True, gc=False):
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


class Chat(Struct, frozen=True, gc=False):
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


ASSUMED: Mapping[str, str] = MappingProxyType(
    {
        "unreadable": "broken JSON, no body, no object, invalid UTF-8, nested too deep: no answer"
        " to these is on record; 1210 with its own text",
        "wrong type": "the form `PATH type error` is on record for the type of a content part; here"
        " it answers any value of a wrong type within messages and tools. A wrong type at the top"
        " is 1210 with its own text; a string is no number and no boolean, 5.0 is a whole number",
        "no-model": "a missing or empty model: 1213, by its documented meaning",
        "no-messages": "on record as `messages:输入不能为空` (2024); the prefix in English",
        "empty-user-text": "only the last user message counts, as the text speaks of the prompt",
        "no-content-no-calls": "the English text; absent, null, empty string and empty list are"
        " alike, a line feed is content",
        "empty-tool": "on record for web_search; the same for the other kinds of tool",
        "always-thinks": "one text for thinking disabled and for an effort it does not know",
        "tuple-schema": "1210 with its own text, whichever tool it is",
        "not-streamed": "the English text is that of the table of codes",
        "phone-prompt-too-long": "the English beginning of the text",
        "documented and contested": "rules without a recorded refusal answer the code of the"
        " documented table that fits, 1210 for a value out of range and 1214 for a field",
    }
)
"""The refusals without a recording, each with its assumption."""


class Refusal(Struct, frozen=True, kw_only=True):
    """A refusal of a request, in both languages until that of the client is known.

    A text of None is that of the table of error codes. `fields` are filled in, `name` is that of
    the broken rule.
    """

    code: str
    zh: str | None = None
    en: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    status: int | None = None
    extra: JSONObject = field(default_factory=dict)

    def to_error(self, language: error_codes.Language = "zh") -> APIError:
        """The API error with its message in a language."""
        text = self.zh if language == "zh" else self.en
        message = None if text is None else text.format_map(self.fields)
        return APIError(self.code, self.status, message, self.fields, self.extra)


UNREADABLE = Refusal(code="1210", name="unreadable")

_chat = json.Decoder(Chat)

PLACE = re.compile(r" - at `\$\.(?P<path>[^`]*)`$")
WITHIN = re.compile(r"(?:messages|tools)\[\d+\]\S*")
ILLEGAL_MESSAGES = Refusal(code="1214", fields={"field": "messages"}, name="wrong type")
WRONG_TYPE = Refusal(code="1210", name="wrong type")


def decode_chat(body: bytes) -> Chat | Refusal:
    """Decode the body of a chat completion, or return the refusal of a bad one.

    All of the body must be UTF-8 and JSON, ignored keys included.
    """
    try:
        if not body.isascii():
            body.decode()  # msgspec does not look into the strings it skips
        return _chat.decode(body)
    except ValidationError as error:
        return _mended(body, str(error)) or _misplaced(str(error))
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return UNREADABLE


def _misplaced(message: str) -> Refusal:
    """The refusal of a value of a wrong type, by its place in msgspec's message."""
    found = PLACE.search(message)
    path = found["path"] if found else ""
    if path == "messages" or re.fullmatch(r"messages\[\d+\]", path):
        return ILLEGAL_MESSAGES
    if not WITHIN.fullmatch(path):
        return WRONG_TYPE
    text = "{path} type error"
    return Refusal(code="1214", zh=text, en=text, fields={"path": path}, name="wrong type")


def _mended(body: bytes, message: str) -> Chat | Refusal | None:
    """Decode a body again with `max_tokens` as an integer, if it was written as 5.0."""
    if not message.endswith("got `float` - at `$.max_tokens`"):
        return None
    read = decode_json(body)
    value = read.get("max_tokens") if isinstance(read, dict) else None
    if not isinstance(value, float) or not value.is_integer():
        return None
    return decode_chat(json.encode({**read, "max_tokens": int(value)}))
