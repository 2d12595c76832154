"""The three values everything is made of: what is meant, what goes over the wire, what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "FINISHES",
    "Answer",
    "End",
    "Exchange",
    "Failure",
    "Headers",
    "JSONObject",
    "Reply",
    "Request",
    "ToolCall",
]

JSONObject = Mapping[str, Any]
Headers = tuple[tuple[str, str], ...]
End = Literal["done", "close", "reset", "hang"]

FINISHES = (
    "stop",
    "length",
    "tool_calls",
    "sensitive",
    "network_error",
    "model_context_window_exceeded",
)
"""The finish reasons of docs.bigmodel.cn (对话补全); the first three are in recordings."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a function. `arguments` is text as the model wrote it; an `id` of None is made up
    when the call is rendered."""

    name: str
    arguments: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """An error in GLM's envelope.

    `status` and `message` of None come from the table of codes, the message in the client's
    language with `fields` filled in. `beside` holds keys beside `error` (1301's `contentFilter`).
    """

    code: str
    status: int | None = None
    message: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    beside: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is meant: an answer of the model, or an error.

    `content` of None leaves the key out of a JSON answer, as glm-4.6 did beside calls; `usage` is
    laid over the estimate (keys as on the wire), None leaves usage out.
    """

    content: str | None = ""
    reasoning: str | None = None
    calls: tuple[ToolCall, ...] = ()
    finish_reason: str = "stop"
    usage: JSONObject | None = field(default_factory=dict)
    web_search: tuple[JSONObject, ...] = ()
    content_filter: tuple[JSONObject, ...] = ()
    error: Failure | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived. `path` is below the base, as `/chat/completions`; header names are
    lower case."""

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        """The first value of a header, by its lower-case name."""
        for key, value in self.headers:
            if key == name:
                return value
        return default


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes over the wire and when.

    `pieces` are (seconds since the request, bytes); what is in one piece is written at once.
    `head` is when status and headers go, None when they never do. `end` says what follows the
    last piece: `done`, the message is complete; `close`, the connection is closed in the middle
    of it (FIN); `reset`, it is reset (RST); `hang`, nothing more comes until the client leaves.
    A `raw` answer frames its body itself: its headers say how, and its pieces go as they stand.
    """

    status: int
    headers: Headers
    pieces: tuple[tuple[float, bytes], ...]
    end: End = "done"
    head: float | None = 0.0
    raw: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)

    def header(self, name: str, default: str = "") -> str:
        """The first value of a header, whatever its case."""
        name = name.lower()
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return default

    @property
    def is_stream(self) -> bool:
        return self.header("content-type").startswith("text/event-stream")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the answer as it was seen.

    `answer` is None when none began; `error` says in words what the transport met instead of a
    clean end, `started` is in unix seconds.
    """

    request: Request
    answer: Answer | None
    started: float
    error: str = ""
