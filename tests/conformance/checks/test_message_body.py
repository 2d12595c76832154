"""MSG, STP, TOK: the message; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import Mutant, frame, header, instead, number, sub, without
from tests.conformance.message_reference import plain, usage
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "MSG-01": (
        Mutant(
            "message-stream",
            sub(b'"content":[],', b""),
            "no content",
            path="$.message",
            at=b"event: message_s",
        ),
        Mutant(
            "message",
            sub(b'"content":[', b'"content":"ab","c":['),
            "no list",
            path="$.content",
            actual="ab",
            at=b'"content":"ab","',
        ),
        Mutant(
            "message",
            sub(b'"stop_sequence":null,', b""),
            "no stop_sequence",
            path="$",
            at=b'{"id":"msg_20260',
        ),
        Mutant(
            "message",
            sub(b'"role":"assistant"', b'"role":"model"'),
            "another value",
            path="$.role",
            actual="model",
            at=b'"role":"model","',
        ),
        Mutant(
            "message-stream",
            sub(b'"role":"assistant",', b""),
            "no role",
            path="$.message",
            at=b"event: message_s",
        ),
        Mutant(
            "message-stream",
            sub(b'"content":[]', b'"content":null'),
            "no list",
            path="$.message.content",
            actual="null",
            at=b'"content":null,"',
            also="STP-04",
        ),
        Mutant(
            "message-stream",
            sub(b'"message":{', b'"msg":{'),
            "no message",
            path="$",
            at=b"event: message_s",
        ),
    ),
    "MSG-02": (
        Mutant(
            "message",
            sub(b"msg_2026", b"msg_01X2"),
            "another form",
            path="$.id",
            actual="msg_01X20729080000f0ab19f8cb470c01",
            at=b'"id":"msg_01X207',
        ),
        Mutant(
            "message-stream",
            sub(b'"id":"msg_', b'"id":"chatcmpl-'),
            "another form",
            path="$.message.id",
            actual="chatcmpl-20260729080000f0ab19f8cb470c01",
            at=b'"id":"chatcmpl-2',
        ),
    ),
    "MSG-03": (
        Mutant(
            "message",
            sub(b'"model":"glm-4.6"', b'"model":"claude-sonnet-4-5"'),
            "another name",
            path="$.model",
            actual="claude-sonnet-4-5",
            at=b'"model":"claude-',
        ),
        Mutant(
            "message-stream",
            sub(b'"model":"glm-4.6"', b'"model":"GLM-4.6"'),
            "another name",
            path="$.message.model",
            actual="GLM-4.6",
            at=b'"model":"GLM-4.6',
        ),
    ),
    "MSG-04": (
        Mutant(
            "message", sub(b'"content":[', b'"content":[1,'), "block 0 without a type", actual="1"
        ),
        Mutant(
            "message",
            sub(b'{"type":"text","text":', b'{"text":'),
            "block 0 without a type",
            actual='{"text": "one two three four five six se…',
        ),
        Mutant(
            "message",
            sub(b'"type":"text","text":', b'"type":"text","content":'),
            "block 0 without text",
            actual='{"type": "text", "content": "one two thr…',
            also="MSG-07",
        ),
    ),
    "MSG-05": (
        Mutant(
            "message",
            sub(b'"type":"message","role":"assistant"', b'"role":"assistant","type":"message"'),
            "another order",
            path="$",
            actual="id, role, type, model, content, stop_rea…",
            at=b'{"id":"msg_20260',
        ),
    ),
    "MSG-06": (
        Mutant(
            "message", header("Content-Type", "text/plain"), "another type", actual="text/plain"
        ),
        Mutant("message-stream", header("Content-Type", ""), "another type", actual="none"),
    ),
    "MSG-07": (
        Mutant(
            "message-stream",
            sub(b'"text":"one "', b'"text":"two "'),
            "another text",
            actual="two two three four five six seven eight nine ten",
        ),
        Mutant(
            "message-stream",
            without(4),
            "another text",
            actual="one three four five six seven eight nine ten",
        ),
    ),
    "STP-01": (
        Mutant(
            "message",
            sub(b'"end_turn"', b'"stop"'),
            "unknown",
            path="$.stop_reason",
            actual="stop",
            at=b'"stop_reason":"s',
        ),
        Mutant(
            "message-stream",
            sub(b'"end_turn"', b"null"),
            "unknown",
            path="$.delta.stop_reason",
            actual="null",
            at=b'"stop_reason":nu',
        ),
    ),
    "STP-02": (
        Mutant(
            "message-tools",
            sub(b'"stop_reason":"tool_use"', b'"stop_reason":"end_turn"'),
            "not as the calls",
            path="$.delta.stop_reason",
            expected="tool_use",
            actual="end_turn",
            at=b'"stop_reason":"e',
        ),
        Mutant(
            "message",
            sub(b'"end_turn"', b'"tool_use"'),
            "not as the calls",
            path="$.stop_reason",
            expected="another",
            actual="tool_use",
            at=b'"stop_reason":"t',
        ),
    ),
    "STP-03": (
        Mutant(
            "message-length",
            sub(b'"max_tokens"', b'"end_turn"'),
            "not cut",
            path="$.delta.stop_reason",
            actual="end_turn",
            at=b'"stop_reason":"e',
        ),
    ),
    "STP-04": (
        Mutant(
            "message-stream",
            frame(0, lambda p: p.replace(b'reason":null', b'reason":"a"')),
            "too early",
            path="$.message.stop_reason",
            actual="a",
            at=b'"stop_reason":"a',
        ),
        Mutant(
            "message-stream",
            sub(b'"content":[]', b'"content":[{"type":"text","text":""}]'),
            "too early",
            path="$.message.content",
            actual='[{"type": "text", "text": ""}]',
            at=b'"content":[{"typ',
        ),
    ),
    "TOK-01": (
        Mutant(
            "message-stream",
            sub(b'"input_tokens":0', b'"input_tokens":21'),
            "not 0",
            path="$.message.usage.input_tokens",
            expected="0",
            actual="21",
            at=b'"input_tokens":2',
        ),
    ),
    "TOK-02": (
        Mutant(
            "message",
            number(b"output_tokens", b"true"),
            "not a count",
            path="$.usage.output_tokens",
            actual="true",
            at=b'"output_tokens":',
        ),
        Mutant(
            "message",
            number(b"output_tokens", b"-1"),
            "not a count",
            path="$.usage.output_tokens",
            actual="-1",
            at=b'"output_tokens":',
        ),
        Mutant(
            "message-stream",
            frame(-2, lambda p: p.partition(b',"usage"')[0] + b"}\n\n"),
            "no usage",
            path="$.delta",
            at=b"event: message_d",
        ),
        Mutant(
            "message",
            sub(b'"output_tokens":11', b'"output_tokens":"11"'),
            "not a count",
            path="$.usage.output_tokens",
            actual="11",
            at=b'"output_tokens":',
        ),
        Mutant(
            "message",
            sub(b'"input_tokens":21,', b"", 1),
            "not a count",
            path="$.usage.input_tokens",
            actual="null",
            at=b'{"id":"msg_20260',
        ),
    ),
    "TOK-03": (
        Mutant(
            "message-tools-plain",
            number(b"output_tokens", b"0"),
            "nothing counted",
            path="$.usage.output_tokens",
            actual="0 for 0 characters and 2 calls",
            at=b'"output_tokens":',
        ),
        Mutant(
            "message",
            number(b"output_tokens", b"0"),
            "nothing counted",
            path="$.usage.output_tokens",
            actual="0 for 48 characters and 0 calls",
            at=b'"output_tokens":',
        ),
        Mutant(
            "message-tools",
            frame(-2, lambda p: p.replace(b'_tokens":30', b'_tokens":0')),
            "nothing counted",
            path="$.usage.output_tokens",
            actual="0 for 12 characters and 2 calls",
            at=b'"output_tokens":',
        ),
    ),
    "TOK-04": (
        Mutant(
            "message",
            sub(b'"cache_read_input_tokens":0,', b""),
            "not a count",
            path="$.usage.cache_read_input_tokens",
            actual="null",
            at=b'{"id":"msg_20260',
        ),
        Mutant(
            "message",
            sub(b'"cache_read', b'"cache_creation_input_tokens":0,"cache_read'),
            "never sent",
            path="$.usage.cache_creation_input_tokens",
            actual="0",
            at=b'"cache_creation_',
        ),
    ),
    "TOK-05": (
        Mutant(
            "message-length",
            sub(b'"output_tokens":8', b'"output_tokens":9'),
            "more than max_tokens",
            path="$.usage.output_tokens",
            actual="9",
            at=b'"output_tokens":',
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "MSG-05": (Mutant("message", sub(b'{"id":"msg', b'{"x":1,"id":"msg')),),
    "STP-04": (Mutant("message-stream", sub(b'"content":[],', b"")),),
    "TOK-01": (
        Mutant("message-stream", sub(b',"usage":{"input_tokens":0,"output_tokens":0}', b"")),
    ),
    "TOK-03": (
        Mutant(
            "message-bearer",
            instead(plain([], "end_turn", usage(6, 0))),
        ),
    ),
    "MSG-02": (Mutant("message", sub(b"msg_", b"")),),
    "MSG-06": (Mutant("message", header("Content-Type", "application/json; charset=UTF-8")),),
    "STP-01": (Mutant("message", sub(b'"end_turn"', b'"model_context_window_exceeded"')),),
    "STP-02": (
        Mutant("message-tools", sub(b'"stop_reason":"tool_use"', b'"stop_reason":"max_tokens"')),
    ),
    "TOK-05": (Mutant("message-length", sub(b'"output_tokens":8', b'"output_tokens":7')),),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
