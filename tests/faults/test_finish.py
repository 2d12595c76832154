"""The bytes that arrive: faults of the end."""

from __future__ import annotations

import pytest

from mockglm.exchange import Answer
from mockglm.faults import apply, parse
from tests.faults.answers import (
    A,
    B,
    CALLED,
    DONE,
    R,
    STOP,
    T,
    TALK,
    TOOLS,
    U,
    WORDS,
    chunk,
    last,
    plain,
)

BODIES: tuple[tuple[str, Answer, bytes], ...] = (
    (
        "sensitive",
        TALK,
        R + last("sensitive", ',"content_filter":[{"level":1,"role":"assistant"}]') + DONE,
    ),
    (
        "sensitive",
        WORDS,
        (
            '{"choices":[{"finish_reason":"sensitive","index":0,"message":{"content":"你","reasoni'
            'ng_content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","model"'
            ':"glm-4.6","object":"chat.completion","request_id":"mine","content_filter":[{"level"'
            ':1,"role":"assistant"}]}'
        ).encode(),
    ),
    ("network-error", TALK, R + last("network_error", "") + DONE),
    (
        "network-error",
        WORDS,
        (
            '{"choices":[{"finish_reason":"network_error","index":0,"message":{"content":"你","rea'
            'soning_content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","mo'
            'del":"glm-4.6","object":"chat.completion","request_id":"mine"}'
        ).encode(),
    ),
    ("context-window", TALK, last("model_context_window_exceeded") + DONE),
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
        (
            '{"choices":[{"index":0,"message":{"content":"你好吗","reasoning_content":"想","role":"as'
            'sistant"}}],"created":1767225600,"id":"20260101ab","model":"glm-4.6","object":"chat.'
            'completion","request_id":"mine","usage":{"prompt_tokens":6,"completion_tokens":9,"to'
            'tal_tokens":15}}'
        ).encode(),
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
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Answer, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
