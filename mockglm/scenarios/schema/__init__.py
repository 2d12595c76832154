"""The types of the file format, which are also the source of its JSON Schema."""

# These modules do not import annotations from __future__: msgspec would have to compile the text of
# every annotation at every start.

from mockglm.scenarios.schema.file import (
    AccountSpec,
    FileSpec,
    InteractionSpec,
    LoadSpec,
    ModelSpec,
    OverloadSpec,
    PackageSpec,
    PriceSpec,
    RateSpec,
    RecordingSpec,
    WindowSpec,
)
from mockglm.scenarios.schema.matchers import RequestSpec, WhenSpec
from mockglm.scenarios.schema.replies import (
    BytesSpec,
    ChunksSpec,
    ContentFilterSpec,
    ErrorSpec,
    PaceSpec,
    ReplySpec,
    ResponseSpec,
    ToolCallSpec,
)

__all__ = [
    "AccountSpec",
    "BytesSpec",
    "ChunksSpec",
    "ContentFilterSpec",
    "ErrorSpec",
    "FileSpec",
    "InteractionSpec",
    "LoadSpec",
    "ModelSpec",
    "OverloadSpec",
    "PaceSpec",
    "PackageSpec",
    "PriceSpec",
    "RateSpec",
    "RecordingSpec",
    "ReplySpec",
    "RequestSpec",
    "ResponseSpec",
    "ToolCallSpec",
    "WhenSpec",
    "WindowSpec",
]
