"""The bytes that arrive: faults of tool calls."""

from __future__ import annotations

import pytest

from mockglm.exchange import Response
from mockglm.faults import apply, parse
from tests.faults.answers import (
    CALLED,
    CALLS,
    DONE,
    STOP,
    TOOLS,
    A,
    R,
    T,
    U,
    plain,
    said,
)

BODIES: tuple[tuple[str, Response, bytes], ...] = (
    ("call-twice", TOOLS, R + A + T + T + U + U + CALLS + DONE),
    (
        "call-twice",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}",'
            '"name":"look"},"id":"call_-7","index":0,"type":"function"},{"function":{"arguments":'
            '"{\\"a\\":1}","name":"look"},"id":"call_-7","index":0,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
    (
        "call-without-index",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","type":"function","function":{"name":"look","arguments'
            '":"{\\"a\\":1}"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments'
            '":"{\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "call-without-id",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"index":0,"type":"function","function":{"name":"look","arguments":"{'
            '\\"a\\":1}"}}]}'
        )
        + said(
            '{"tool_calls":[{"index":1,"type":"function","function":{"name":"look","arguments":"{'
            '\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "call-without-id",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}",'
            '"name":"look"},"index":0,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
    (
        "call-without-type",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"function":{"name":"look","arguments":"{\\"a\\'
            '":1}"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","index":1,"function":{"name":"look","arguments":"{\\"b\\'
            '":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "call-without-type",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}",'
            '"name":"look"},"id":"call_-7","index":0}]}',
            "tool_calls",
        ).body,
    ),
    (
        "call-without-name",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":{"arguments":"{'
            '\\"a\\":1}"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","index":1,"type":"function","function":{"arguments":"{'
            '\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "call-without-name",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}"}'
            ',"id":"call_-7","index":0,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
    (
        "call-id-null",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":null,"index":0,"type":"function","function":{"name":"look","arg'
            'uments":"{\\"a\\":1}"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":null,"index":1,"type":"function","function":{"name":"look","arg'
            'uments":"{\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "call-id-null",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}",'
            '"name":"look"},"id":null,"index":0,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
    (
        "call-id-empty",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"","index":0,"type":"function","function":{"name":"look","argum'
            'ents":"{\\"a\\":1}"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"","index":1,"type":"function","function":{"name":"look","argum'
            'ents":"{\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "call-id-empty",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}",'
            '"name":"look"},"id":"","index":0,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
    (
        "call-id-same",
        TOOLS,
        R
        + A
        + T
        + said(
            '{"tool_calls":[{"id":"call_0","index":1,"type":"function","function":{"name":"look",'
            '"arguments":"{\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "call-index-minus-one",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":-1,"type":"function","function":{"name":"look"'
            ',"arguments":"{\\"a\\":1}"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","index":-1,"type":"function","function":{"name":"look"'
            ',"arguments":"{\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "call-index-minus-one",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}",'
            '"name":"look"},"id":"call_-7","index":-1,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
    (
        "calls-same-index",
        TOOLS,
        R
        + A
        + T
        + said(
            '{"tool_calls":[{"id":"call_1","index":0,"type":"function","function":{"name":"look",'
            '"arguments":"{\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "calls-in-one-chunk",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":{"name":"look",'
            '"arguments":"{\\"a\\":1}"}},{"id":"call_1","index":1,"type":"function","function":{"na'
            'me":"look","arguments":"{\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    ("calls-missing", TOOLS, R + A + CALLS + DONE),
    ("calls-missing", CALLED, plain('{"role":"assistant","content":""}', "tool_calls").body),
    (
        "call-text",
        TOOLS,
        R
        + A
        + said('{"role":"assistant","content":"<tool_call>l"}')
        + said('{"role":"assistant","content":"ook\\n<arg_key"}')
        + said('{"role":"assistant","content":">a</arg_key>"}')
        + said('{"role":"assistant","content":"\\n<arg_value>"}')
        + said('{"role":"assistant","content":"1</arg_value"}')
        + said('{"role":"assistant","content":">\\n</tool_cal"}')
        + said('{"role":"assistant","content":"l>"}')
        + said('{"role":"assistant","content":"<tool_call>l"}')
        + said('{"role":"assistant","content":"ook\\n<arg_key"}')
        + said('{"role":"assistant","content":">b</arg_key>"}')
        + said('{"role":"assistant","content":"\\n<arg_value>"}')
        + said('{"role":"assistant","content":"2</arg_value"}')
        + said('{"role":"assistant","content":">\\n</tool_cal"}')
        + said('{"role":"assistant","content":"l>"}')
        + STOP
        + DONE,
    ),
    (
        "call-text",
        CALLED,
        plain(
            '{"role":"assistant","content":"<tool_call>look\\n<arg_key>a</arg_key>\\n<arg_value>1</'
            'arg_value>\\n</tool_call>"}'
        ).body,
    ),
    (
        "name-leak",
        TOOLS,
        R
        + A
        + said(
            '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":{"name":"look</'
            'arg_value>","arguments":"{\\"a\\":1}"}}]}'
        )
        + said(
            '{"tool_calls":[{"id":"call_1","index":1,"type":"function","function":{"name":"look</'
            'arg_value>","arguments":"{\\"b\\":2}"}}]}'
        )
        + CALLS
        + DONE,
    ),
    (
        "name-leak",
        CALLED,
        plain(
            '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}",'
            '"name":"look</arg_value>"},"id":"call_-7","index":0,"type":"function"}]}',
            "tool_calls",
        ).body,
    ),
    (
        "call-text.in-reasoning",
        CALLED,
        plain(
            '{"role":"assistant","content":"","reasoning_content":"<tool_call>look\\n<arg_key>a</arg_key>\\n<arg_value>1</arg_value>\\n</tool_call>"}'
        ).body,
    ),
    (
        "call-without-id.3-frames",
        TOOLS,
        R + A + T + U.replace(b'"id":"call_1",', b"") + CALLS + DONE,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Response, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
