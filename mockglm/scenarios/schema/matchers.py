"""The requests that an interaction matches: a pattern, or a recorded request."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from mockglm.scenarios.schema.scalars import Count, Text, Texts
from mockglm.surfaces import SurfaceName


class WhenSpec(Struct, forbid_unknown_fields=True):
    """A pattern of requests: all conditions must hold. `/…/` is a regular expression."""

    path: Annotated[
        Texts | UnsetType, Meta(description="The path below the base, as a glob: /embeddings")
    ] = UNSET
    model: Annotated[Texts | UnsetType, Meta(description="The model, as a glob, or a list")] = UNSET
    surface: Annotated[SurfaceName | UnsetType, Meta(description="The protocol of the request")] = (
        UNSET
    )
    stream: Annotated[bool | UnsetType, Meta(description="true for a request of a stream")] = UNSET
    thinking: Annotated[bool | UnsetType, Meta(description="true if the model is to think")] = UNSET
    user: Annotated[
        Texts | UnsetType, Meta(description="A part of the last user message; a list: all of them")
    ] = UNSET
    system: Annotated[Texts | UnsetType, Meta(description="A part of the last system message")] = (
        UNSET
    )
    assistant: Annotated[
        Texts | UnsetType, Meta(description="A part of the last assistant message")
    ] = UNSET
    tool: Annotated[Texts | UnsetType, Meta(description="A part of the last tool message")] = UNSET
    text: Annotated[Text | UnsetType, Meta(description="The whole last user message")] = UNSET
    after_tool: Annotated[
        Text | UnsetType,
        Meta(description="The function whose result is the last message"),
    ] = UNSET
    tools: Annotated[Texts | UnsetType, Meta(description="Functions that are offered")] = UNSET
    body: Annotated[
        dict[str, Any] | UnsetType, Meta(description="A part of the JSON of the request")
    ] = UNSET
    header: Annotated[
        dict[str, Text] | UnsetType, Meta(description="Headers, by name: the value, or /…/")
    ] = UNSET
    key: Annotated[Text | UnsetType, Meta(description="The API key")] = UNSET
    prompt_over: Annotated[
        Count | UnsetType, Meta(description="Prompts of more estimated tokens than this")
    ] = UNSET
    chance: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | UnsetType,
        Meta(description="The probability of a match, from 0 to 1, drawn from the seed"),
    ] = UNSET


class RequestSpec(Struct, forbid_unknown_fields=True):
    """A recorded request, matched by its canonical key."""

    path: Annotated[Text, Meta(description="The path below the base URL, as /chat/completions")]
    method: Text = "POST"
    query: Text = ""
    body: Annotated[Any, Meta(description="The body as JSON, or as text if it is no JSON")] = None
    base64: Annotated[Text | None, Meta(description="The body, if it is no text")] = None
