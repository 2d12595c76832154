"""The bytes that arrive: faults of the end."""

from __future__ import annotations

import pytest

from mockglm.exchange import Response
from mockglm.faults import apply, parse
from tests.faults.answers import (
    CALLED,
    DONE,
    STOP,
    TALK,
    TOOLS,
    WORDS,
    A,
    B,
    R,
    T,
    U,
    chunk,
    last,
    plain,
    stream,
    whole,
)


def error(reason: str) -> bytes:
    """The last chunk of an error: without object and usage."""
    return last(reason, "").replace(b'"object":"chat.completion.chunk",', b"")


BARE = stream(chunk('{"index":0}]'), STOP, DONE)

BODIES: tuple[tuple[str, Response, bytes], ...] = (
    (
        "sensitive",
        TALK,
        R + last("sensitive", ',"content_filter":[{"level":1,"role":"assistant"}]') + DONE,
    ),
    (
        "sensitive",
        WORDS,
        plain(
            '{"content":"你","reasoning_content":"想","role":"assistant"}',
            "sensitive",
            ',"content_filter":[{"level":1,"role":"assistant"}]',
        ).body,
    ),
    ("network-error", TALK, R + error("network_error") + DONE),
    (
        "network-error",
        WORDS,
        plain(
            '{"content":"你","reasoning_content":"想","role":"assistant"}', "network_error", ""
        ).body,
    ),
    ("context-window", TALK, error("model_context_window_exceeded") + DONE),
    (
        "context-window",
        WORDS,
        plain(
            '{"content":"","reasoning_content":"想","role":"assistant"}',
            "model_context_window_exceeded",
        ).body,
    ),
    ("cut-short", TALK, R + last("length") + DONE),
    (
        "cut-short",
        WORDS,
        plain('{"content":"你","reasoning_content":"想","role":"assistant"}', "length").body,
    ),
    (
        "finish-everywhere",
        TALK,
        chunk(
            '{"index":0,"finish_reason":"stop","delta":{"role":"assistant","reasoning_content":"想'
            '"}}]'
        )
        + chunk('{"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":"你好"}}]')
        + chunk('{"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":"吗"}}]')
        + STOP
        + DONE,
    ),
    (
        "finish-null",
        TALK,
        chunk(
            '{"index":0,"finish_reason":null,"delta":{"role":"assistant","reasoning_content":"想"}'
            "}]"
        )
        + chunk('{"index":0,"finish_reason":null,"delta":{"role":"assistant","content":"你好"}}]')
        + chunk('{"index":0,"finish_reason":null,"delta":{"role":"assistant","content":"吗"}}]')
        + STOP
        + DONE,
    ),
    (
        "finish-twice",
        TALK,
        R
        + A
        + chunk('{"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":"吗"}}]')
        + STOP
        + DONE,
    ),
    (
        "finish-missing",
        TALK,
        R
        + A
        + B
        + chunk(
            '{"index":0,"delta":{"role":"assistant","content":""}}],"usage":{"prompt_tokens":6,"c'
            'ompletion_tokens":9,"total_tokens":15}'
        )
        + DONE,
    ),
    (
        "finish-missing",
        WORDS,
        whole(
            '[{"index":0,"message":{"content":"你好吗","reasoning_content":"想","role":"assistant'
            '"}}]'
        ).body,
    ),
    ("finish-unknown", TALK, R + A + B + last("eos") + DONE),
    (
        "finish-unknown",
        WORDS,
        plain('{"content":"你好吗","reasoning_content":"想","role":"assistant"}', "eos").body,
    ),
    ("finish-stop", TOOLS, R + A + T + U + STOP + DONE),
    (
        "finish-stop",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}",'
            '"name":"look"},"id":"call_-7","index":0,"type":"function"}]}'
        ).body,
    ),
    ("finish-length", TALK, R + A + B + last("length") + DONE),
    (
        "finish-length",
        WORDS,
        plain('{"content":"你好吗","reasoning_content":"想","role":"assistant"}', "length").body,
    ),
    (
        "finish-with-call",
        TOOLS,
        R
        + A
        + T
        + chunk(
            '{"index":0,"finish_reason":"tool_calls","delta":{"tool_calls":[{"id":"call_1","index'
            '":1,"type":"function","function":{"name":"look","arguments":"{\\"b\\":2}"}}]}}],"usage'
            '":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15}'
        )
        + DONE,
    ),
    ("sensitive.tool_call.usage-yes.filter-no", TOOLS, R + A + last("sensitive") + DONE),
    ("network-error.0-frames", TALK, error("network_error") + DONE),
    ("network-error.3-frames", TOOLS, R + A + T + error("network_error") + DONE),
    ("cut-short.usage-no", TALK, R + last("length", "") + DONE),
    ("finish-unknown.reason-content_filter", TALK, R + A + B + last("content_filter") + DONE),
    ("finish-everywhere", BARE, chunk('{"index":0,"finish_reason":"stop"}]') + STOP + DONE),
    (
        "finish-with-call",
        stream(T, last("tool_calls", ""), DONE),
        T.replace(b'{"index":0,"delta"', b'{"index":0,"finish_reason":"tool_calls","delta"') + DONE,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Response, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
