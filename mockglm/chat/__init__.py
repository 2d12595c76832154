"""The completion: a Reply rendered as JSON or as a stream, and read back from either."""

from mockglm.chat.frames import Chunking
from mockglm.chat.join import Joined, join, read
from mockglm.chat.render import (
    Rendering,
    Stamp,
    common_headers,
    estimate,
    refuse,
)

__all__ = [
    "Chunking",
    "Joined",
    "Rendering",
    "Stamp",
    "common_headers",
    "estimate",
    "join",
    "read",
    "refuse",
]
