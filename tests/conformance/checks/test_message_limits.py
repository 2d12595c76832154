"""OVR: answers beyond limits; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import Mutant, close_early, frame, instead, status, sub
from tests.conformance.message_reference import MESSAGE_ANSWERS, envelope
from tests.conformance.requirements import assert_passes, assert_reported, cases

STREAM = MESSAGE_ANSWERS["message-stream"]
TOO_LONG = envelope(400, "invalid_request_error", "1261", "prompt is too long")
CODES = "1302 or 1303 or 1305 or 1308 or 1310 or 1113 or 1312 or 1313"
BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "OVR-01": (
        Mutant(
            "message-overflow",
            sub(b"model_context_window_exceeded", b"end_turn"),
            "unexpected answer",
            expected="200 and model_context_window_exceeded",
            actual='200 {"id":"msg_20260729080000f0ab19f8cb4…',
        ),
        Mutant(
            "message-overflow",
            instead(envelope(400, "invalid_request_error", "1210", "too long")),
            "unexpected answer",
            actual='400 {"type":"error","error":{"type":"inv…',
        ),
        Mutant(
            "message-overflow",
            instead(envelope(500, "api_error", "1261", "too long")),
            "unexpected answer",
            actual='500 {"type":"error","error":{"type":"api…',
        ),
    ),
    "OVR-02": (
        Mutant(
            "message-burst",
            sub(b'"1302"', b'"1210"'),
            "not as a limit",
            path="$.error.code",
            expected=f"rate_limit_error, {CODES}",
            actual="rate_limit_error, 1210",
            at=b'"code":"1210","m',
            also="ENV-02",
        ),
        Mutant(
            "message-burst",
            sub(b"rate_limit_error", b"overloaded_error"),
            "not as a limit",
            path="$.error.code",
            actual="overloaded_error, 1302",
            at=b'"code":"1302","m',
            also="ENV-03 ENV-06",
        ),
    ),
    "OVR-03": (
        Mutant(
            "message-burst",
            status(503),
            "unexpected answer",
            expected="200, 429 or 529",
            actual='503 {"type":"error","error":{"type":"rat…',
        ),
        Mutant(
            "message-burst",
            close_early,
            "not whole",
            expected="a whole message, or 429",
            actual="close",
        ),
        Mutant(
            "message-burst",
            instead(frame(-2, lambda piece: b"")(STREAM)),
            "not whole",
            actual="no stop_reason",
            also="EVT-06",
        ),
    ),
}
ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "OVR-01": (Mutant("message-overflow", instead(TOO_LONG)),),
    "OVR-03": (
        Mutant("message-burst", instead(STREAM)),
        Mutant("message-burst", instead(MESSAGE_ANSWERS["message-overload"])),
    ),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
