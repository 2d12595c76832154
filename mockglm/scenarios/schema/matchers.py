"""The left sides of an interaction: which request is answered."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from mockglm.scenarios.schema.scalars import Text, Texts


class WhenSpec(Struct, forbid_unknown_fields=True):
    """A pattern of requests: all that is given must hold. `/…/` is a regular expression."""

    model: Annotated[Texts | UnsetType, Meta(description="The model, as a glob, or a list")] = UNSET
    stream: Annotated[bool | UnsetType, Meta(description="Whether a stream is asked for")] = UNSET
    thinking: Annotated[bool | UnsetType, Meta(description="Whether the model is to think")] = UNSET
    user: Annotated[
        Texts | UnsetType, Meta(description="What the last user message contains; a list: all")
    ] = UNSET
    system: Annotated[
        Texts | UnsetType, Meta(description="What the last system message contains")
    ] = UNSET
    assistant: Annotated[
        Texts | UnsetType, Meta(description="What the last assistant message contains")
    ] = UNSET
    tool: Annotated[Texts | UnsetType, Meta(description="What the last tool message contains")] = (
        UNSET
    )
    text: Annotated[Text | UnsetType, Meta(description="The last user message, whole")] = UNSET
    after_tool: Annotated[
        Text | UnsetType,
        Meta(description="The function whose result is the last message"),
    ] = UNSET
    tools: Annotated[Texts | UnsetType, Meta(description="Functions that are offered")] = UNSET
    body: Annotated[
        dict[str, Any] | UnsetType, Meta(description="What the JSON of the request has in it")
    ] = UNSET
    header: Annotated[
        dict[str, Text] | UnsetType, Meta(description="Headers, by name: the value, or /…/")
    ] = UNSET
    key: Annotated[Text | UnsetType, Meta(description="The API key that is used")] = UNSET
    chance: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | UnsetType,
        Meta(description="How often it holds, from 0 to 1, drawn from the seed"),
    ] = UNSET


class RequestSpec(Struct, forbid_unknown_fields=True):
    """A request as it was recorded, matched by what it means."""

    path: Annotated[Text, Meta(description="The path below the base, as /chat/completions")]
    method: Text = "POST"
    query: Text = ""
    body: Annotated[Any, Meta(description="Its JSON; text, if it is none")] = None
    base64: Annotated[Text | None, Meta(description="Its body, if it is no text")] = None
