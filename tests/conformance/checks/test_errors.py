"""ERR: errors; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import (
    ACCEPTED,
    BAD_GATEWAY,
    ERROR,
    HTML,
    OTHER_CODE,
    Mutant,
    body,
    end_with_error,
    frame,
    header,
    instead,
    status,
    sub,
)
from tests.conformance.reference import refusal
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "ERR-01": (
        Mutant(
            "bad-model",
            sub(b'"1211"', b"1211"),
            "unexpected code",
            path="$.error.code",
            actual="1211",
            also="EQV-06 ERR-03",
        ),
        Mutant(
            "bad-model",
            sub(b'"1211"', b'"model_not_found"'),
            "unexpected code",
            path="$.error.code",
            actual='"model_not_found"',
            also="EQV-06 ERR-03",
        ),
        Mutant(
            "bad-model",
            sub(b'"error"', b'"detail"'),
            "no error",
            path="$",
            actual='{"detail":{"code":"1211","message":"模型不存…',
            also="ERR-03",
        ),
        Mutant(
            "bad-model",
            sub(b'"message"', b'"msg"'),
            "no message",
            path="$.error.message",
            actual="null",
        ),
        Mutant(
            "bad-model",
            sub("模型不存在，请检查模型代码。".encode(), b""),
            "no message",
            path="$.error.message",
            actual="",
        ),
        Mutant(
            "bad-model",
            body(b'{"error":{"code":"1211","message":5}}'),
            "no message",
            path="$.error.message",
            actual="5",
        ),
    ),
    "ERR-02": (
        Mutant(
            "bad-model",
            status(200),
            "200",
            path="$",
            actual='{"error": {"code": "1211", "message": "模…',
            also="ERR-03 JSN-01",
        ),
        Mutant(
            "stream",
            frame(0, lambda p: ERROR),
            "200",
            path="$",
            actual='{"error": {"code": "1234", "message": "I…',
            also="EQV-07 ERR-12",
        ),
        Mutant(
            "bad-model",
            lambda a: status(200)(body(b'{"code":500,"msg":"404 NOT_FOUND"}')(a)),
            "200",
            path="$",
            actual='{"code": 500, "msg": "404 NOT_FOUND"}',
            also="ERR-03 JSN-01",
        ),
    ),
    "ERR-03": (
        Mutant(
            "bad-model",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"choices":[{"finish_reason":"stop",…',
            also="JSN-05 JSN-07",
        ),
        Mutant(
            "bad-model",
            OTHER_CODE,
            "unexpected answer",
            actual='400 {"error":{"code":"1234","message":"网络错误"}}',
            also="EQV-06",
        ),
        Mutant(
            "bad-model",
            status(500),
            "unexpected answer",
            actual='500 {"error":{"code":"1211","message":"模…',
            also="EQV-06",
        ),
    ),
    "ERR-04": (
        Mutant(
            "no-messages",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"choices":[{"finish_reason":"stop",…',
            also="JSN-05",
        ),
        Mutant(
            "no-messages",
            OTHER_CODE,
            "unexpected answer",
            actual='400 {"error":{"code":"1234","message":"网络错误"}}',
        ),
    ),
    "ERR-05": (
        Mutant(
            "bad-json",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"choices":[{"finish_reason":"stop",…',
        ),
        Mutant(
            "bad-json",
            status(500),
            "unexpected answer",
            actual='500 {"error":{"code":"1210","message":"A…',
        ),
    ),
    "ERR-06": (
        Mutant(
            "bad-role",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"choices":[{"finish_reason":"stop",…',
            also="JSN-05",
        ),
        Mutant(
            "bad-role",
            OTHER_CODE,
            "unexpected answer",
            actual='400 {"error":{"code":"1234","message":"网络错误"}}',
        ),
    ),
    "ERR-07": (
        Mutant(
            "bad-temperature",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"choices":[{"finish_reason":"stop",…',
            also="JSN-05",
        ),
        Mutant(
            "bad-temperature",
            OTHER_CODE,
            "unexpected answer",
            actual='400 {"error":{"code":"1234","message":"网络错误"}}',
        ),
    ),
    "ERR-08": (
        Mutant(
            "bad-model-stream",
            header("Content-Type", "text/event-stream"),
            "not JSON",
            actual='text/event-stream: {"error":{"code":"121…',
        ),
        Mutant(
            "bad-model-stream",
            body(ERROR),
            "not JSON",
            actual="application/json; charset=UTF-8: data: {…",
            also="ERR-01",
        ),
    ),
    "ERR-09": (
        Mutant(
            "bad-path",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"choices":[{"finish_reason":"stop",…',
            also="JSN-05",
        ),
    ),
    "ERR-10": (
        Mutant(
            "bad-model",
            body(HTML),
            "markup or a trace",
            actual="<html><head><title>405 Not Allowed</titl…",
            at=b"<html><head>",
            also="ERR-01 ERR-03",
        ),
        Mutant(
            "bad-model",
            sub("模型不存在".encode(), b"Traceback (most recent call last)"),
            "markup or a trace",
            actual='Traceback (most recent call last)，请检查模型代码。"}}',
            at=b"Traceback (m",
        ),
    ),
    "ERR-11": (
        Mutant(
            "afterwards",
            instead(refusal(500, "1234", "网络错误")),
            "unexpected answer",
            actual='500 {"error":{"code":"1234","message":"网络错误"}}',
        ),
    ),
    "ERR-12": (
        Mutant(
            "failing",
            frame(0, lambda p: ERROR),
            "the stream went on",
            actual='{"id":"20260729080000f0ab19f8cb470c01","…',
            at=b'data: {"id":',
            also="ERR-02",
        ),
        Mutant(
            "failing",
            frame(-2, lambda p: b'data: {"error":"network"}\n\n'),
            "no error object",
            path="$.error",
            actual="network",
        ),
        Mutant(
            "failing",
            frame(-2, lambda p: b'data: {"error":{"code":"1234"}}\n\n'),
            "no error object",
            path="$.error",
            actual='{"code": "1234"}',
        ),
        Mutant(
            "stream",
            frame(3, lambda p: ERROR),
            "the stream went on",
            actual='{"id":"20260729080000f0ab19f8cb470c01","…',
            at=b'data: {"id":',
            also="EQV-07",
        ),
    ),
    "ERR-13": (
        Mutant(
            "bad-method",
            status(404),
            "unexpected answer",
            actual='404 {"timestamp":"2026-07-29T00:00:01.21…',
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "ERR-01": (
        Mutant("bad-model", BAD_GATEWAY),
        Mutant("bad-model", lambda a: status(500)(BAD_GATEWAY(a))),
    ),
    "ERR-02": (Mutant("stream", end_with_error),),
    "ERR-03": (
        Mutant("bad-model", sub(b'"1211"', b'"1214"')),
        Mutant("bad-model", status(404)),
    ),
    "ERR-10": (
        Mutant("bad-model", BAD_GATEWAY),
        Mutant("bad-model", status(405)),
        Mutant("bad-model", lambda a: status(500)(BAD_GATEWAY(a))),
        Mutant("bad-model", lambda a: status(405)(BAD_GATEWAY(a))),
    ),
    "ERR-12": (Mutant("stream", end_with_error),),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
