"""Verdicts: obstacles, levels, recordings, rates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from mockglm.conformance.capabilities import Capabilities
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.json_path import CheckFinding
from mockglm.conformance.verdicts import RunEvidence, judge_recordings, judge_run, wilson_interval
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import Response
from tests.conformance.changes import number, sub
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS, STREAM_TYPE, evidence, exchange, refusal, view

NOT_KEPT = {"TRN-04", "CHK-09", "HDR-01"}


def test_a_check_of_a_missing_capability_is_not_applicable() -> None:
    plain = replace(evidence(), capabilities=Capabilities(thinking="none", tools=False))
    assert judge_run(CHECKS["RSN-02"], plain).verdict == "not_applicable"
    assert judge_run(CHECKS["TOL-01"], plain).verdict == "not_applicable"


def test_a_check_of_an_unsent_probe_is_not_testable() -> None:
    nothing = RunEvidence({}, Capabilities(), unsent={"stream": "stream was not sent: no key"})
    result = judge_run(CHECKS["SSE-05"], nothing)
    assert (result.verdict, result.cause) == ("not_testable", "stream was not sent: no key")
    assert judge_run(CHECKS["JSN-01"], nothing).cause == "plain was not sent"


def test_a_refused_capability_is_not_testable() -> None:
    refused = evidence({"tools": exchange("tools", refusal(400, "1210", "no tools"))})
    assert judge_run(CHECKS["TOL-01"], refused).verdict == "not_testable"


def test_a_check_is_not_exercised_by_a_reluctant_model() -> None:
    reluctant = evidence({"tools": exchange("tools", ANSWERS["stream"])})
    result = judge_run(CHECKS["TOL-01"], reluctant)
    assert (result.verdict, result.cause) == ("not_exercised", "no tool call in tools (status 200)")


def test_a_refusal_is_not_testable_without_a_success() -> None:
    only = {"bad-key": ExchangeView("bad-key", exchange("bad-key"))}
    result = judge_run(CHECKS["AUT-01"], RunEvidence(only, Capabilities()))
    assert result.verdict == "not_testable"
    assert "no good request was answered" in result.cause


def test_a_check_judges_the_exchanges_of_other_probes() -> None:
    mutant = MUTANTS["CHK-05"][0]
    changed = evidence({"length": exchange("length", mutant.change(ANSWERS["length"]))})
    result = judge_run(CHECKS["CHK-05"], changed)
    assert result.verdict == "fail"
    assert {finding.exchange for finding in result.findings} == {"length"}


def test_recordings_are_judged_by_checks_that_need_no_probe() -> None:
    recorded = [
        ExchangeView("a-1", exchange("stream")),
        ExchangeView("a-2", exchange("tools-plain")),
    ]
    assert judge_recordings(CHECKS["SSE-05"], recorded).exchanges == ("a-1",)
    assert judge_recordings(CHECKS["TOL-07"], recorded).exchanges == ("a-2",)
    assert judge_recordings(CHECKS["EQV-01"], recorded).verdict == "not_applicable"
    assert judge_recordings(CHECKS["ERR-03"], recorded).verdict == "not_applicable"


def test_a_broken_recording_fails() -> None:
    mutant = MUTANTS["SSE-05"][0]
    result = judge_recordings(
        CHECKS["SSE-05"], [ExchangeView("a-1", exchange("stream", mutant.answer()))]
    )
    assert (result.verdict, result.findings[0].exchange) == ("fail", "a-1")


def test_live_checks_are_not_applicable_to_recordings() -> None:
    recorded = replace(evidence(), is_recorded=True)
    results = [judge_run(check, recorded) for check in CHECKS.values()]
    unkept = {r.check.id for r in results if r.cause == "recordings do not keep it"}
    assert unkept == NOT_KEPT


def test_a_cut_reply_is_not_compared() -> None:
    thought = number(b"completion_tokens", b"32")(sub(b'"stop"', b'"length"')(ANSWERS["stream"]))
    cut = sub(b'"content":"', b'"reasoning_content":"')(thought)
    result = judge_run(CHECKS["EQV-01"], evidence({"stream": exchange("stream", cut)}))
    assert (result.verdict, result.findings) == ("not_exercised", ())


def test_usage_details_may_be_absent_in_one_form() -> None:
    bare = sub(b'"prompt_tokens_details":{"cached_tokens":4},', b"")(ANSWERS["plain"])
    assert (
        judge_run(CHECKS["EQV-04"], evidence({"plain": exchange("plain", bare)})).verdict == "pass"
    )


def test_an_exception_in_a_check_is_an_error() -> None:
    def broken(view: ExchangeView) -> Iterator[CheckFinding]:
        yield CheckFinding(view.name[99])

    check = replace(CHECKS["SSE-05"], run=broken)
    for result in (
        judge_run(check, evidence()),
        judge_recordings(check, [ExchangeView("a", exchange("stream"))]),
    ):
        assert result.verdict == "error"
        assert result.cause.startswith(
            "internal error, please report it: IndexError: string index out of range (test_ver"
        )


def test_a_refused_attempt_is_not_judged_as_its_probe() -> None:
    busy = refusal(429, "1302", "您的账户已达到速率限制，请您控制请求频率")
    aside = replace(
        evidence(), more=(ExchangeView("tool-result-1", exchange("tool-result", busy)),)
    )
    assert judge_run(CHECKS["TOL-09"], aside).verdict == "pass"
    assert "tool-result-1" in judge_run(CHECKS["ERR-01"], aside).exchanges


def test_an_unanswered_copy_is_reported() -> None:
    gone = ExchangeView("burst-2", exchange("burst", error="ReadError: reset"))
    result = judge_run(CHECKS["LIM-04"], replace(evidence(), more=(gone,)))
    assert [(f.exchange, f.actual) for f in result.findings] == [("burst-2", "ReadError: reset")]


def test_random_ids_of_one_generator_have_the_same_form() -> None:
    streamed = MUTANTS["EQV-05"][0].change
    pair = {"stream": streamed(ANSWERS["stream"]), "plain": ANSWERS["plain"]}
    named = {
        name: replace(answer, chunks=tuple((at, p.replace(old, new)) for at, p in answer.chunks))
        for (name, answer), old, new in zip(
            pair.items(),
            (b"chatcmpl-20260729080000f0ab19", b'"20260729080000f0ab19'),
            (b"chatcmpl--x_BU5FYO9rVXazodPqR", b'"chatcmpl-6683yk2oeYBBY7DpPqRs'),
            strict=True,
        )
    }
    changed = evidence({name: exchange(name, answer) for name, answer in named.items()})
    assert judge_run(CHECKS["EQV-05"], changed).findings == ()


@pytest.mark.parametrize(
    ("failed", "count", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 5, 0.0362, 0.6245),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
    ],
)
def test_wilson_interval(failed: int, count: int, low: float, high: float) -> None:
    assert wilson_interval(failed, count) == pytest.approx((low, high), abs=1e-4)


def test_the_findings_of_one_check_are_bounded() -> None:
    chunk = b'data: {"choices":[]}\n\n'
    endless = Response(200, (STREAM_TYPE,), ((0.1, chunk * 5_000),))
    result = judge_recordings(CHECKS["CHK-04"], [view("stream", endless)])
    assert len(result.findings) == 1_000
