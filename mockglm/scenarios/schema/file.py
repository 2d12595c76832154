"""The file, its interactions and other sections, and the JSON Schema made from these types."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field, json

from mockglm.accounts import Level, State
from mockglm.scenarios.schema.matchers import RequestSpec, WhenSpec
from mockglm.scenarios.schema.replies import PaceSpec, ReplySpec, ResponseSpec
from mockglm.scenarios.schema.scalars import Count, Positive, Seconds, Text, Texts

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class InteractionSpec(Struct, forbid_unknown_fields=True):
    """The requests to match, and the response. Without `when` and `request` any request matches."""

    when: Annotated[WhenSpec | None, Meta(description="A pattern of requests")] = None
    request: Annotated[RequestSpec | None, Meta(description="A recorded request")] = None
    reply: Annotated[
        ReplySpec | list[ReplySpec] | None,
        Meta(description="A reply; a list is a sequence, whose last one answers all the rest"),
    ] = None
    response: Annotated[ResponseSpec | None, Meta(description="A verbatim response")] = None
    times: Annotated[
        Positive | None, Meta(description="The number of requests it matches; default: no limit")
    ] = None
    validate: Annotated[
        bool, Meta(description="false skips the validation rules before matching")
    ] = True
    speed: Annotated[Seconds | None, Meta(description="2 is twice as fast, 0 at once")] = None


class ModelSpec(Struct, forbid_unknown_fields=True):
    """A model that is missing from the table of models, or differs from it."""

    id: Text
    like: Annotated[Text, Meta(description="The model of the table that has all other properties")]
    context: Positive | UnsetType = UNSET
    ceiling: Annotated[Positive | UnsetType, Meta(description="Tokens of the longest output")] = (
        UNSET
    )
    thinking: Literal["always", "optional", "none"] | UnsetType = UNSET
    thought: Literal["field", "tags"] | UnsetType = UNSET
    overflow: Annotated[
        Literal["refuse", "truncate"] | UnsetType,
        Meta(description="A prompt beyond the context is refused, or cut at its front in silence"),
    ] = UNSET
    temperature: Seconds | UnsetType = UNSET
    pace: PaceSpec | UnsetType = UNSET


class OverloadSpec(Struct, forbid_unknown_fields=True):
    """A model that is overloaded: 1305."""

    model: Annotated[Text, Meta(description="The model, as a glob")]
    for_: Annotated[
        Text | None, Meta(description="The time since the start, as 30s or 5m; default: always")
    ] = field(name="for", default=None)


class LoadSpec(Struct, forbid_unknown_fields=True):
    """The behaviour under load, by the number of requests in flight."""

    free: Annotated[
        Count, Meta(description="Requests in flight that run at full pace; default: 1")
    ] = 1
    slowdown: Annotated[
        Seconds, Meta(description="The part by which each further one makes replies slower")
    ] = 0.0
    overload: Annotated[
        Count | None, Meta(description="With so many in flight, a further request gets 1305")
    ] = None


class WindowSpec(Struct, forbid_unknown_fields=True):
    """A limit of a Coding Plan."""

    window: Annotated[Text, Meta(description="The length of the window, as 5h or 7d")]
    requests: Count | None = None
    credits: Annotated[
        Seconds | None, Meta(description="Credits; since 2026-08 plans count them, not requests")
    ] = None


class PackageSpec(Struct, forbid_unknown_fields=True):
    """A package of either tokens or requests."""

    tokens: Annotated[Count | None, Meta(description="The total_tokens of responses")] = None
    requests: Annotated[Count | None, Meta(description="The requests with a reply")] = None


class PriceSpec(Struct, forbid_unknown_fields=True):
    """The price of a model in yuan."""

    input: Annotated[Seconds, Meta(description="A million tokens of the prompt")]
    output: Annotated[Seconds, Meta(description="A million tokens of the completion")]
    cached: Annotated[
        Seconds | None, Meta(description="A million cached tokens of the prompt; default: input")
    ] = None


class RateSpec(Struct, forbid_unknown_fields=True):
    """The credits of a model at peak hours."""

    input: Annotated[Seconds, Meta(description="For 10,000 tokens of the prompt")]
    output: Annotated[Seconds, Meta(description="For 10,000 tokens of the completion")]
    cached: Annotated[
        Seconds | None, Meta(description="Cached tokens of the prompt; default: input")
    ] = None


class AccountSpec(Struct, forbid_unknown_fields=True):
    """An account and its limits."""

    key: Annotated[Text, Meta(description="Its API key; * is any key without an account")]
    balance: Annotated[
        float | PackageSpec | None,
        Meta(description="Yuan, or a package of tokens or requests; 1113 when it is used up"),
    ] = None
    prices: Annotated[
        dict[str, PriceSpec],
        Meta(description="The prices that a balance in yuan is charged, by model as a glob"),
    ] = field(default_factory=dict)
    concurrency: Annotated[
        Count | dict[str, Count] | None,
        Meta(description="Concurrent requests, or a mapping by model; 1302 for more"),
    ] = None
    plan: Annotated[
        list[WindowSpec] | Level,
        Meta(description="Limits of a Coding Plan, 1308 and 1310, or the name of one on sale"),
    ] = field(default_factory=list)
    rates: Annotated[
        dict[str, RateSpec],
        Meta(description="Credits by model as a glob; default: those published for the plan"),
    ] = field(default_factory=dict)
    models: Annotated[
        list[Text] | None, Meta(description="Models of the plan, as globs; others answer 1311")
    ] = None
    denied: Annotated[Texts, Meta(description="Models that answer 1220, as globs")] = field(
        default_factory=list
    )
    state: State = "active"


class RecordingSpec(Struct, forbid_unknown_fields=True):
    """The source of a cassette."""

    at: Annotated[Text, Meta(description="The time of the recording")]
    from_: Annotated[Text, Meta(description="The base URL of the service")] = field(name="from")
    by: Annotated[Text, Meta(description="The recording tool, as mockglm 0.1.0")]
    model: Annotated[Text | None, Meta(description="The model of the first request")] = None
    how: Annotated[
        Text | None, Meta(description="The way it was made, as `mockglm record --mode new`")
    ] = None


class FileSpec(Struct, forbid_unknown_fields=True):
    """A scenario or a cassette of mockglm."""

    format: Annotated[Literal[1], Meta(description="The version of the format")]
    about: Annotated[Text, Meta(description="A description in one or two sentences")] = ""
    recorded: Annotated[RecordingSpec | None, Meta(description="The source of a cassette")] = None
    interactions: Annotated[
        list[InteractionSpec], Meta(description="The first one that matches answers")
    ] = field(default_factory=list)
    defaults: Annotated[ReplySpec | None, Meta(description="Defaults of all replies")] = None
    models: Annotated[
        list[ModelSpec], Meta(description="Models that the table lacks or has otherwise")
    ] = field(default_factory=list)
    load: Annotated[
        LoadSpec | None, Meta(description="Slower replies and 1305 with many requests in flight")
    ] = None
    overload: Annotated[list[OverloadSpec], Meta(description="Models that answer 1305")] = field(
        default_factory=list
    )
    accounts: Annotated[list[AccountSpec], Meta(description="Accounts and their limits")] = field(
        default_factory=list
    )
    keys: Annotated[
        Literal["any", "listed"], Meta(description="The accepted keys; listed: those of accounts")
    ] = "any"
    speed: Annotated[Seconds | None, Meta(description="2 is twice as fast, 0 at once")] = None
    as_of: Annotated[
        Text | None,
        Meta(description="The day or month whose form responses have, as 2025-11; default: now"),
    ] = None
    ignore: Annotated[
        list[Text],
        Meta(description="JSON paths that are left out when requests are compared, as $.user_id"),
    ] = field(default_factory=list)
    replace: Annotated[
        dict[str, Text],
        Meta(description="Regular expressions, and the text that replaces them for comparison"),
    ] = field(default_factory=dict)


def build_json_schema() -> dict[str, Any]:
    """Build the JSON Schema of scenarios and cassettes, draft 2020-12."""
    made = _accept_unquoted(json.schema(FileSpec))
    return {"$schema": DIALECT, "title": "A scenario or cassette of mockglm", **made}


def _accept_unquoted(value: Any) -> Any:
    # Text may be written without quotes, so that editors see a number or a boolean.
    if isinstance(value, list):
        return [_accept_unquoted(item) for item in value]
    if not isinstance(value, dict):
        return value
    accepted = {key: _accept_unquoted(item) for key, item in value.items() if key != "x-text"}
    return accepted | {"type": ["string", "number", "boolean"]} if "x-text" in value else accepted
