"""AUT: credentials; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import (
    ACCEPTED,
    OTHER_CODE,
    Mutant,
    body,
    header,
    instead,
    status,
    sub,
)
from tests.conformance.reference import refusal
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "AUT-01": (
        Mutant(
            "bad-key",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"choices":[{"finish_reason":"stop",…',
            also="JSN-05",
        ),
        Mutant(
            "bad-key",
            OTHER_CODE,
            "unexpected answer",
            actual='400 {"error":{"code":"1234","message":"网络错误"}}',
        ),
        Mutant(
            "bad-key",
            status(403),
            "unexpected answer",
            actual='403 {"error":{"code":"401","message":"令牌…',
        ),
    ),
    "AUT-02": (
        Mutant(
            "no-key",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"choices":[{"finish_reason":"stop",…',
            also="JSN-05",
        ),
        Mutant(
            "no-key",
            OTHER_CODE,
            "unexpected answer",
            actual='400 {"error":{"code":"1234","message":"网络错误"}}',
        ),
    ),
    "AUT-03": (
        Mutant(
            "plain",
            instead(refusal(401, "401", "token expired or incorrect")),
            "unexpected answer",
            actual='401 {"error":{"code":"401","message":"to…',
        ),
    ),
    "AUT-04": (
        Mutant(
            "jwt",
            instead(refusal(401, "401", "token expired or incorrect")),
            "unexpected answer",
            actual='401 {"error":{"code":"401","message":"to…',
        ),
    ),
    "AUT-05": (
        Mutant(
            "jwt-expired",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"choices":[{"finish_reason":"stop",…',
            also="JSN-05",
        ),
        Mutant(
            "jwt-expired",
            OTHER_CODE,
            "unexpected answer",
            actual='400 {"error":{"code":"1234","message":"网络错误"}}',
        ),
    ),
    "AUT-06": (
        Mutant(
            "bad-key",
            sub("令牌".encode(), b"0" * 32 + b"." + b"W" * 16),
            "the credential came back",
            at=b"000000000000",
        ),
        Mutant("bad-key", header("X-Key", "0" * 32 + "." + "W" * 16), "the credential came back"),
        Mutant(
            "bad-key",
            body(b"0" * 32 + b"." + b"W" * 16),
            "the credential came back",
            at=b"000000000000",
            also="AUT-01 ERR-01",
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "AUT-01": (Mutant("bad-key", sub(b'"401"', b'"1002"')),),
    "AUT-05": (Mutant("jwt-expired", sub(b'"1003"', b'"401"')),),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
