"""The reference of the Anthropic surface, answers without a message, and strange ones: no check
passes by accident, none raises."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import msgspec
import pytest
from msgspec.structs import replace

from mockglm.conformance.checks import CHECKS, MESSAGE_CHECKS
from mockglm.conformance.message_view import MessageView
from mockglm.conformance.probes import MESSAGE_PROBES, PROBES
from mockglm.conformance.registry import CATEGORIES, MESSAGE_SET
from mockglm.conformance.report.advice import advise
from mockglm.conformance.verdicts import _MISSING, judge_recordings, judge_run
from mockglm.exchange import Response
from tests.conformance.changes import sub
from tests.conformance.message_reference import (
    HEADERS,
    JSON_TYPE,
    MESSAGE_ANSWERS,
    STREAM_TYPE,
    envelope,
    evidence,
    evidence_of_one_answer,
    exchange,
    json_answer,
    view,
)
from tests.conformance.mutants import MESSAGE_MUTANTS

GOLDEN = {
    "EVT": "MMMMSMMSM",
    "BLK": "MMMMM",
    "MSG": "MSSMNMM",
    "THK": "MSS",
    "CAL": "MSMS",
    "STP": "MMMS",
    "TOK": "SMMSM",
    "ENV": "MSMMMMMSS",
    "KEY": "MMMSM",
    "PTH": "SMS",
    "OVR": "MMM",
}
"""The levels of the frozen set, category by category, by the number of the check."""

HTML = (("Content-Type", "text/html"), *HEADERS)
SERVERS: Mapping[str, Response | None] = {
    "closed port": None,
    "401 to all": json_answer(401, {"error": {"message": "token expired", "type": "401"}}),
    "400 to all": envelope(400, "invalid_request_error", "1210", "Invalid API parameter"),
    "529 to all": envelope(529, "overloaded_error", "1305", "overloaded"),
    "empty 200": Response(200, HEADERS, ()),
    "empty stream": Response(200, (STREAM_TYPE, *HEADERS), ()),
    "HTML": Response(200, HTML, ((0.1, b"<html><body>Welcome</body></html>"),)),
    "only [DONE]": Response(200, (STREAM_TYPE, *HEADERS), ((0.1, b"data: [DONE]\n\n"),)),
    "empty JSON": Response(200, (JSON_TYPE, *HEADERS), ((0.1, b"{}"),)),
}
TRUE_ANYWAY: Mapping[str, set[str]] = {
    "closed port": set(),
    "401 to all": {"KEY-05"},
    "400 to all": {"KEY-05"},
    "529 to all": {"KEY-05", "ENV-06", "OVR-03"},
    "empty 200": set(),
    "empty stream": set(),
    "HTML": {"KEY-05"},
    "only [DONE]": {"KEY-05", "EVT-02", "EVT-09"},
    "empty JSON": {"KEY-05"},
}
"""The checks that such an endpoint passes: what it says is true, as far as it goes."""


def test_the_set_is_frozen() -> None:
    levels: dict[str, str] = {}
    for check in sorted(MESSAGE_CHECKS.values(), key=lambda check: check.id):
        levels[check.category] = levels.get(check.category, "") + check.level[0]
    assert MESSAGE_SET == "glm-anthropic-2026.11"
    assert levels == GOLDEN


def test_a_check_has_sources_probes_a_view_and_a_change_that_breaks_it() -> None:
    assert MESSAGE_MUTANTS.keys() == MESSAGE_CHECKS.keys()
    assert not MESSAGE_CHECKS.keys() & CHECKS.keys()
    for check in MESSAGE_CHECKS.values():
        assert re.fullmatch(r"[A-Z{][^\n]*\.", check.title), check.id
        assert not re.search(r"\b(must|should|shall|may not)\b", check.title), check.id
        assert all(name in PROBES for name in check.required_probes), check.id
        assert hasattr(MessageView, check.needs), check.id
        assert check.needs in _MISSING, check.id
        assert check.category in CATEGORIES, check.id
        assert advise(check.id).endswith("."), check.id


def test_a_must_has_a_capture_an_sdk_or_a_standard_behind_it() -> None:
    for check in MESSAGE_CHECKS.values():
        kinds = {source.kind for source in check.sources}
        assert check.level != "MUST" or kinds & {"seen", "sdk", "spec"}, check.id


def test_a_check_function_has_a_name_of_its_own() -> None:
    checks = (*CHECKS.values(), *MESSAGE_CHECKS.values())
    names = Counter(check.run.__name__ for check in checks)
    assert [name for name, count in names.items() if count > 1] == []


def test_all_checks_pass_the_reference() -> None:
    results = [judge_run(check, evidence()) for check in MESSAGE_CHECKS.values()]
    assert [r.check.id for r in results if r.verdict != "pass" or r.findings] == []


@pytest.mark.parametrize("server", SERVERS)
def test_only_true_statements_pass_without_a_message(server: str) -> None:
    same = evidence_of_one_answer(SERVERS[server])
    results = {id: judge_run(check, same) for id, check in MESSAGE_CHECKS.items()}
    passed = {id for id, result in results.items() if result.verdict == "pass"}
    assert passed == TRUE_ANYWAY[server]
    assert [result.cause for result in results.values() if result.verdict == "error"] == []


@pytest.mark.parametrize("server", ["401 to all", "400 to all", "529 to all"])
def test_an_endpoint_that_refuses_everything_fails_only_for_good_requests(server: str) -> None:
    same = evidence_of_one_answer(SERVERS[server])
    failed = {id for id, check in MESSAGE_CHECKS.items() if judge_run(check, same).findings}
    good = {"KEY-01", "KEY-02", "OVR-03"}
    assert failed == (good - {"OVR-03"} if server == "529 to all" else good)


@pytest.mark.parametrize("probe", [probe.name for probe in MESSAGE_PROBES])
def test_no_check_raises_for_the_answer_to_another_probe(probe: str) -> None:
    base = evidence()
    for answer in dict.fromkeys(MESSAGE_ANSWERS.values()):
        found = view(probe, answer)
        changed = replace(base, views={**base.views, probe: found})
        results = [judge_run(check, changed) for check in MESSAGE_CHECKS.values()]
        results += [judge_recordings(check, [found]) for check in MESSAGE_CHECKS.values()]
        assert [result.cause for result in results if result.verdict == "error"] == []


STRANGE: Mapping[str, tuple[str, bytes, bytes]] = {
    "an index of no number": ("message-stream", b'"index":0', b'"index":[]'),
    "an index that is true": ("message-stream", b'"index":0', b'"index":true'),
    "a type that is an object": ("message-stream", b'"type":"ping"', b'"type":{}'),
    "a block that is text": ("message-stream", b'"content_block":{', b'"content_block":"a","b":{'),
    "a delta that is a list": ("message-stream", b'"delta":{', b'"delta":[],"b":{'),
    "a type of delta that is a list": ("message-stream", b'"text_delta"', b"[]"),
    "a message that is text": ("message-stream", b'"message":{', b'"message":"a","m":{'),
    "a stop_reason that is a list": ("message-stream", b'"end_turn"', b"[[]]"),
    "a usage that is a list": ("message-stream", b'"usage":{', b'"usage":[],"u":{'),
    "counts that are text": ("message", b'_tokens":', b'_tokens":"a","x":'),
    "a content that is text": ("message", b'"content":[', b'"content":"a","c":['),
    "a model that is a list": ("message", b'"model":"glm-4.6"', b'"model":[]'),
    "an id that is a list": ("message-tools", b'"id":"call_326f82523b21434ba5dfe827"', b'"id":[]'),
    "a name that is an object": ("message-tools", b'"get_weather"', b'{"a":1}'),
    "an error that is text": ("message-failing", b'"error":{', b'"error":"a","e":{'),
    "a code that is a list": ("message-bad-model", b'"code":"1211"', b'"code":[]'),
    "half a character": ("message-stream", b'"text":"one ', b'"text":"\\ud83d'),
    "models that are texts": ("message-models", b'"data":[', b'"data":["a",'),
}


@pytest.mark.parametrize("case", STRANGE)
def test_no_check_raises_for_unexpected_json(case: str) -> None:
    probe, old, new = STRANGE[case]
    changed = evidence({probe: exchange(probe, sub(old, new)(MESSAGE_ANSWERS[probe]))})
    results = [judge_run(check, changed) for check in MESSAGE_CHECKS.values()]
    assert [f"{r.check.id} {r.cause}" for r in results if r.verdict == "error"] == []


def test_output_keeps_a_limit_that_was_not_given() -> None:
    recorded = exchange("message-length")
    asked = msgspec.json.decode(recorded.request.body)
    del asked["max_tokens"]
    unlimited = replace(recorded.request, body=msgspec.json.encode(asked))
    changed = evidence({"message-length": replace(recorded, request=unlimited)})
    assert judge_run(MESSAGE_CHECKS["TOK-05"], changed).verdict == "pass"
