"""The bytes that arrive: faults of the arguments of tool calls."""

from __future__ import annotations

import pytest

from mockglm.exchange import Response
from mockglm.faults import apply, parse
from tests.faults.answers import (
    CALLED,
    CALLS,
    DONE,
    PIECES,
    TOOLS,
    A,
    R,
    T,
    U,
    plain,
    said,
)

BODIES: tuple[tuple[str, Response, bytes], ...] = (
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
    (
        "call-in-pieces.size-100",
        TOOLS,
        R
        + A
        + T.replace(b'{\\"a\\":1}', b"")
        + said('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\":1}"}}]}')
        + U.replace(b'{\\"b\\":2}', b"")
        + said('{"tool_calls":[{"index":1,"function":{"arguments":"{\\"b\\":2}"}}]}')
        + CALLS
        + DONE,
    ),
    ("arguments-whole", PIECES, T + CALLS + DONE),
    (
        "arguments-cut.3-frames",
        TOOLS,
        R + A + T + U.replace(b'{\\"b\\":2}', b'{\\"b') + CALLS + DONE,
    ),
    (
        "call-name-repeated",
        PIECES,
        T.replace(b'{\\"a\\":1}', b"")
        + T.replace(b'{\\"a\\":1}', b'{\\"')
        + T.replace(b'{\\"a\\":1}', b'a\\"')
        + T.replace(b'{\\"a\\":1}', b":")
        + T.replace(b'{\\"a\\":1}', b"1}")
        + CALLS
        + DONE,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Response, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body


def test_the_pieces_of_a_call_come_together() -> None:
    pieces = apply(TOOLS, parse("call-in-pieces")).chunks
    assert [at for at, _ in pieces] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert pieces[2][1].count(b"data: ") == 3
