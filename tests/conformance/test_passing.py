"""Traffic is judged as it passes."""

from __future__ import annotations

import pytest

from mockglm.conformance.passing import broken
from mockglm.conformance.probes import PROBES
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import exchange


@pytest.mark.parametrize("name", PROBES)
def test_good_traffic_passes(name: str) -> None:
    assert broken("1", exchange(name)) == ()


def test_what_breaks_in_traffic_is_told() -> None:
    results = broken("1", exchange("tools", MUTANTS["TOL-05"][0].answer()))
    assert [result.check.id for result in results] == ["TOL-05"]
    assert results[0].findings[0].exchange == "1"
