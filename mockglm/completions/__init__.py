"""Chat completions: replies rendered as JSON or as a stream, and parsed back from either."""

from mockglm.completions.gateway import (
    list_models,
    models_without_key,
    not_found,
    not_found_outside,
)
from mockglm.completions.parser import ParsedReply, parse_json, parse_stream
from mockglm.completions.renderer import (
    MISS_HEADER,
    MOCK_ERROR_STATUS,
    Chunking,
    Renderer,
    ResponseFields,
    common_headers,
    estimate_tokens,
    render_error,
    render_mock_error,
)

__all__ = [
    "MISS_HEADER",
    "MOCK_ERROR_STATUS",
    "Chunking",
    "ParsedReply",
    "Renderer",
    "ResponseFields",
    "common_headers",
    "estimate_tokens",
    "list_models",
    "models_without_key",
    "not_found",
    "not_found_outside",
    "parse_json",
    "parse_stream",
    "render_error",
    "render_mock_error",
]
