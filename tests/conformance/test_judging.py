"""How a verdict comes about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mockglm.conformance.capabilities import Profile
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import Evidence, judge, review
from mockglm.conformance.seen import Seen
from mockglm.conformance.soak import interval
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS, evidence, exchange, refusal

NOT_KEPT = ("TRN-04", "CHK-09", "HDR-01")


def test_what_the_model_does_not_claim_is_not_applicable() -> None:
    plain = replace(evidence(), profile=Profile(thinking="none", tools=False))
    assert judge(CHECKS["RSN-02"], plain).verdict == "not_applicable"
    assert judge(CHECKS["TOL-01"], plain).verdict == "not_applicable"


def test_what_was_not_sent_is_not_testable() -> None:
    nothing = Evidence({}, Profile(), unsent={"stream": "stream was not sent: no key"})
    result = judge(CHECKS["SSE-05"], nothing)
    assert (result.verdict, result.cause) == ("not_testable", "stream was not sent: no key")
    assert judge(CHECKS["JSN-01"], nothing).cause == "plain was not sent"


def test_a_claim_that_is_refused_is_a_failure() -> None:
    refused = evidence({"tools": exchange("tools", refusal(400, "1210", "no tools"))})
    assert judge(CHECKS["TOL-01"], refused).verdict == "not_testable"


def test_a_model_that_does_not_cooperate_is_not_exercised() -> None:
    reluctant = evidence({"tools": exchange("tools", ANSWERS["stream"])})
    result = judge(CHECKS["TOL-01"], reluctant)
    assert (result.verdict, result.cause) == ("not_exercised", "no tool call in tools (status 200)")


def test_a_refusal_proves_nothing_where_nothing_is_accepted() -> None:
    only = {"bad-key": Seen("bad-key", exchange("bad-key"))}
    result = judge(CHECKS["AUT-01"], Evidence(only, Profile()))
    assert result.verdict == "not_testable"
    assert "no good request was answered" in result.cause


def test_a_broken_exchange_of_another_probe_is_found_too() -> None:
    mutant = MUTANTS["CHK-05"][0]
    changed = evidence({"length": exchange("length", mutant.change(ANSWERS["length"]))})
    result = judge(CHECKS["CHK-05"], changed)
    assert result.verdict == "fail"
    assert {finding.exchange for finding in result.findings} == {"length"}


def test_recordings_are_judged_by_what_needs_no_probe() -> None:
    recorded = [Seen("a-1", exchange("stream")), Seen("a-2", exchange("tools-plain"))]
    assert review(CHECKS["SSE-05"], recorded).exchanges == ("a-1",)
    assert review(CHECKS["TOL-07"], recorded).exchanges == ("a-2",)
    assert review(CHECKS["EQV-01"], recorded).verdict == "not_applicable"
    assert review(CHECKS["ERR-03"], recorded).verdict == "not_applicable"


def test_a_recording_that_is_broken_is_a_violation() -> None:
    mutant = MUTANTS["SSE-05"][0]
    result = review(CHECKS["SSE-05"], [Seen("a-1", exchange("stream", mutant.answer()))])
    assert (result.verdict, result.findings[0].exchange) == ("fail", "a-1")


@pytest.mark.parametrize("id", CHECKS)
def test_what_recordings_do_not_keep_is_not_held_against_them(id: str) -> None:
    result = judge(CHECKS[id], replace(evidence(), recorded=True))
    assert (result.cause == "recordings do not keep it") == (id in NOT_KEPT)


def test_random_ids_of_one_maker_are_of_one_form() -> None:
    streamed = MUTANTS["EQV-05"][0].change
    pair = {"stream": streamed(ANSWERS["stream"]), "plain": ANSWERS["plain"]}
    named = {
        name: replace(answer, pieces=tuple((at, p.replace(old, new)) for at, p in answer.pieces))
        for (name, answer), old, new in zip(
            pair.items(),
            (b"chatcmpl-20260729080000f0ab19", b'"20260729080000f0ab19'),
            (b"chatcmpl--x_BU5FYO9rVXazodPqR", b'"chatcmpl-6683yk2oeYBBY7DpPqRs'),
            strict=True,
        )
    }
    changed = evidence({name: exchange(name, answer) for name, answer in named.items()})
    assert judge(CHECKS["EQV-05"], changed).findings == ()


@pytest.mark.parametrize(
    ("failed", "count", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 5, 0.0362, 0.6245),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
    ],
)
def test_the_interval_is_wilsons(failed: int, count: int, low: float, high: float) -> None:
    assert interval(failed, count) == pytest.approx((low, high), abs=1e-4)
