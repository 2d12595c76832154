"""BLK, THK, CAL: blocks; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import Mutant, frame, instead, sub, swapped, twice, without
from tests.conformance.message_reference import envelope, plain, plain_call, usage
from tests.conformance.requirements import assert_passes, assert_reported, cases

REFUSED = instead(envelope(400, "invalid_request_error", "1210", "messages"))


def without_index(piece: bytes) -> bytes:
    return piece.replace(b'"index":0,', b"")


BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "BLK-01": (
        Mutant(
            "message-tools",
            sub(b'"index":2', b'"index":3'),
            "another index",
            path="$.index",
            actual="3",
            at=b'"index":3,"conte',
        ),
        Mutant(
            "message-stream",
            sub(b'"index":0', b'"index":1'),
            "another index",
            path="$.index",
            actual="1",
            at=b'"index":1,"conte',
        ),
        Mutant(
            "message-stream",
            sub(b'"index":0', b'"index":"a"'),
            "another index",
            path="$.index",
            actual="a",
            at=b'"index":"a","con',
        ),
    ),
    "BLK-02": (
        Mutant(
            "message-stream",
            frame(-3, lambda p: p.replace(b'"index":0', b'"index":1')),
            "no block to close",
            path="$.index",
            actual="1",
            at=b'"index":1}\n\neven',
            count=2,
        ),
        Mutant(
            "message-stream",
            without(-3),
            "not closed",
            path="$",
            actual="0",
            at=b"event: content_b",
        ),
        Mutant(
            "message-stream",
            twice(-3),
            "no block to close",
            path="$.index",
            actual="0",
            at=b'"index":0}\n\neven',
        ),
        Mutant(
            "message-tools",
            swapped(6, 7),
            "not closed",
            path="$",
            actual="0",
            at=b"event: content_b",
            count=2,
            also="BLK-03",
        ),
    ),
    "BLK-03": (
        Mutant(
            "message-stream",
            frame(4, lambda p: p.replace(b'"index":0', b'"index":1')),
            "another block",
            path="$.index",
            expected="0",
            actual="1",
            at=b'"index":1,"delta',
            also="MSG-07",
        ),
        Mutant(
            "message-stream",
            lambda answer: frame(-3, without_index)(swapped(-3, -4)(answer)),
            "another block",
            path="$.index",
            expected="an open block",
            actual="null",
            at=b"event: content_b",
            also="MSG-07",
        ),
        Mutant(
            "message-stream",
            swapped(2, 3),
            "another block",
            path="$.index",
            expected="an open block",
            actual="0",
            at=b'"index":0,"delta',
            also="MSG-07",
        ),
        Mutant(
            "message-stream",
            swapped(-3, -4),
            "another block",
            path="$.index",
            actual="0",
            at=b'"index":0,"delta',
        ),
    ),
    "BLK-04": (
        Mutant(
            "message-stream",
            sub(b'"text_delta","text"', b'"thinking_delta","thinking"', 1),
            "not of its block",
            path="$.delta.type",
            expected="text_delta",
            actual="thinking_delta",
            at=b'"type":"content_',
            also="MSG-07",
        ),
        Mutant(
            "message-thinking",
            sub(b'"thinking_delta","thinking"', b'"text_delta","text"', 1),
            "not of its block",
            path="$.delta.type",
            expected="thinking_delta or signature_delta",
            actual="text_delta",
            at=b'"type":"content_',
        ),
        Mutant(
            "message-length",
            sub(b'"content_block":{"type":"text",', b'"content_block":{"type":"image",'),
            "not of its block",
            path="$.delta.type",
            expected="no delta of image",
            actual="text_delta",
            at=b'"type":"content_',
            count=5,
        ),
        Mutant(
            "message-stream",
            sub(b'"text_delta","text":"one "', b'"text_delta","text":null'),
            "no text",
            path="$.delta.text",
            actual="null",
            at=b'"text":null}}\n\ne',
            also="MSG-07",
        ),
        Mutant(
            "message-stream",
            sub(b'"text_delta",', b'"text",', 1),
            "not of its block",
            path="$.delta.type",
            actual="text",
            at=b'"type":"content_',
        ),
    ),
    "BLK-05": (
        Mutant(
            "message-thinking",
            sub(b'"thinking":"","signature":""', b'"thinking":"","signature":"a"'),
            "not empty",
            path="$.content_block.signature",
            actual="a",
            at=b'"signature":"a"}',
            also="THK-03",
        ),
        Mutant(
            "message-stream",
            frame(2, lambda p: p.replace(b'"text":""', b'"text":"one"')),
            "not empty",
            path="$.content_block.text",
            expected='""',
            actual="one",
            at=b'"text","text":"o',
            also="MSG-07",
        ),
        Mutant(
            "message-stream",
            frame(2, lambda p: p.replace(b',"text":""', b"")),
            "not empty",
            path="$.content_block.text",
            actual="null",
            at=b'"text"}}\n\nevent:',
        ),
        Mutant(
            "message-thinking",
            sub(b'"thinking":"","sig', b'"sig'),
            "not empty",
            path="$.content_block.thinking",
            actual="null",
            at=b'"thinking","sign',
        ),
        Mutant(
            "message-tools",
            sub(b',"input":{}', b""),
            "not empty",
            path="$.content_block.input",
            expected="{}",
            actual="null",
            at=b"event: content_b",
            count=2,
        ),
    ),
    "THK-01": (
        Mutant(
            "message-thinking",
            sub(b'"signature"', b'"sign"'),
            "no signature",
            path="$.content_block.signature",
            actual="null",
            at=b"event: content_b",
            also="BLK-04 THK-03",
        ),
    ),
    "THK-02": (
        Mutant(
            "message-thinking",
            without(8),
            "not one at the end",
            path="$.content_block",
            actual="0 of 5 deltas",
            at=b"event: content_b",
            also="THK-03",
        ),
        Mutant(
            "message-thinking",
            twice(8),
            "not one at the end",
            path="$.content_block",
            actual="2 of 7 deltas",
            at=b"event: content_b",
            also="THK-03",
        ),
        Mutant(
            "message-thinking",
            swapped(7, 8),
            "not one at the end",
            path="$.content_block",
            actual="1 of 6 deltas",
            at=b"event: content_b",
        ),
    ),
    "THK-03": (
        Mutant(
            "message-thinking",
            sub(b"0ccb904b724f48fab1d8d808", b"RXJyb3I="),
            "another form",
            path="$.content_block",
            actual="RXJyb3I=",
            at=b"event: content_b",
        ),
    ),
    "CAL-01": (
        Mutant(
            "message-tools",
            sub(b'"id":"call_326f82523b21434ba5dfe827"', b'"id":5'),
            "no id of its own",
            path="$.content_block.id",
            actual="5",
            at=b'"id":5,"name":"g',
        ),
        Mutant(
            "message-tools",
            sub(b'"id":"call_326f82523b21434ba5dfe827"', b'"id":""'),
            "no id of its own",
            path="$.content_block.id",
            actual="",
            at=b'"id":"","name":"',
            also="CAL-02",
        ),
        Mutant(
            "message-tools",
            sub(b'"id":"call_326f82523b21434ba5dfe827",', b""),
            "no id of its own",
            path="$.content_block.id",
            actual="null",
            at=b"event: content_b",
        ),
        Mutant(
            "message-tools",
            sub(b"dfe828", b"dfe827"),
            "no id of its own",
            path="$.content_block.id",
            actual="call_326f82523b21434ba5dfe827",
            at=b'"id":"call_326f8',
        ),
        Mutant(
            "message-tools-plain",
            sub(b"get_weather", b"weather"),
            "not offered",
            path="$.content[0].name",
            actual="weather",
            at=b'"name":"weather"',
            count=2,
        ),
    ),
    "CAL-02": (
        Mutant(
            "message-tools",
            sub(b"call_326f82523b21434ba5dfe827", b"toolu_01"),
            "another form",
            path="$.content_block.id",
            actual="toolu_01",
            at=b'"id":"toolu_01",',
        ),
        Mutant(
            "message-tools-plain",
            sub(b"call_326f82523b21434ba5dfe827", b"chatcmpl-tool-1"),
            "another form",
            path="$.content[0].id",
            actual="chatcmpl-tool-1",
            at=b'"id":"msg_202607',
        ),
    ),
    "CAL-03": (
        Mutant(
            "message-tools",
            sub(b'Shanghai\\"}', b"Shanghai"),
            "not an object",
            path="$.content_block.input",
            actual='{"city":"Shanghai',
            at=b'"input":{}}}\n\nev',
        ),
        Mutant(
            "message-tools",
            sub(b'{\\"city\\":\\"Beijing\\"}', b"[1]"),
            "not an object",
            path="$.content_block.input",
            actual="[1]",
            at=b'"input":{}}}\n\nev',
        ),
        Mutant(
            "message-tools-plain",
            sub(b'{"city":"Beijing"}', b'"{}"'),
            "not an object",
            path="$.content[0].input",
            actual="{}",
            at=b'"input":"{}"},{"',
        ),
    ),
    "CAL-04": (
        Mutant(
            "message-result",
            REFUSED,
            "unexpected answer",
            actual='400 {"type":"error","error":{"type":"inv…',
        ),
    ),
}

CALLED = instead(plain([plain_call(7, "Beijing")], "tool_use", usage(6, 3)))

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "BLK-02": (Mutant("message-failing", without(-2)),),
    "BLK-05": (Mutant("message-thinking", sub(b'"thinking":"","signature":""', b'"thinking":""')),),
    # This request offers no tools, so no name is unknown.
    "CAL-01": (Mutant("message", CALLED),),
    "CAL-03": (Mutant("message-tools", sub(b'"{\\"city\\":\\"Beijing\\"}"', b'""')),),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
