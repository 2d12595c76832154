"""LIM: refusals at the limits; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from tests.conformance.changes import ACCEPTED, Mutant, close_early, header, status, sub
from tests.conformance.reference import ANSWERS
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "LIM-01": (
        Mutant(
            "burst",
            sub(b'"1302"', b'"1210"'),
            "unexpected code",
            path="$.error.code",
            actual="1210",
        ),
    ),
    "LIM-02": (
        Mutant("burst", header("Retry-After", "soon"), "neither seconds nor a date", actual="soon"),
        Mutant("burst", header("Retry-After", "-1"), "neither seconds nor a date", actual="-1"),
    ),
    "LIM-03": (
        Mutant(
            "overflow",
            status(500),
            "unexpected answer",
            actual='500 {"error":{"code":"1261","message":"P…',
        ),
        Mutant(
            "overflow",
            sub(b"1261", b"1234"),
            "unexpected answer",
            actual='400 {"error":{"code":"1234","message":"P…',
        ),
    ),
    "LIM-04": (
        Mutant(
            "burst",
            status(500),
            "unexpected answer",
            actual='500 {"error":{"code":"1302","message":"您…',
        ),
        Mutant("burst", close_early, "not whole", actual="no finish_reason"),
        Mutant(
            "burst",
            lambda a: replace(ANSWERS["stream"], chunks=a.chunks),
            "not whole",
            actual="no finish_reason",
            also="ERR-02",
        ),
    ),
    "LIM-05": (
        Mutant(
            "ceiling",
            ACCEPTED,
            "unexpected answer",
            actual='200 {"choices":[{"finish_reason":"stop",…',
            also="JSN-05",
        ),
        Mutant(
            "ceiling",
            sub(b'"1210"', b'"1214"'),
            "unexpected answer",
            actual='400 {"error":{"code":"1214","message":"m…',
        ),
        Mutant(
            "ceiling",
            status(500),
            "unexpected answer",
            actual='500 {"error":{"code":"1210","message":"m…',
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "LIM-02": (
        Mutant("burst", header("Retry-After", "120")),
        Mutant("burst", header("Retry-After", "Wed, 29 Jul 2026 00:00:01 GMT")),
    ),
    "LIM-03": (Mutant("overflow", status(413)),),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
