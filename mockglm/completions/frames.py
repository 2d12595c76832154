"""Frame templates: a reply cut into the frames of a stream, with placeholders for what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from msgspec import Struct

from mockglm import tokens
from mockglm.exchange import Reply, ToolCall

OPENING = b"data: "
DONE = b"data: [DONE]\n\n"

# Bytes that UTF-8 never has, so that no text of a reply can be taken for a mark.
PLACEHOLDER = b"\xff"
USAGE = PLACEHOLDER + b"u"
CALL = PLACEHOLDER + b"c%d;"

encode = msgspec.json.encode


PIECE = 4
"""Characters of a piece unless a reply says otherwise."""


class Chunking(Struct, frozen=True):
    """The cut of a stream: Unicode characters per chunk, or the exact chunks.

    Exact chunks are sent unchanged, even if they do not add up to the text. On the chat surface
    `arguments` applies only to requests with `tool_stream`, None is 4; on the Anthropic surface
    None leaves them whole.
    """

    content: int | tuple[str, ...] = PIECE
    reasoning: int | tuple[str, ...] = PIECE
    arguments: int | tuple[str, ...] | None = None


DEFAULT_CHUNKING = Chunking()


class FrameTemplates(Struct, frozen=True):
    """The frames of a stream without their openings, which are the same within one response.

    `weights` are the tokens of each frame, and 0 for the `[DONE]` that follows; `marked` are the
    indices of the frames with placeholders.
    """

    tails: tuple[bytes, ...]
    weights: tuple[int, ...]
    marked: tuple[int, ...]

    @classmethod
    def from_frames(cls, frames: Iterator[tuple[int, bytes]]) -> FrameTemplates:
        weights, tails = zip(*frames, strict=True)
        marked = tuple(number for number, tail in enumerate(tails) if PLACEHOLDER in tail)
        return cls(tails, (*weights, 0), marked)

    def fill(self, fill: Callable[[bytes], bytes]) -> list[bytes]:
        """Fill in the placeholders."""
        tails = list(self.tails)
        for number in self.marked:
            tails[number] = fill(tails[number])
        return tails


def cut_frames(
    reply: Reply, chunking: Chunking = DEFAULT_CHUNKING, *, tool_stream: bool = False
) -> Iterator[tuple[int, bytes]]:
    """Yield (tokens, frame without its opening, with placeholders) for each frame of a reply."""
    for piece in split_text(reply.reasoning or "", chunking.reasoning):
        yield 1, _frame(b'{"role":"assistant","reasoning_content":%b}' % encode(piece))
    for piece in split_text(reply.content or "", chunking.content):
        yield 1, _frame(b'{"role":"assistant","content":%b}' % encode(piece))
    for index, call in enumerate(reply.calls):
        if tool_stream:
            yield from _call_pieces(index, call, chunking.arguments)
        else:
            body = b'{"tool_calls":[%b]}' % _call(index, call, call.arguments)
            yield max(1, tokens.count(call.arguments)), _frame(body)
    yield 1, _last(reply)


def call_id(index: int, call: ToolCall) -> bytes:
    """Return the id of a call, escaped for JSON, or its placeholder."""
    return CALL % index if call.id is None else encode(call.id)[1:-1]


def split_text(text: str, chunking: int | tuple[str, ...]) -> Iterator[str]:
    """Cut a text into pieces of so many characters; exact pieces stand for any text."""
    if isinstance(chunking, tuple):
        yield from chunking if text else ()
        return
    for start in range(0, len(text), chunking):
        yield text[start : start + chunking]


def _frame(delta: bytes) -> bytes:
    return b'"choices":[{"index":0,"delta":%b}]}\n\n' % delta


def _last(reply: Reply) -> bytes:
    tail = b""
    if reply.web_search:
        tail += b',"web_search":' + encode(reply.web_search)
    if reply.content_filter:
        tail += b',"content_filter":' + encode(reply.content_filter)
    if reply.usage is not None:
        tail += b',"usage":' + USAGE
    return b'"choices":[{"index":0,"finish_reason":%b,"delta":%b}]%b}\n\n' % (
        encode(reply.finish_reason),
        b'{"role":"assistant","content":""}',
        tail,
    )


def _call(index: int, call: ToolCall, arguments: str) -> bytes:
    return b'{"id":"%b","index":%d,"type":"function","function":{"name":%b,"arguments":%b}}' % (
        call_id(index, call),
        index,
        encode(call.name),
        encode(arguments),
    )


def _call_pieces(
    index: int, call: ToolCall, chunking: int | tuple[str, ...] | None
) -> Iterator[tuple[int, bytes]]:
    yield 1, _frame(b'{"tool_calls":[%b]}' % _call(index, call, ""))
    for piece in split_text(call.arguments, PIECE if chunking is None else chunking):
        body = b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}'
        yield 1, _frame(body % (index, encode(piece)))
