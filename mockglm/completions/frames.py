"""A reply cut into the frames of a stream, encoded once; marks stand where each answer differs."""

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


class Chunking(Struct, frozen=True):
    """How a stream is cut: Unicode characters a piece, or the exact pieces.

    Exact pieces that do not make up the text are sent as they stand. `arguments` counts only when
    the request asked for `tool_stream`.
    """

    content: int | tuple[str, ...] = 4
    reasoning: int | tuple[str, ...] = 4
    arguments: int | tuple[str, ...] = 4


DEFAULT_CHUNKING = Chunking()


class FrameTemplates(Struct, frozen=True):
    """The frames of a stream without their openings, which are the same for all of one answer.

    `weights` are the tokens of each, and none for the `[DONE]` that follows; `marked` are the
    numbers of the frames in which something is to be filled in.
    """

    tails: tuple[bytes, ...]
    weights: tuple[int, ...]
    marked: tuple[int, ...]

    @classmethod
    def from_frames(cls, frames: Iterator[tuple[int, bytes]]) -> FrameTemplates:
        weights, tails = zip(*frames, strict=True)
        marked = tuple(number for number, tail in enumerate(tails) if PLACEHOLDER in tail)
        return cls(tails, (*weights, 0), marked)

    def filled(self, fill: Callable[[bytes], bytes]) -> list[bytes]:
        """The frames with their marks filled in."""
        tails = list(self.tails)
        for number in self.marked:
            tails[number] = fill(tails[number])
        return tails


def cut_frames(
    reply: Reply, chunking: Chunking = DEFAULT_CHUNKING, *, tool_stream: bool = False
) -> Iterator[tuple[int, bytes]]:
    """The frames of a reply without their openings, marks in place, each with the number of tokens
    it stands for."""
    for piece in _split(reply.reasoning or "", chunking.reasoning):
        yield 1, _frame(b'{"role":"assistant","reasoning_content":%b}' % encode(piece))
    for piece in _split(reply.content or "", chunking.content):
        yield 1, _frame(b'{"role":"assistant","content":%b}' % encode(piece))
    for index, call in enumerate(reply.calls):
        if tool_stream:
            yield from _call_pieces(index, call, chunking.arguments)
        else:
            body = b'{"tool_calls":[%b]}' % _call(index, call, call.arguments)
            yield max(1, tokens.count(call.arguments)), _frame(body)
    yield 1, _last(reply)


def call_id(index: int, call: ToolCall) -> bytes:
    """What stands in the string that is the id of a call."""
    return CALL % index if call.id is None else encode(call.id)[1:-1]


def _split(text: str, chunking: int | tuple[str, ...]) -> Iterator[str]:
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
    index: int, call: ToolCall, chunking: int | tuple[str, ...]
) -> Iterator[tuple[int, bytes]]:
    yield 1, _frame(b'{"tool_calls":[%b]}' % _call(index, call, ""))
    for piece in _split(call.arguments, chunking):
        body = b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}'
        yield 1, _frame(body % (index, encode(piece)))
