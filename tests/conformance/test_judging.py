"""How a verdict comes about."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from mockglm.conformance.capabilities import Profile
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import Evidence, judge, review
from mockglm.conformance.parts import Finding
from mockglm.conformance.seen import Seen
from mockglm.conformance.soak import interval
from tests.conformance.mutants import MUTANTS, number, sub
from tests.conformance.reference import ANSWERS, dump, evidence, exchange, refusal
from tests.conformance.server import serving

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
    result = judge(CHECKS[id], replace(evidence(), provenance=True))
    assert (result.cause == "recordings do not keep it") == (id in NOT_KEPT)


def test_a_reply_that_was_cut_is_not_held_against_the_other() -> None:
    thought = number(b"completion_tokens", b"32")(sub(b'"stop"', b'"length"')(ANSWERS["stream"]))
    cut = sub(b'"content":"', b'"reasoning_content":"')(thought)
    result = judge(CHECKS["EQV-01"], evidence({"stream": exchange("stream", cut)}))
    assert (result.verdict, result.findings) == ("not_exercised", ())


def test_details_of_usage_may_come_in_one_of_two_requests() -> None:
    bare = sub(b'"prompt_tokens_details":{"cached_tokens":4},', b"")(ANSWERS["plain"])
    assert judge(CHECKS["EQV-04"], evidence({"plain": exchange("plain", bare)})).verdict == "pass"


def test_what_the_kit_fails_over_is_a_result_of_its_own() -> None:
    def broken(seen: Seen) -> Iterator[Finding]:
        yield Finding(seen.name[99])

    check = replace(CHECKS["SSE-05"], run=broken)
    for result in (judge(check, evidence()), review(check, [Seen("a", exchange("stream"))])):
        assert result.verdict == "error"
        assert result.cause.startswith(
            "a bug of the kit, please report it: IndexError: string index out of range (test_jud"
        )


def test_an_attempt_that_was_refused_is_not_judged_as_its_probe() -> None:
    busy = refusal(429, "1302", "您的账户已达到速率限制，请您控制请求频率")
    aside = replace(evidence(), more=(Seen("tool-result-1", exchange("tool-result", busy)),))
    assert judge(CHECKS["TOL-09"], aside).verdict == "pass"
    assert "tool-result-1" in judge(CHECKS["ERR-01"], aside).exchanges


def test_a_copy_without_an_answer_is_a_finding() -> None:
    gone = Seen("burst-2", exchange("burst", error="ReadError: reset"))
    result = judge(CHECKS["LIM-04"], replace(evidence(), more=(gone,)))
    assert [(f.exchange, f.actual) for f in result.findings] == [("burst-2", "ReadError: reset")]


UNUSABLE: tuple[object, ...] = (
    {"$ref": "#/$defs/x"},
    {"$ref": "#"},
    {"$ref": "other.json"},
    {"type": "objekt"},
    {"type": "object", "properties": {"city": {"$ref": "#/definitions/city"}}},
    {"properties": {"city": {"pattern": "("}}},
    {"$schema": 5},
    {"$id": "http://[", "$ref": "x"},
    ["object"],
    "object",
    5,
    {},
    None,
)


@pytest.mark.parametrize("schema", UNUSABLE, ids=str)
def test_a_schema_that_cannot_be_used_is_nothing_to_judge_by(schema: object) -> None:
    result = review(CHECKS["TOL-08"], [called(schema)])
    assert (result.verdict, result.findings) == ("not_applicable", ())


def test_a_schema_is_not_fetched_from_anywhere() -> None:
    with serving(lambda name: ANSWERS["plain"]) as (url, asked):
        result = review(CHECKS["TOL-08"], [called({"$ref": f"{url}/schema.json"})])
    assert (result.verdict, asked) == ("not_applicable", [])


@pytest.mark.parametrize(
    ("schema", "verdict"),
    [
        ({"type": "object", "required": ["city"]}, "pass"),
        (
            {"$defs": {"c": {"type": "string"}}, "properties": {"city": {"$ref": "#/$defs/c"}}},
            "pass",
        ),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "required": ["town"]}, "warn"),
        ({"$schema": "http://nobody.example/schema", "required": ["town"]}, "warn"),
    ],
)
def test_arguments_are_held_against_a_schema(schema: object, verdict: str) -> None:
    assert review(CHECKS["TOL-08"], [called(schema)]).verdict == verdict


def called(schema: object) -> Seen:
    """A recorded call of a function that has this schema."""
    good = exchange("tools-plain")
    asked = json.loads(good.request.body)
    asked["tools"][0]["function"]["parameters"] = schema
    return Seen("a", replace(good, request=replace(good.request, body=dump(asked))))


def test_random_ids_of_one_maker_are_of_one_form() -> None:
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
