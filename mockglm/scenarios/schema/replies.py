"""The right sides of an interaction: what comes back, described or to the byte.

A field that is UNSET was not written, which `defaults` make a difference to.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from mockglm.scenarios.schema.scalars import Positive, Text, Texts, Wait

Finish = Literal[
    "stop", "length", "tool_calls", "sensitive", "network_error", "model_context_window_exceeded"
]
Fault = Annotated[dict[str, Any], Meta(extra_json_schema={"required": ["do"]})]
"""A fault with `do`, `at` and options of its own, which the catalogue reads."""


class ToolCallSpec(Struct, forbid_unknown_fields=True):
    """A call of a function."""

    name: Annotated[Text, Meta(description="The function")]
    arguments: Annotated[
        dict[str, Any] | Text,
        Meta(description="A mapping, sent as compact JSON, or text, sent as it stands"),
    ] = field(default_factory=dict)
    id: Annotated[Text | None, Meta(description="The id of the call; made up if not given")] = None


class ContentFilterSpec(Struct, forbid_unknown_fields=True):
    """What was filtered: whose text, and how bad it is, 0 the worst."""

    role: Text
    level: Annotated[int, Meta(ge=0, le=3)]


class ErrorSpec(Struct, forbid_unknown_fields=True):
    """An error: a code of the table, with the fields its message needs, or one described whole."""

    code: Annotated[Text, Meta(description="The business code")]
    status: Annotated[
        Annotated[int, Meta(ge=200, le=599)] | None,
        Meta(description="The HTTP status, if not the table's"),
    ] = None
    message: Annotated[Text | None, Meta(description="The message, if not the table's")] = None
    contentFilter: Annotated[  # noqa: N815  the wire's own name
        list[ContentFilterSpec] | None, Meta(description="What was filtered (1301)")
    ] = None
    number: Annotated[Text | None, Meta(description="How many units the window has (1308)")] = None
    unit: Annotated[Text | None, Meta(description="hour, day, week or month (1308)")] = None
    reset: Annotated[
        Text | None, Meta(description="When the limit is reset, in local time (1308, 1310, …)")
    ] = None
    model: Annotated[Text | None, Meta(description="The model it is about (1311, 1312)")] = None
    method: Annotated[Text | None, Meta(description="The way of calling (1212)")] = None
    field: Annotated[Text | None, Meta(description="The parameter (1213, 1214)")] = None
    field1: Annotated[Text | None, Meta(description="The one parameter (1215)")] = None
    field2: Annotated[Text | None, Meta(description="The other parameter (1215)")] = None
    api: Annotated[Text | None, Meta(description="The API (1220, 1221, 1222)")] = None
    request_id: Annotated[Text | None, Meta(description="The request there is (1231)")] = None
    task: Annotated[Text | None, Meta(description="The task there is not (1233)")] = None
    error_id: Annotated[
        Text | None, Meta(description="The id in the text of 1234; the log id if not given")
    ] = None


class ChunksSpec(Struct, forbid_unknown_fields=True):
    """How a stream is cut, part by part: characters a piece, or the exact pieces."""

    content: Positive | list[Text] = 4
    reasoning: Positive | list[Text] = 4
    arguments: Positive | list[Text] = 4


class PaceSpec(Struct, forbid_unknown_fields=True):
    """How fast a reply comes, in seconds."""

    first: Annotated[Wait, Meta(description="Until the first token")] = 0.0
    every: Annotated[Wait, Meta(description="Between tokens")] = 0.0
    jitter: Annotated[Wait, Meta(description="Of random spread")] = 0.0


class ReplySpec(Struct, forbid_unknown_fields=True):
    """An answer that is described."""

    content: Annotated[
        Text | UnsetType | None, Meta(description="The text; null leaves the key out of JSON")
    ] = UNSET
    reasoning: Annotated[
        Text | UnsetType | None, Meta(description="The thought, reasoning_content on the wire")
    ] = UNSET
    tool_calls: Annotated[
        list[ToolCallSpec] | UnsetType, Meta(description="Calls of functions")
    ] = UNSET
    finish_reason: Annotated[
        Finish | UnsetType, Meta(description="Default: tool_calls if there are calls, else stop")
    ] = UNSET
    usage: Annotated[
        dict[str, Any] | Literal["none"] | UnsetType,
        Meta(description="Laid over the estimate, keys as on the wire; none leaves usage out"),
    ] = UNSET
    web_search: Annotated[
        list[dict[str, Any]] | UnsetType, Meta(description="The pages found, as on the wire")
    ] = UNSET
    content_filter: Annotated[
        list[ContentFilterSpec] | UnsetType, Meta(description="What was filtered")
    ] = UNSET
    error: Annotated[
        Text | ErrorSpec | UnsetType, Meta(description="An error instead: its code")
    ] = UNSET
    headers: Annotated[dict[str, Texts] | UnsetType, Meta(description="More headers")] = UNSET
    chunks: Annotated[
        Positive | list[Text] | ChunksSpec | UnsetType,
        Meta(description="Characters a piece of a stream (4), or the exact pieces of content"),
    ] = UNSET
    pace: Annotated[
        PaceSpec | Literal["model"] | UnsetType,
        Meta(description="How fast it comes; model: its own"),
    ] = UNSET
    fault: Annotated[
        Text | Fault | list[Text | Fault] | UnsetType,
        Meta(description="What goes wrong with it, as `mockglm faults` lists it; in order"),
    ] = UNSET
    template: Annotated[
        bool | UnsetType, Meta(description="Whether its text is Jinja2, filled in at each answer")
    ] = UNSET
    times: Annotated[
        Positive | UnsetType, Meta(description="How many matches in a row it answers (1)")
    ] = UNSET


class BytesSpec(Struct, forbid_unknown_fields=True):
    """A piece of an answer that is no text."""

    at: Annotated[Wait, Meta(description="Wait since the request")]
    base64: Text


class ResponseSpec(Struct, forbid_unknown_fields=True):
    """An answer to the byte. At most one of body, json, events and chunks."""

    status: Annotated[int, Meta(ge=200, le=599)] = 200
    headers: Annotated[
        dict[str, Texts] | None,
        Meta(description="All of them; if left out, the Content-Type GLM has for such a body"),
    ] = None
    at: Annotated[Wait, Meta(description="When the headers came, and a body or json")] = 0.0
    body: Annotated[Text | None, Meta(description="The body as text")] = None
    json: Annotated[Any, Meta(description="The body as JSON, sent compact")] = UNSET
    events: Annotated[
        Text | None,
        Meta(description="A line for each event: seconds since the request, a space, its data"),
    ] = None
    chunks: Annotated[
        list[tuple[Wait, Text] | BytesSpec] | None,
        Meta(description="The pieces: seconds since the request and text"),
    ] = None
    cut: Annotated[
        bool | Literal["close", "reset", "hang"],
        Meta(description="Whether it ended early, and how; true: the connection was closed"),
    ] = False
