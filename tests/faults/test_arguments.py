"""The bytes that arrive: faults of the arguments of tool calls."""

from __future__ import annotations

import pytest

from mockglm.exchange import Answer
from mockglm.faults import apply, parse
from tests.faults.answers import A, CALLED, CALLS, DONE, PIECES, R, T, TOOLS, plain, said

BODIES: tuple[tuple[str, Answer, bytes], ...] = (
    (
        "call-in-pieces",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":{"name":"look",'
            '"arguments":""}}]}'
        )
        + said('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\""}}]}')
        + said('{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}')
        + said(
            '{"tool_calls":[{"id":"call_1","index":1,"type":"function","function":{"name":"look",'
            '"arguments":""}}]}'
        )
        + said('{"tool_calls":[{"index":1,"function":{"arguments":"{\\"b\\""}}]}')
        + said('{"tool_calls":[{"index":1,"function":{"arguments":":2}"}}]}')
        + CALLS
        + DONE,
    ),
    (
        "call-name-repeated",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":{"name":"look",'
            '"arguments":"{\\"a"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":{"name":"look",'
            '"arguments":"\\":1}"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","index":1,"type":"function","function":{"name":"look",'
            '"arguments":"{\\"b"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","index":1,"type":"function","function":{"name":"look",'
            '"arguments":"\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    ("arguments-whole", PIECES, T + CALLS + DONE),
    (
        "arguments-object",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":{"name":"look",'
            '"arguments":{"a":1}}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","index":1,"type":"function","function":{"name":"look",'
            '"arguments":{"b":2}}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "arguments-object",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":{"a":1},"nam'
            'e":"look"},"id":"call_-7","index":0,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
    (
        "arguments-cut",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":{"name":"look",'
            '"arguments":"{\\"a"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","index":1,"type":"function","function":{"name":"look",'
            '"arguments":"{\\"b"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "arguments-cut",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a","name'
            '":"look"},"id":"call_-7","index":0,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
    (
        "arguments-twice",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":{"name":"look",'
            '"arguments":"{\\"a\\":1}{\\"a\\":1}"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","index":1,"type":"function","function":{"name":"look",'
            '"arguments":"{\\"b\\":2}{\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "arguments-twice",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}{\\'
            '"a\\":1}","name":"look"},"id":"call_-7","index":0,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
    (
        "arguments-empty",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":{"name":"look",'
            '"arguments":"{}"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","index":1,"type":"function","function":{"name":"look",'
            '"arguments":"{}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "arguments-empty",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{}","name":'
            '"look"},"id":"call_-7","index":0,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Answer, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
