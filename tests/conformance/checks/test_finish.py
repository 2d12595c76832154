"""FIN: the finish_reason; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import Mutant, end_with_error, number, sub, swapped
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "FIN-01": (
        Mutant(
            "stream",
            sub(b'"index":0,"delta"', b'"index":0,"finish_reason":"stop","delta"'),
            "not the last chunk",
            path="$.choices[0].finish_reason",
            actual="stop",
            count=12,
        ),
        Mutant(
            "stream",
            swapped(-2, -3),
            "not the last chunk",
            path="$.choices[0].finish_reason",
            actual="stop",
            count=2,
        ),
        Mutant(
            "stream",
            sub(b'"finish_reason":"stop"', b'"finish_reason":null'),
            "no finish_reason",
            path="$.choices[0]",
        ),
    ),
    "FIN-02": (
        Mutant(
            "stream",
            sub(b'"stop"', b'"eos"'),
            "unknown",
            path="$.choices[0].finish_reason",
            actual="eos",
            also="FIN-04",
        ),
        Mutant(
            "plain",
            sub(b'"finish_reason":"stop"', b'"finish_reason":"end_turn"'),
            "unknown",
            path="$.choices[0].finish_reason",
            actual="end_turn",
            also="FIN-04",
        ),
    ),
    "FIN-03": (
        Mutant(
            "length",
            sub(b'"length"', b'"stop"'),
            "unexpected finish_reason",
            path="$.choices[0].finish_reason",
            actual="stop",
            also="EQV-03",
        ),
        Mutant(
            "length-plain",
            sub(b'"length"', b'"stop"'),
            "unexpected finish_reason",
            path="$.choices[0].finish_reason",
            actual="stop",
            also="EQV-03",
        ),
    ),
    "FIN-04": (
        Mutant(
            "stream",
            sub(b'"stop"', b'"length"'),
            "not stopped",
            path="$.choices[0].finish_reason",
            actual="length",
        ),
        Mutant(
            "plain",
            sub(b'"finish_reason":"stop"', b'"finish_reason":"sensitive"'),
            "not stopped",
            path="$.choices[0].finish_reason",
            actual="sensitive",
        ),
        Mutant(
            "stream",
            lambda a: number(b"completion_tokens", b"32")(sub(b'"stop"', b'"sensitive"')(a)),
            "not stopped",
            path="$.choices[0].finish_reason",
            actual="sensitive",
            also="USE-02",
        ),
    ),
    "FIN-05": (
        Mutant(
            "stop", sub(b'ive "', b'ive six"'), "not stopped", actual="one two three four five six"
        ),
        Mutant(
            "stop",
            sub(b'ive "', b'ive, seven"'),
            "not stopped",
            actual="one two three four five, seven",
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "FIN-01": (
        Mutant("stream", sub(b'0,"delta"', b'0,"finish_reason":null,"delta"')),
        Mutant("stream", end_with_error),
    ),
    "FIN-04": (
        Mutant(
            "stream", lambda a: number(b"completion_tokens", b"32")(sub(b'"stop"', b'"length"')(a))
        ),
    ),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
