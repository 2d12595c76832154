"""Frame templates: a reply cut into the named events of a stream.

The order is that of a whole captured stream of text (dyyz1993/llm-flux-gateway, 2026-01-03) and
of public reports of thinking, tools and the built-in search (2026-01 … 2026-10).

Assumed: each call of several has a block of its own; the fragments of arguments; no block for a
reply without content; that the message starts with its first token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from mockglm.completions.renderer import (
    PLACEHOLDER,
    USAGE,
    Chunking,
    FrameTemplates,
    call_id,
    split_text,
)
from mockglm.exchange import JSONObject, Reply, ToolCall, count_tokens
from mockglm.sse import frame

HEAD = PLACEHOLDER + b"h"
SIGNATURE = PLACEHOLDER + b"s"
SEARCH_ID = PLACEHOLDER + b"w"
SEARCH = "web_search_prime"
"""The tool of the service that searches the web (captured on open.bigmodel.cn, 2026-10-01)."""

CONTEXT_EXCEEDED = "model_context_window_exceeded"
NETWORK_ERROR = "network_error"

STOP_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "stop": "end_turn",
        "length": "max_tokens",
        "tool_calls": "tool_use",
        "sensitive": "refusal",
    }
)
"""The `stop_reason` by finish reason; others stay as they are. `refusal` is assumed."""

_SEARCH_KEYS = ("title", "link", "content", "refer")

_EVENT_NAMES = (
    *("message_start", "ping", "content_block_start", "content_block_delta"),
    *("content_block_stop", "message_delta", "message_stop", "error"),
)
"""The types of events, which are their names, too."""

_TYPE = re.compile(rb'\{\s*"type"\s*:\s*"(%b)"' % "|".join(_EVENT_NAMES).encode())

encode = msgspec.json.encode

_Piece = tuple[int, bytes]
"""The tokens of a frame, and the frame."""


def stop_reason(reply: Reply) -> str:
    return STOP_REASONS.get(reply.finish_reason, reply.finish_reason)


def encode_event(data: bytes) -> bytes:
    """Frame the data of an event: one of this surface, which opens with its type, is named."""
    found = _TYPE.match(data)
    return frame(data, event=found[1] if found else b"")


def build_templates(reply: Reply, chunking: Chunking) -> FrameTemplates:
    """Cut a reply into frames with placeholders for ids, model, usage and signature."""
    pieces = [
        (1, _event("message_start", b'"message":{%b}' % _START)),
        (0, _event("ping")),
        *_blocks(reply, chunking),
        *_ending(reply),
    ]
    weights = _with_first_token([weight for weight, _ in pieces])
    tails = tuple(tail for _, tail in pieces)
    marked = tuple(number for number, tail in enumerate(tails) if PLACEHOLDER in tail)
    return FrameTemplates(tails, weights, marked)


def content_blocks(reply: Reply) -> list[bytes]:
    """Return the content of a JSON response, block by block."""
    blocks: list[bytes] = []
    if reply.web_search:
        blocks += [_search_use(), _search_result(reply.web_search)]
    if reply.reasoning:
        text = encode(reply.reasoning)
        blocks.append(b'{"type":"thinking","thinking":%b,"signature":"%b"}' % (text, SIGNATURE))
    # A prompt out of context is answered with an empty text (HoldThatThgt/LabelKit, 2026-07-23).
    if reply.content or reply.finish_reason == CONTEXT_EXCEEDED:
        blocks.append(b'{"type":"text","text":%b}' % encode(reply.content or ""))
    blocks += [_tool_use(index, call, _input(call)) for index, call in enumerate(reply.calls)]
    return blocks


def _with_first_token(weights: list[int]) -> tuple[int, ...]:
    """Let the message start together with its first token."""
    first = next((number for number in range(1, len(weights)) if weights[number]), 0)
    if first:
        weights[0], weights[first] = weights[first], 0
    return tuple(weights)


def _blocks(reply: Reply, chunking: Chunking) -> Iterator[_Piece]:
    for index, pieces in enumerate(_block_pieces(reply, chunking)):
        (weight, start), *deltas = pieces
        yield weight, _event("content_block_start", b'"index":%d,"content_block":%b', index, start)
        for weight, delta in deltas:
            yield weight, _event("content_block_delta", b'"index":%d,"delta":%b', index, delta)
        yield 0, _event("content_block_stop", b'"index":%d', index)


def _block_pieces(reply: Reply, chunking: Chunking) -> Iterator[list[_Piece]]:
    """Yield the pieces of each block: its start, then its deltas."""
    if reply.web_search:
        yield [(1, _search_use())]
        yield [(1, _search_result(reply.web_search))]
    if reply.reasoning:
        pieces = split_text(reply.reasoning, chunking.reasoning)
        yield [
            (0, b'{"type":"thinking","thinking":"","signature":""}'),
            *((1, b'{"type":"thinking_delta","thinking":%b}' % encode(piece)) for piece in pieces),
            (0, b'{"type":"signature_delta","signature":"%b"}' % SIGNATURE),
        ]
    if reply.content:
        pieces = split_text(reply.content, chunking.content)
        yield [
            (0, b'{"type":"text","text":""}'),
            *((1, b'{"type":"text_delta","text":%b}' % encode(piece)) for piece in pieces),
        ]
    for number, call in enumerate(reply.calls):
        yield [(0, _tool_use(number, call, b"{}")), *_argument_deltas(call, chunking)]


def _argument_deltas(call: ToolCall, chunking: Chunking) -> list[_Piece]:
    """Cut the arguments if the reply says so; without, they come whole (glm-4-air, 2026-01)."""
    if chunking.arguments is None:
        weight = max(1, count_tokens(call.arguments))
        return [(weight, _argument_delta(call.arguments))]
    pieces = split_text(call.arguments, chunking.arguments)
    return [(1, _argument_delta(piece)) for piece in pieces]


def _argument_delta(piece: str) -> bytes:
    return b'{"type":"input_json_delta","partial_json":%b}' % encode(piece)


def _tool_use(index: int, call: ToolCall, arguments: bytes) -> bytes:
    form = b'{"type":"tool_use","id":"%b","name":%b,"input":%b}'
    return form % (call_id(index, call), encode(call.name), arguments)


def _input(call: ToolCall) -> bytes:
    """The arguments of a call as an object; as text if they are none (public report of both)."""
    try:
        value = msgspec.json.decode(call.arguments or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return encode(call.arguments)
    return encode(value)


def _search_use() -> bytes:
    form = b'{"type":"server_tool_use","id":"%b","name":%b,"input":{}}'
    return form % (SEARCH_ID, encode(SEARCH))


def _search_result(hits: tuple[JSONObject, ...]) -> bytes:
    """The results of a search: JSON as a text, in a block that no Anthropic client expects."""
    kept = [{key: hit[key] for key in _SEARCH_KEYS if key in hit} for hit in hits]
    text = encode(encode([kept]).decode())
    return b'{"type":"tool_result","tool_use_id":"%b","content":%b}' % (SEARCH_ID, text)


def _ending(reply: Reply) -> Iterator[_Piece]:
    if reply.finish_reason == NETWORK_ERROR:
        yield 1, _event("error", PLACEHOLDER + b"e")
        return
    delta = b'{"stop_reason":%b,"stop_sequence":null}' % encode(stop_reason(reply))
    yield 1, _event("message_delta", b'"delta":%b,"usage":' % delta + USAGE)
    yield 0, _event("message_stop")


def _event(name: str, form: bytes = b"", *values: object) -> bytes:
    """Return an event named like its type."""
    text = name.encode()
    rest = form % values if values else form
    return frame(b'{"type":"%b"%b}' % (text, b"," + rest if rest else b""), event=text)


_START = (
    HEAD + b',"content":[],"stop_reason":null,"stop_sequence":null,'
    b'"usage":{"input_tokens":0,"output_tokens":0}'
)
