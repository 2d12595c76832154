"""The two assertions about a check: it reports what breaks it, and passes what does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mockglm.conformance.checks import CHECKS, MESSAGE_CHECKS
from mockglm.conformance.registry import Catalogue
from mockglm.conformance.verdicts import RunEvidence, judge_run
from mockglm.exchange import Response
from tests.conformance import message_reference, reference
from tests.conformance.changes import Mutant

VERDICTS = {"MUST": "fail", "SHOULD": "warn", "NOTE": "pass"}


def cases(table: Mapping[str, tuple[Mutant, ...]]) -> list[Any]:
    """The parameters of a test: each mutant with the id of its check."""
    return [
        pytest.param(id, mutant, id=f"{id}-{number}")
        for id, mutants in table.items()
        for number, mutant in enumerate(mutants)
    ]


def assert_reported(id: str, mutant: Mutant) -> None:
    """The check reports the change as the mutant says, and only the named checks do so too."""
    answer = mutant.answer()
    changed = changed_evidence(id, mutant.probe, answer)
    results = {other: judge_run(check, changed) for other, check in set_of(id).items()}
    result = results[id]

    assert result.verdict == VERDICTS[result.check.level], result.cause
    assert len(result.findings) == mutant.count
    first = next(f for f in result.findings if f.exchange == mutant.probe)
    assert first.message == mutant.message
    assert first.path == mutant.path
    assert _agrees(first.actual, mutant.actual)
    assert mutant.expected in (None, first.expected)
    assert first.at is None or 0 <= first.at < len(answer.body)
    if mutant.at is not None:
        assert first.at is not None
        assert answer.body[first.at :].startswith(mutant.at)
    assert {other for other, found in results.items() if found.findings} == {
        id,
        *mutant.also.split(),
    }
    assert [found.cause for found in results.values() if found.verdict == "error"] == []


def assert_passes(id: str, mutant: Mutant) -> None:
    """The check has nothing to report about the change."""
    result = judge_run(set_of(id)[id], changed_evidence(id, mutant.probe, mutant.answer()))
    assert (result.verdict, result.findings) == ("pass", ())


def set_of(id: str) -> Catalogue:
    """The set that a check is in."""
    return CHECKS if id in CHECKS else MESSAGE_CHECKS


def reference_evidence(id: str) -> RunEvidence:
    """The evidence of the reference for the set that a check is in."""
    return reference.evidence() if id in CHECKS else message_reference.evidence()


def changed_evidence(id: str, probe: str, answer: Response) -> RunEvidence:
    """The same with another answer to one probe."""
    if id in CHECKS:
        return reference.evidence({probe: reference.exchange(probe, answer)})
    return message_reference.evidence({probe: message_reference.exchange(probe, answer)})


def _agrees(actual: str | None, expected: str | None) -> bool:
    """True if a value is the expected one, or begins as one that ends with an ellipsis."""
    if actual is None or expected is None or not expected.endswith("…"):
        return actual == expected
    return actual.startswith(expected[:-1])
