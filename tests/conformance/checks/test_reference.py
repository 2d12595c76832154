"""The checks pass the answers that the service was recorded to send."""

from __future__ import annotations

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.verdicts import judge_run
from tests.conformance.reference import evidence


def test_all_checks_pass_the_reference() -> None:
    results = {id: judge_run(check, evidence()) for id, check in CHECKS.items()}
    assert {id: r.cause for id, r in results.items() if r.verdict != "pass"} == {
        "LIM-02": "no Retry-After in burst (status 429)"
    }
    assert {id: r.findings for id, r in results.items() if r.findings} == {}
