"""Every check can fail, and does so over what breaks its requirement."""

from __future__ import annotations

import pytest

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import judge
from tests.conformance.collateral import COLLATERAL
from tests.conformance.findings import known, told
from tests.conformance.mutants import ALLOWED, MUTANTS, Mutant
from tests.conformance.reference import ANSWERS, evidence, exchange

CASES = [(id, mutant) for id, mutants in MUTANTS.items() for mutant in mutants]
IDS = [f"{id}-{number}" for id, mutants in MUTANTS.items() for number, _ in enumerate(mutants)]

FREE = [(id, mutant) for id, mutants in ALLOWED.items() for mutant in mutants]


def test_every_check_has_a_mutant() -> None:
    assert MUTANTS.keys() == CHECKS.keys()


@pytest.mark.parametrize(("id", "mutant"), CASES, ids=IDS)
def test_the_mutant_is_caught(id: str, mutant: Mutant) -> None:
    result = judge(CHECKS[id], evidence({mutant.probe: exchange(mutant.probe, mutant.answer())}))

    assert result.findings, result.cause
    verdict = {"MUST": "fail", "SHOULD": "warn", "NOTE": "pass"}[result.check.level]
    assert result.verdict == verdict
    assert {finding.exchange for finding in result.findings} & {mutant.probe}


@pytest.mark.parametrize(("id", "mutant"), CASES, ids=IDS)
def test_a_finding_lies_in_the_bytes_that_were_changed(id: str, mutant: Mutant) -> None:
    before, after = ANSWERS[mutant.probe].body, mutant.answer().body
    result = judge(CHECKS[id], evidence({mutant.probe: exchange(mutant.probe, mutant.answer())}))
    places = [f.at for f in result.findings if f.exchange == mutant.probe and f.at is not None]

    assert all(0 <= at < len(after) for at in places)
    if before != after and places and mutant.probe in ("stream", "thinking", "tools"):
        first = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
        start = after.rfind(b"data:", 0, first + 1)
        assert any(at >= start for at in places)


@pytest.mark.parametrize(("id", "mutant"), CASES, ids=IDS)
def test_what_else_it_breaks_is_on_record(
    id: str, mutant: Mutant, request: pytest.FixtureRequest
) -> None:
    changed = evidence({mutant.probe: exchange(mutant.probe, mutant.answer())})
    results = {other: judge(check, changed) for other, check in CHECKS.items()}
    others = {other for other, result in results.items() if result.findings} - {id}

    assert all(result.verdict != "error" for result in results.values())
    assert " ".join(sorted(others)) == COLLATERAL.get(request.node.callspec.id, "")


@pytest.mark.parametrize(("id", "mutant"), CASES, ids=IDS)
def test_what_is_said_of_it_is_on_record(
    id: str, mutant: Mutant, request: pytest.FixtureRequest
) -> None:
    assert told(id, mutant) == known()[request.node.callspec.id]


@pytest.mark.parametrize(
    ("id", "mutant"), FREE, ids=[f"{id}-{i}" for i, (id, _) in enumerate(FREE)]
)
def test_what_is_allowed_passes(id: str, mutant: Mutant) -> None:
    result = judge(CHECKS[id], evidence({mutant.probe: exchange(mutant.probe, mutant.answer())}))
    assert (result.verdict, result.findings) == ("pass", ())
