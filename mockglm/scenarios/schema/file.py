"""The file itself, and what stands in it beside interactions."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from mockglm.accounts import State
from mockglm.scenarios.schema.matchers import RequestSpec, WhenSpec
from mockglm.scenarios.schema.replies import PaceSpec, ReplySpec, ResponseSpec
from mockglm.scenarios.schema.scalars import Count, Positive, Seconds, Text, Texts


class InteractionSpec(Struct, forbid_unknown_fields=True):
    """Which request, and what comes back. With neither `when` nor `request`: any request."""

    when: Annotated[WhenSpec | None, Meta(description="A pattern of requests")] = None
    request: Annotated[RequestSpec | None, Meta(description="A recorded request")] = None
    reply: Annotated[
        ReplySpec | list[ReplySpec] | None,
        Meta(description="An answer that is described; a list is a sequence, the last one stays"),
    ] = None
    response: Annotated[ResponseSpec | None, Meta(description="An answer to the byte")] = None
    times: Annotated[
        Positive | None, Meta(description="How often it answers before it no longer matches")
    ] = None
    validate: Annotated[
        bool, Meta(description="Whether the request is held against the rules before")
    ] = True
    speed: Annotated[Seconds | None, Meta(description="2 is twice as fast, 0 at once")] = None


class ModelSpec(Struct, forbid_unknown_fields=True):
    """A model the table does not have, or has otherwise."""

    id: Text
    like: Annotated[Text, Meta(description="A model of the table, which this one is like")]
    context: Positive | UnsetType = UNSET
    ceiling: Annotated[Positive | UnsetType, Meta(description="Tokens of the longest output")] = (
        UNSET
    )
    thinking: Literal["always", "optional", "none"] | UnsetType = UNSET
    thought: Literal["field", "tags"] | UnsetType = UNSET
    temperature: Seconds | UnsetType = UNSET
    pace: PaceSpec | UnsetType = UNSET


class OverloadSpec(Struct, forbid_unknown_fields=True):
    """A model that is overloaded: 1305."""

    model: Annotated[Text, Meta(description="The model, as a glob")]
    for_: Annotated[
        Text | None, Meta(description="How long since the start, as 30s or 5m; if left out, always")
    ] = field(name="for", default=None)


class WindowSpec(Struct, forbid_unknown_fields=True):
    """A limit of a Coding Plan."""

    window: Annotated[Text, Meta(description="How long it is, as 5h or 7d")]
    requests: Count


class PackageSpec(Struct, forbid_unknown_fields=True):
    """A package of tokens or requests; one of the two."""

    tokens: Annotated[Count | None, Meta(description="The total_tokens of the answers")] = None
    requests: Annotated[Count | None, Meta(description="The requests that are answered")] = None


class PriceSpec(Struct, forbid_unknown_fields=True):
    """What a model costs, in yuan."""

    input: Annotated[Seconds, Meta(description="A million tokens of the prompt")]
    output: Annotated[Seconds, Meta(description="A million tokens of the completion")]
    cached: Annotated[
        Seconds | None, Meta(description="A million cached ones of the prompt; else as the others")
    ] = None


class AccountSpec(Struct, forbid_unknown_fields=True):
    """An account and its limits."""

    key: Annotated[Text, Meta(description="Its API key; * is every key that has no account")]
    balance: Annotated[
        float | PackageSpec | None,
        Meta(description="What there is to use, in yuan or as a package; 1113 when it is used up"),
    ] = None
    prices: Annotated[
        dict[str, PriceSpec],
        Meta(description="What a balance in yuan goes down by, by model as a glob"),
    ] = field(default_factory=dict)
    concurrency: Annotated[
        Count | dict[str, Count] | None,
        Meta(description="Requests at a time, by model if a mapping; 1302 beyond"),
    ] = None
    plan: Annotated[
        list[WindowSpec], Meta(description="Limits of a Coding Plan: 1308 and 1310")
    ] = field(default_factory=list)
    models: Annotated[
        list[Text] | None, Meta(description="All the plan includes, as globs; others answer 1311")
    ] = None
    denied: Annotated[Texts, Meta(description="Models that answer 1220, as globs")] = field(
        default_factory=list
    )
    state: State = "active"


class RecordingSpec(Struct, forbid_unknown_fields=True):
    """Where a cassette is from."""

    at: Annotated[Text, Meta(description="When it was recorded")]
    from_: Annotated[Text, Meta(description="The base URL of the service")] = field(name="from")
    by: Annotated[Text, Meta(description="What recorded it, as mockglm 0.1.0")]


class FileSpec(Struct, forbid_unknown_fields=True):
    """A scenario or a cassette of mockglm."""

    format: Annotated[Literal[1], Meta(description="The version of the format")]
    about: Annotated[Text, Meta(description="What it is, in a sentence or two")] = ""
    recorded: Annotated[RecordingSpec | None, Meta(description="Where a cassette is from")] = None
    interactions: Annotated[
        list[InteractionSpec], Meta(description="The first that matches answers")
    ] = field(default_factory=list)
    defaults: Annotated[ReplySpec | None, Meta(description="What is laid under every reply")] = None
    models: Annotated[list[ModelSpec], Meta(description="Models the table does not know")] = field(
        default_factory=list
    )
    overload: Annotated[list[OverloadSpec], Meta(description="Models that answer 1305")] = field(
        default_factory=list
    )
    accounts: Annotated[list[AccountSpec], Meta(description="Accounts and their limits")] = field(
        default_factory=list
    )
    keys: Annotated[
        Literal["any", "listed"], Meta(description="Which keys are let in; listed: the accounts'")
    ] = "any"
    speed: Annotated[Seconds | None, Meta(description="2 is twice as fast, 0 at once")] = None
    ignore: Annotated[
        list[Text],
        Meta(description="JSON paths into requests that do not count, as $.messages[0].content"),
    ] = field(default_factory=list)
    replace: Annotated[
        dict[str, Text],
        Meta(description="Regular expressions and the text they become before requests compare"),
    ] = field(default_factory=dict)
