"""ENV, KEY: errors and keys; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mockglm.exchange import Response
from tests.conformance.changes import HTML, Mutant, body, frame, header, instead, status, sub
from tests.conformance.message_reference import (
    LOG_ID,
    MESSAGE_ANSWERS,
    envelope,
    event,
    json_answer,
)
from tests.conformance.requirements import assert_passes, assert_reported, cases

ACCEPTED = instead(MESSAGE_ANSWERS["message-bearer"])
WRONG = instead(json_answer(401, {"error": {"message": "wrong", "type": "401"}}))
SECRET = b"0" * 32 + b"." + b"W" * 16


def _failed(message: object) -> Response:
    """A refusal whose error has a message of any type."""
    error = {"type": "api_error", "code": "500", "message": message}
    return json_answer(500, {"type": "error", "error": error, "request_id": LOG_ID})


BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "ENV-01": (
        Mutant("message-bad-limit", body(b"oops"), "no envelope", actual="oops", also="ENV-08"),
        Mutant(
            "message-bad-limit",
            body(b'{"type":"error"}'),
            "no envelope",
            path="$",
            actual='{"type":"error"}',
            at=b'{"type":"error"}',
            also="ENV-08",
        ),
        Mutant(
            "message-bad-shape",
            instead(_failed(message="")),
            "no message",
            path="$.error.message",
            actual="",
            at=b'"message":""},"r',
            also="ENV-02 ENV-09",
        ),
        Mutant(
            "message-bad-shape",
            instead(_failed(message=5)),
            "no message",
            path="$.error.message",
            actual="5",
            at=b'"message":5},"re',
            also="ENV-02 ENV-09",
        ),
        Mutant(
            "message-bad-model",
            sub(b'{"type":"error",', b"{"),
            "no envelope",
            path="$",
            actual='{"error":{"type":"invalid_request_error"…',
            at=b'{"error":{"type"',
        ),
        Mutant(
            "message-bad-model",
            sub(b'"type":"invalid_request_error",', b""),
            "no type",
            path="$.error.type",
            actual="null",
            at=b'"type":"error","',
            also="ENV-03",
        ),
        Mutant(
            "message-bad-limit",
            body(HTML),
            "no envelope",
            actual="<html><head><title>405 Not Allowed</titl…",
            also="ENV-08",
        ),
    ),
    "ENV-02": (
        Mutant(
            "message-bad-model",
            sub(b'"code":"1211"', b'"code":"1210"'),
            "do not agree",
            path="$.error.message",
            actual="1211, 20260729080000f0ab19f8cb470c01",
            at=b'"message":"[1211',
            also="ENV-04",
        ),
        Mutant(
            "message-bad-model",
            sub(b"[1211]", b"1211: "),
            "no brackets",
            path="$.error.message",
            actual="1211: [Unknown Model, please check the m…",
            at=b'"message":"1211:',
        ),
        Mutant(
            "message-bad-model",
            sub(b'"request_id":"2026', b'"request_id":"2025'),
            "do not agree",
            path="$.error.message",
            actual="1211, 20260729080000f0ab19f8cb470c01",
            at=b'"message":"[1211',
        ),
    ),
    "ENV-03": (
        Mutant(
            "message-bad-limit",
            instead(envelope(500, "server_error", "500", "failed")),
            "another type",
            path="$.error.type",
            actual="server_error",
            at=b'"type":"error","',
            also="ENV-08",
        ),
        Mutant(
            "message-bad-model",
            sub(b"invalid_request_error", b"not_found_error"),
            "another type",
            path="$.error.type",
            actual="not_found_error",
            at=b'"type":"error","',
        ),
    ),
    "ENV-04": (
        Mutant(
            "message-bad-model",
            status(404),
            "unexpected answer",
            actual='404 {"type":"error","error":{"type":"inv…',
        ),
        Mutant(
            "message-bad-model",
            sub(b"1211", b"1210"),
            "unexpected answer",
            actual='400 {"type":"error","error":{"type":"inv…',
        ),
        Mutant(
            "message-bad-model",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"id":"msg_20260729080000f0ab19f8cb4…',
        ),
    ),
    "ENV-05": (
        Mutant(
            "message-bad-model-stream",
            status(200),
            "unexpected answer",
            actual='200 {"type":"error","error":{"type":"inv…',
        ),
        Mutant(
            "message-bad-model-stream",
            body(b"event: error\ndata: {}\n\n"),
            "unexpected answer",
            actual="400 event: error\ndata: {}\n\n",
            also="ENV-01",
        ),
    ),
    "ENV-06": (
        Mutant(
            "message-overload",
            status(500),
            "unexpected answer",
            actual='500 {"type":"error","error":{"type":"ove…',
        ),
        Mutant(
            "message-overload",
            instead(envelope(429, "overloaded_error", "500", "failed")),
            "unexpected answer",
            actual='429 {"type":"error","error":{"type":"ove…',
            also="ENV-03 OVR-02",
        ),
        Mutant(
            "message-overload",
            status(429),
            "unexpected answer",
            actual='429 {"type":"error","error":{"type":"ove…',
            also="ENV-03 OVR-02",
        ),
        Mutant(
            "message-overload",
            sub(b"overloaded_error", b"rate_limit_error"),
            "unexpected answer",
            actual='529 {"type":"error","error":{"type":"rat…',
            also="ENV-03",
        ),
    ),
    "ENV-07": (
        Mutant(
            "message-failing",
            sub(b"event: error\n", b"event: overloaded\n"),
            "not named",
            path="$",
            actual="overloaded",
            at=b"event: overloade",
            also="EVT-03",
        ),
        Mutant(
            "message-failing",
            sub(b'"message":"[500]', b'"msg":"[500]'),
            "no error object",
            path="$.error",
            actual='{"type": "overloaded_error", "code": "50…',
            at=b'"error","error":',
        ),
        Mutant(
            "message-failing",
            frame(-1, lambda p: p + event("ping")),
            "the stream went on",
            actual='{"type":"ping"}',
            at=b"event: ping\ndata",
            also="EVT-05",
        ),
    ),
    "ENV-08": (
        Mutant(
            "message-bad-limit",
            status(422),
            "unexpected answer",
            actual='422 {"type":"error","error":{"type":"inv…',
        ),
        Mutant(
            "message-bad-limit",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"id":"msg_20260729080000f0ab19f8cb4…',
            also="TOK-05",
        ),
        Mutant(
            "message-bad-limit",
            sub(b"1210", b"1211"),
            "unexpected answer",
            actual='400 {"type":"error","error":{"type":"inv…',
        ),
    ),
    "ENV-09": (
        Mutant(
            "message-bad-shape",
            body(HTML),
            "unexpected answer",
            actual="422 <html><head><title>405 Not Allowed</…",
        ),
        Mutant(
            "message-bad-shape",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"id":"msg_20260729080000f0ab19f8cb4…',
        ),
        Mutant(
            "message-bad-shape",
            sub(b'"detail":[', b'"details":['),
            "unexpected answer",
            actual='422 {"details":[{"type":"missing","loc":…',
        ),
        Mutant(
            "message-bad-shape",
            status(400),
            "unexpected answer",
            actual='400 {"detail":[{"type":"missing","loc":[…',
            also="ENV-01",
        ),
    ),
    "KEY-01": (
        Mutant(
            "message",
            WRONG,
            "unexpected answer",
            actual='401 {"error":{"message":"wrong","type":"401"}}',
        ),
    ),
    "KEY-02": (
        Mutant(
            "message-bearer",
            WRONG,
            "unexpected answer",
            actual='401 {"error":{"message":"wrong","type":"401"}}',
        ),
    ),
    "KEY-03": (
        Mutant("message-bad-key", body(b"{}"), "unexpected answer", actual="401 {}"),
        Mutant(
            "message-bad-key",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"id":"msg_20260729080000f0ab19f8cb4…',
        ),
        Mutant(
            "message-bad-key",
            status(403),
            "unexpected answer",
            actual='403 {"error":{"message":"令牌已过期或验证不正确","t…',
            also="ENV-01",
        ),
        Mutant(
            "message-bad-key",
            sub(b'"message"', b'"msg"'),
            "unexpected answer",
            actual='401 {"error":{"msg":"令牌已过期或验证不正确","type":"401"}}',
        ),
    ),
    "KEY-04": (
        Mutant(
            "message-no-key",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"id":"msg_20260729080000f0ab19f8cb4…',
        ),
    ),
    "KEY-05": (
        Mutant(
            "message-bad-key",
            body(SECRET),
            "the key came back",
            at=b"0000000000000000",
            also="KEY-03",
        ),
        Mutant(
            "message-bad-key",
            sub("令牌".encode(), SECRET),
            "the key came back",
            at=b"0000000000000000",
        ),
        Mutant("message-bad-key", header("X-Key", SECRET.decode()), "the key came back"),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "ENV-01": tuple(
        Mutant("message-bad-limit", instead(json_answer(code, {"detail": "…"})))
        for code in (401, 404, 405, 413, 422, 502, 503, 504)
    ),
    "ENV-06": (
        Mutant("message-overload", instead(envelope(500, "overloaded_error", "500", "failed"))),
    ),
    "ENV-02": (
        Mutant(
            "message-bad-limit", instead(json_answer(400, {"type": "error", "request_id": LOG_ID}))
        ),
        Mutant("message-bad-limit", instead(envelope(400, "invalid_request_error", "1210", "a]["))),
    ),
    "ENV-04": (Mutant("message-bad-model", sub(b"1211", b"1214")),),
    "ENV-07": (Mutant("message-failing", frame(-1, lambda p: p + b"data: [DONE]\n\n")),),
    "KEY-03": (Mutant("message-bad-key", sub(b'"type":"401"', b'"code":"1000"')),),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
