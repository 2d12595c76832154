"""HDR and TIM: headers and times; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import Mutant, header, sub, timed
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "HDR-01": (
        Mutant("plain", header("Date", ""), "no date", actual="none"),
        Mutant("plain", header("Date", "today"), "no date", actual="today"),
    ),
    "HDR-02": (Mutant("bad-model", header("X-Log-Id", ""), "no id"),),
    "TIM-01": (Mutant("stream", timed(lambda i: 11.0 + i), "slow", actual="11.0 s"),),
    "TIM-02": (Mutant("stream", timed(lambda i: 1.0 + 11 * i), "a gap", actual="11.0 s"),),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "HDR-02": (
        Mutant(
            "bad-model",
            lambda a: header("X-Log-Id", "")(sub(b'{"error"', b'{"request_id":"a","error"')(a)),
        ),
    ),
    "TIM-01": (Mutant("stream", timed(lambda i: 10.0 + i)),),
    "TIM-02": (Mutant("stream", timed(lambda i: 1.0 + 10 * i)),),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
