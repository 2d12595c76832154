"""CHK: the chunks of a stream; changes that break a requirement and changes that do not."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from tests.conformance.changes import DAY_BEFORE, EMPTY_ROLES, Mutant, frame, header, number, sub
from tests.conformance.reference import ANSWERS
from tests.conformance.requirements import assert_passes, assert_reported, cases

NEW_YEAR = "Thu, 01 Jan 2026 00:00:00 GMT"


def failed(piece: bytes) -> bytes:
    return piece.replace(b'"finish_reason":"stop"', b'"finish_reason":"network_error"')


BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "CHK-01": (
        Mutant(
            "stream",
            sub(b'"id":"20260729080000f0ab19f8cb470c01",', b"", 1),
            "id is wrong",
            path="$.id",
            actual="no such key",
            also="CHK-02 EQV-05",
        ),
        Mutant(
            "stream",
            number(b"created", b'"1"'),
            "created is wrong",
            path="$.created",
            actual="1",
            count=13,
        ),
        Mutant(
            "stream",
            number(b"created", b"true"),
            "created is wrong",
            path="$.created",
            actual="true",
            count=13,
        ),
        Mutant(
            "stream",
            sub(b'"model":"glm-4.6"', b'"model":null', 1),
            "model is wrong",
            path="$.model",
            actual="null",
            also="CHK-02 CHK-08 EQV-05",
        ),
        Mutant(
            "stream",
            frame(1, lambda p: b'data: {"id":"x","created":1,"model":"m"}\n\n'),
            "choices is wrong",
            path="$.choices",
            actual="no such key",
            also="CHK-02 CHK-03 CHK-04 EQV-07",
        ),
    ),
    "CHK-02": (
        Mutant(
            "stream",
            frame(0, lambda p: p.replace(b"470c01", b"470c02")),
            "changed",
            path="$.id",
            actual="20260729080000f0ab19f8cb470c01",
            count=12,
        ),
        Mutant(
            "stream",
            frame(3, lambda p: p.replace(b"470c01", b"470c02")),
            "changed",
            path="$.id",
            actual="20260729080000f0ab19f8cb470c02",
        ),
        Mutant(
            "stream",
            frame(3, lambda p: p.replace(b"17852", b"17851")),
            "changed",
            path="$.created",
            actual="1785183200",
        ),
        Mutant(
            "stream",
            frame(3, lambda p: p.replace(b"glm-4.6", b"glm-4.7")),
            "changed",
            path="$.model",
            actual="glm-4.7",
        ),
    ),
    "CHK-03": (
        Mutant(
            "stream",
            sub(b'"object":"chat.completion.chunk",', b""),
            "unexpected object",
            path="$.object",
            count=13,
        ),
        Mutant(
            "stream",
            frame(3, lambda p: p.replace(b"completion.chunk", b"completion")),
            "unexpected object",
            path="$.object",
            actual="chat.completion",
        ),
        # An error may have no object, but no other one either.
        Mutant(
            "stream",
            frame(-2, lambda p: failed(p).replace(b"completion.chunk", b"completion")),
            "unexpected object",
            path="$.object",
            actual="chat.completion",
            also="FIN-04",
        ),
    ),
    "CHK-04": (
        Mutant(
            "stream",
            frame(2, lambda p: p.replace(b'"index":0', b'"index":-1')),
            "no index",
            path="$.choices[0].index",
            actual="-1",
            also="FIN-01",
        ),
        Mutant(
            "stream",
            frame(2, lambda p: p.replace(b'"index":0', b'"index":"0"')),
            "no index",
            path="$.choices[0].index",
            actual="0",
        ),
        Mutant(
            "stream",
            frame(2, lambda p: p.replace(b'"index":0', b'"index":false')),
            "no index",
            path="$.choices[0].index",
            actual="false",
            also="FIN-01",
        ),
        Mutant(
            "stream",
            sub(b'"index":0', b'"index":1'),
            "a wrong index",
            path="$.choices[0].index",
            actual="1",
            count=13,
        ),
        Mutant(
            "stream",
            frame(-2, lambda p: p.replace(b'"index":0', b'"index":1')),
            "a wrong index",
            path="$.choices[0].index",
            actual="1",
            also="FIN-01",
        ),
        Mutant(
            "stream",
            frame(2, lambda p: re.sub(rb'"choices":\[.*\]', b'"choices":[]', p)),
            "no choices",
            path="$.choices",
            actual="[]",
            also="EQV-07",
        ),
    ),
    "CHK-05": (
        Mutant(
            "stream",
            frame(2, lambda p: re.sub(rb'("content":)("[^"]*")', rb"\1[\2]", p)),
            "not text",
            path="$.choices[0].delta.content",
            actual='list ["thre"]',
            also="EQV-07",
        ),
        Mutant(
            "thinking",
            frame(1, lambda p: re.sub(rb'(_content":)("[^"]*")', rb"\1{}", p)),
            "not text",
            path="$.choices[0].delta.reasoning_content",
            actual="dict {}",
        ),
        Mutant(
            "stream",
            frame(2, lambda p: p.replace(b'"role"', b'"tool_calls":{},"role"')),
            "not a list",
            path="$.choices[0].delta.tool_calls",
            actual="dict {}",
        ),
    ),
    "CHK-06": (
        Mutant(
            "stream",
            frame(0, lambda p: p.replace(b'"role":"assistant",', b"")),
            "no role",
            path="$.choices[0].delta",
            at=ANSWERS["stream"].chunks[0][1].replace(b'"role":"assistant",', b""),
        ),
        Mutant(
            "stream",
            frame(3, lambda p: p.replace(b"assistant", b"user")),
            "unexpected role",
            path="$.choices[0].delta.role",
            actual="user",
        ),
    ),
    "CHK-07": (
        Mutant(
            "stream",
            sub(b'"delta"', b'"message"'),
            "no delta",
            path="$.choices[0]",
            actual='{"index": 0, "message": {"role": "assist…',
            count=13,
            also="CHK-10",
        ),
        Mutant(
            "stream",
            frame(2, lambda p: p.replace(b'"delta"', b'"message":{},"delta"')),
            "no delta",
            path="$.choices[0]",
            actual='{"index": 0, "message": {}, "delta": {"r…',
        ),
        Mutant(
            "stream",
            sub(b'"delta":{"role":"assistant","content":"one "}', b'"delta":null'),
            "no delta",
            path="$.choices[0]",
            actual='{"index": 0, "delta": null}',
            also="EQV-07",
        ),
    ),
    "CHK-08": (
        Mutant(
            "stream",
            sub(b"glm-4.6", b"glm-4.5"),
            "unexpected model",
            path="$.model",
            actual="glm-4.5",
            also="CHK-12 EQV-05",
        ),
        Mutant(
            "stream",
            frame(0, lambda p: p.replace(b"glm-4.6", b"zai-org/GLM-4.6-FP8")),
            "unexpected model",
            path="$.model",
            actual="zai-org/GLM-4.6-FP8",
            also="CHK-02 EQV-05",
        ),
    ),
    "CHK-12": tuple(
        Mutant(
            "stream",
            sub(b"glm-4.6", other),
            "another model",
            path="$.model",
            actual=other.decode(),
            also="CHK-08 EQV-05",
        )
        for other in (b"glm-4.6-air", b"gpt-4o", b"glm-4", b"fp8")
    ),
    "CHK-09": (
        Mutant(
            "stream",
            number(b"created", b"1785196800"),
            "unexpected day",
            path="$.created",
            actual="1785196800",
        ),
        Mutant(
            "stream",
            number(b"created", b"1785111111"),
            "unexpected day",
            path="$.created",
            actual="1785111111",
        ),
        Mutant(
            "stream",
            lambda a: header("Date", "")(number(b"created", b"1785111111")(a)),
            "unexpected day",
            path="$.created",
            actual="1785111111",
        ),
    ),
    "CHK-10": (
        Mutant(
            "stream",
            lambda a: replace(a, chunks=a.chunks[-2:]),
            "an empty reply",
            path="$.choices[0].finish_reason",
            actual="stop",
            also="EQV-01 EQV-07",
        ),
    ),
    "CHK-11": (
        Mutant(
            "stream",
            sub(b'"object"', b'"service_tier":"default","object"'),
            "the unknown key service_tier",
            path="$.service_tier",
            actual="default",
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "CHK-03": (
        Mutant(
            "stream",
            frame(-2, lambda p: failed(p).replace(b'"object":"chat.completion.chunk",', b"")),
        ),
    ),
    "CHK-02": (Mutant("stream", frame(3, lambda p: p.replace(b'"model":"glm-4.6",', b""))),),
    "CHK-04": (
        # Of two choices, one has another index.
        Mutant("stream", frame(2, lambda p: p.replace(b'"choices":[', b'"choices":[{"index":1},'))),
    ),
    "CHK-05": (
        Mutant("stream", frame(2, lambda p: re.sub(rb'"content":"[^"]*"', b'"content":null', p))),
    ),
    "CHK-06": (
        Mutant("stream", EMPTY_ROLES),
        Mutant("stream", lambda a: sub(b'"stop"', b'"sensitive"')(sub(b"assistant", b"user")(a))),
        Mutant("tool-stream", lambda a: replace(a, chunks=(*a.chunks[:3], a.chunks[-1]))),
    ),
    "CHK-09": (
        Mutant("stream", number(b"created", DAY_BEFORE)),
        Mutant("stream", header("Date", "")),
        Mutant("stream", lambda a: header("Date", NEW_YEAR)(number(b"created", b"1767225600")(a))),
    ),
    "CHK-10": (
        Mutant(
            "stream",
            lambda a: sub(b'"stop"', b'"sensitive"')(replace(a, chunks=a.chunks[-2:])),
        ),
    ),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
