"""The completion: a Reply rendered as JSON or as a stream, and read back from either."""

from mockglm.completions.frames import Chunking
from mockglm.completions.parser import ParsedReply, parse_json, parse_stream
from mockglm.completions.renderer import (
    Renderer,
    ResponseFields,
    common_headers,
    estimate_tokens,
    render_error,
)

__all__ = [
    "Chunking",
    "ParsedReply",
    "Renderer",
    "ResponseFields",
    "common_headers",
    "estimate_tokens",
    "parse_json",
    "parse_stream",
    "render_error",
]
