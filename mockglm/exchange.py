"""Replies (the meaning), responses (bytes and times) and exchanges (request and response).

The tokens of texts are estimated here, too, near enough to budget with.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal, overload

from msgspec import Struct, field

JSONObject = Mapping[str, Any]
Headers = tuple[tuple[str, str], ...]
End = Literal["done", "close", "reset", "hang"]
Slot = tuple[float, int, int]
Schedule = Sequence[Slot]

FINISHES = (
    "stop",
    "length",
    "tool_calls",
    "sensitive",
    "network_error",
    "model_context_window_exceeded",
)
"""The finish reasons of docs.bigmodel.cn (对话补全); all but `sensitive` are in recordings."""

ERROR_FINISHES = ("network_error", "model_context_window_exceeded")
"""Those whose chunk has neither `object` nor usage (glm-5.2 and glm-5v-turbo, 2026-07)."""

ASCII_PER_TOKEN = 4.0
"""Characters of ASCII text in a token, an assumption."""
CHINESE_PER_TOKEN = 1.6
"""Chinese characters in a token (docs.bigmodel.cn)."""


class ToolCall(Struct, frozen=True):
    """A call of a function. `arguments` is text as the model wrote it; an `id` of None is made up
    when the call is rendered."""

    name: str
    arguments: str
    id: str | None = None


class APIError(Struct, frozen=True):
    """An error of the service.

    `status` and `message` of None come from the table of error codes, the message in the client's
    language with `fields` filled in. `extra` holds keys beside `error` (1301's `contentFilter`).
    """

    code: str
    status: int | None = None
    message: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    extra: JSONObject = field(default_factory=dict)


class Reply(Struct, frozen=True, kw_only=True):
    """The meaning of a response: a completion of the model, or an API error.

    `content` of None leaves the key out of a JSON response, as glm-4.6 did beside calls. `usage`
    overrides the estimate (keys as on the wire); None leaves usage out.
    """

    content: str | None = ""
    reasoning: str | None = None
    calls: tuple[ToolCall, ...] = ()
    finish_reason: str = "stop"
    usage: JSONObject | None = field(default_factory=dict)
    web_search: tuple[JSONObject, ...] = ()
    content_filter: tuple[JSONObject, ...] = ()
    error: APIError | None = None


class Request(Struct, frozen=True, gc=False):
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


class _LazyChunks(Sequence[tuple[float, bytes]]):
    """Chunks that are made when they are read; they compare and print as the tuple of them."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


class Frames(_LazyChunks):
    """The chunks of a stream, joined on demand: a thousand streams of one reply share its frames.

    Each of `tails` follows the opening and ends an event. A slot of the schedule is (seconds since
    the request, index of the first frame, index after the last); all slots together are the whole
    stream. `ending` comes last, an event too if it is not empty.
    """

    __slots__ = ("_ending", "_opening", "_schedule", "_size", "_tails")

    def __init__(
        self, opening: bytes, tails: Sequence[bytes], *, ending: bytes, schedule: Schedule
    ) -> None:
        self._opening = opening
        self._tails = tails
        self._ending = ending
        self._schedule = schedule
        self._size = sum(map(len, tails))

    @overload
    def __getitem__(self, index: int) -> tuple[float, bytes]: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[tuple[float, bytes], ...]: ...

    def __getitem__(
        self, index: int | slice
    ) -> tuple[float, bytes] | tuple[tuple[float, bytes], ...]:
        if isinstance(index, slice):
            return tuple(map(self._chunk, self._schedule[index]))
        return self._chunk(self._schedule[index])

    def __iter__(self) -> Iterator[tuple[float, bytes]]:
        return map(self._chunk, self._schedule)

    def __len__(self) -> int:
        return len(self._schedule)

    @property
    def memory_size(self) -> int:
        """The bytes kept alive, those shared with other responses included."""
        return len(self._opening) + self._size

    @property
    def size(self) -> int:
        """The length of all chunks together."""
        return len(self._opening) * len(self._tails) + self._size + len(self._ending)

    @property
    def events(self) -> int:
        """The number of events."""
        return len(self._tails) + bool(self._ending)

    @property
    def last(self) -> float:
        """The time of the last chunk."""
        return self._schedule[-1][0]

    def parts(self) -> list[bytes]:
        """The parts of the body, to be joined once."""
        parts = [self._opening] * (2 * len(self._tails))
        parts[1::2] = self._tails
        parts.append(self._ending)
        return parts

    def _chunk(self, stop: Slot) -> tuple[float, bytes]:
        at, first, end = stop
        if end == first + 1 <= len(self._tails):
            return at, self._opening + self._tails[first]
        tails = self._tails[first:end]
        body = self._opening + self._opening.join(tails) if tails else b""
        return at, body + self._ending if end > len(self._tails) else body


class RecordedChunks(_LazyChunks):
    """The chunks of a recorded stream as one text, with the time and the end of each.

    `cut` makes the chunks of the recorded text; it is called on first use, for most recordings of a
    folder are never used.
    """

    __slots__ = ("_body", "_cut", "_ends", "_source", "_times")

    def __init__(
        self, source: bytes, cut: Callable[[bytes], Sequence[tuple[float, bytes]]]
    ) -> None:
        self._source = source
        self._cut = cut
        self._body: bytes | None = None

    @overload
    def __getitem__(self, index: int) -> tuple[float, bytes]: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[tuple[float, bytes], ...]: ...

    def __getitem__(
        self, index: int | slice
    ) -> tuple[float, bytes] | tuple[tuple[float, bytes], ...]:
        return tuple(self)[index]

    def __iter__(self) -> Iterator[tuple[float, bytes]]:
        body, start = self.body, 0
        for at, end in zip(self._times, self._ends, strict=True):
            yield at, body[start:end]
            start = end

    def __len__(self) -> int:
        _ = self.body
        return len(self._times)

    @property
    def body(self) -> bytes:
        """All chunks together, the same object each time."""
        if self._body is None:
            chunks = self._cut(self._source)
            self._times = array("d", [at for at, _ in chunks])
            self._ends = array("Q", accumulate([len(chunk) for _, chunk in chunks]))
            self._body = b"".join([chunk for _, chunk in chunks])
            self._source = b""
        return self._body


class Response(Struct, frozen=True, gc=False):
    """A response as bytes with their times.

    `chunks` are (seconds since the request, bytes); each is written at once. `head` is the time of
    status and headers, None if they are never sent. `end` tells what follows the last chunk:
    `done`, the message is complete; `close`, the connection is closed in the middle of it (FIN);
    `reset`, it is reset (RST); `hang`, nothing more comes until the client leaves. A `raw` response
    frames its own body: its headers say how, and its chunks are sent unchanged.
    """

    status: int
    headers: Headers
    chunks: Sequence[tuple[float, bytes]]
    end: End = "done"
    head: float | None = 0.0
    raw: bool = False

    @property
    def memory_size(self) -> int:
        """The bytes of the body that this response keeps alive."""
        # isinstance asks the abstract base class of Frames, which is slow.
        chunks = self.chunks
        if len(chunks) == 1 and type(chunks) is tuple:
            return len(chunks[0][1])
        return chunks.memory_size if type(chunks) is Frames else self.size

    @property
    def size(self) -> int:
        """The length of the body in bytes."""
        if type(self.chunks) is Frames:
            return self.chunks.size
        if type(self.chunks) is RecordedChunks:
            return len(self.chunks.body)
        size = 0
        for _, piece in self.chunks:
            size += len(piece)
        return size

    @property
    def body(self) -> bytes:
        if type(self.chunks) is Frames:
            return b"".join(self.chunks.parts())
        if type(self.chunks) is RecordedChunks:
            return self.chunks.body
        return b"".join(piece for _, piece in self.chunks)

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


class Exchange(Struct, frozen=True):
    """A request and the response as a client, recorder or probe saw it.

    `response` is None if none began; `error` describes what the transport met instead of a clean
    end; `started` is in unix seconds.
    """

    request: Request
    response: Response | None
    started: float
    error: str = ""


def count_tokens(text: str) -> int:
    """Estimate the tokens of a text: at least one, or none for an empty text."""
    if text.isascii():
        return -(-len(text) // 4)
    # The codec counts the characters that are not ASCII faster than Python does.
    wide = len(text) - len(text.encode("ascii", "ignore"))
    return max(1, round((len(text) - wide) / ASCII_PER_TOKEN + wide / CHINESE_PER_TOKEN))
