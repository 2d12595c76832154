"""The responses of an interaction: replies and verbatim responses.

A field is UNSET if the file leaves it out; `defaults` fill it in then.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from mockglm.scenarios.schema.scalars import Positive, Spread, Text, Texts, Wait

Finish = Literal[
    "stop", "length", "tool_calls", "sensitive", "network_error", "model_context_window_exceeded"
]
Fault = Annotated[dict[str, Any], Meta(extra_json_schema={"required": ["do"]})]
"""A fault: `do`, `at` and its options, which the catalogue reads."""


class ToolCallSpec(Struct, forbid_unknown_fields=True):
    """A call of a function."""

    name: Annotated[Text, Meta(description="The function")]
    arguments: Annotated[
        dict[str, Any] | Text,
        Meta(description="A mapping, sent as compact JSON, or text, sent as it is"),
    ] = field(default_factory=dict)
    id: Annotated[Text | None, Meta(description="The id of the call; default: a new one")] = None


class ContentFilterSpec(Struct, forbid_unknown_fields=True):
    """A filtered text: the role of its author and its severity, from 0, the worst, to 3."""

    role: Text
    level: Annotated[int, Meta(ge=0, le=3)]


class ErrorSpec(Struct, forbid_unknown_fields=True):
    """An error: a code of the table with the fields of its message, or one of your own."""

    code: Annotated[Text, Meta(description="The business code")]
    status: Annotated[
        Annotated[int, Meta(ge=200, le=599)] | None,
        Meta(description="The HTTP status, if not the table's"),
    ] = None
    message: Annotated[Text | None, Meta(description="The message, if not the table's")] = None
    contentFilter: Annotated[  # noqa: N815  the wire's own name
        list[ContentFilterSpec] | None, Meta(description="Filtered texts (1301)")
    ] = None
    number: Annotated[Text | None, Meta(description="The units of the window (1308)")] = None
    unit: Annotated[Text | None, Meta(description="hour, day, week or month (1308)")] = None
    reset: Annotated[
        Text | None, Meta(description="The local time when the limit is reset (1308, 1310, …)")
    ] = None
    model: Annotated[Text | None, Meta(description="The model (1311, 1312)")] = None
    method: Annotated[Text | None, Meta(description="The way of calling (1212)")] = None
    field: Annotated[Text | None, Meta(description="The parameter (1213, 1214)")] = None
    field1: Annotated[Text | None, Meta(description="The first parameter (1215)")] = None
    field2: Annotated[Text | None, Meta(description="The second parameter (1215)")] = None
    api: Annotated[Text | None, Meta(description="The API (1220, 1221, 1222)")] = None
    request_id: Annotated[Text | None, Meta(description="The existing request (1231)")] = None
    task: Annotated[Text | None, Meta(description="The missing task (1233)")] = None
    error_id: Annotated[
        Text | None, Meta(description="The id in the text of 1234; default: the log id")
    ] = None


class ChunksSpec(Struct, forbid_unknown_fields=True):
    """The chunks of a stream, for each part: characters a chunk, or the exact chunks."""

    content: Positive | list[Text] = 4
    reasoning: Positive | list[Text] = 4
    arguments: Positive | list[Text] | UnsetType = UNSET


class PaceSpec(Struct, forbid_unknown_fields=True):
    """The pace of a reply in seconds."""

    first: Annotated[Wait, Meta(description="The time to the first token")] = 0.0
    every: Annotated[Wait, Meta(description="The time between tokens")] = 0.0
    jitter: Annotated[Wait, Meta(description="The range of random deviation")] = 0.0
    prompt: Annotated[
        Wait, Meta(description="The time for a thousand tokens of the prompt that are not cached")
    ] = 0.0
    spread: Annotated[
        Spread,
        Meta(description="The 90th percentile of the first token's time by its median; 0: none"),
    ] = 0.0
    tools: Annotated[Wait, Meta(description="The time more for a request with tools")] = 0.0


class ReplySpec(Struct, forbid_unknown_fields=True):
    """A reply of the model, or an error."""

    content: Annotated[
        Text | UnsetType | None, Meta(description="The text; null leaves the key out of JSON")
    ] = UNSET
    reasoning: Annotated[
        Text | UnsetType | None, Meta(description="The reasoning_content of the response")
    ] = UNSET
    tool_calls: Annotated[
        list[ToolCallSpec] | UnsetType, Meta(description="Calls of functions")
    ] = UNSET
    finish_reason: Annotated[
        Finish | UnsetType, Meta(description="Default: tool_calls if there are calls, else stop")
    ] = UNSET
    usage: Annotated[
        dict[str, Any] | Literal["none"] | UnsetType,
        Meta(description="Replaces keys of the estimated usage; none leaves usage out"),
    ] = UNSET
    web_search: Annotated[
        list[dict[str, Any]] | UnsetType, Meta(description="The pages found, with the keys of GLM")
    ] = UNSET
    content_filter: Annotated[
        list[ContentFilterSpec] | UnsetType, Meta(description="Filtered texts")
    ] = UNSET
    error: Annotated[
        Text | ErrorSpec | UnsetType, Meta(description="An error instead of a reply: its code")
    ] = UNSET
    headers: Annotated[dict[str, Texts] | UnsetType, Meta(description="More headers")] = UNSET
    chunks: Annotated[
        Positive | list[Text] | ChunksSpec | UnsetType,
        Meta(description="Characters a chunk of a stream (4), or the exact chunks of content"),
    ] = UNSET
    pace: Annotated[
        PaceSpec | Literal["model", "measured"] | UnsetType,
        Meta(
            description="The pace of the reply; model: that of the model; measured: the latency"
            " measured of it, with its spread"
        ),
    ] = UNSET
    fault: Annotated[
        Text | Fault | list[Text | Fault] | UnsetType,
        Meta(description="Faults in order; `mockglm faults` lists them"),
    ] = UNSET
    template: Annotated[
        bool | UnsetType, Meta(description="true if its texts are templates of Jinja2")
    ] = UNSET
    times: Annotated[
        Positive | UnsetType, Meta(description="The number of matches in a row it answers (1)")
    ] = UNSET


class BytesSpec(Struct, forbid_unknown_fields=True):
    """A chunk of a response that is no text."""

    at: Annotated[Wait, Meta(description="Seconds since the request")]
    base64: Text


class ResponseSpec(Struct, forbid_unknown_fields=True):
    """A verbatim response, with at most one of body, json, events and chunks."""

    status: Annotated[int, Meta(ge=200, le=599)] = 200
    headers: Annotated[
        dict[str, Texts] | None,
        Meta(description="All headers; default: the Content-Type of GLM for such a body"),
    ] = None
    at: Annotated[
        Wait, Meta(description="Seconds from the request to the headers, and to a body or json")
    ] = 0.0
    body: Annotated[Text | None, Meta(description="The body as text")] = None
    json: Annotated[Any, Meta(description="The body, sent as compact JSON")] = UNSET
    events: Annotated[
        Text | None,
        Meta(description="A line for each event: seconds since the request, a space, the data"),
    ] = None
    chunks: Annotated[
        list[tuple[Wait, Text] | BytesSpec] | None,
        Meta(description="The chunks: seconds since the request, and text"),
    ] = None
    cut: Annotated[
        bool | Literal["close", "reset", "hang"],
        Meta(description="The way it ends early; true: the connection is closed"),
    ] = False
