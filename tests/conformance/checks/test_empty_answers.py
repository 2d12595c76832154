"""Answers without a reply, or with a strange one: no check passes by accident, none raises."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.probes import CHAT_PROBES
from mockglm.conformance.verdicts import judge_recordings, judge_run
from mockglm.exchange import Response
from tests.conformance.changes import header, sub
from tests.conformance.reference import (
    ANSWERS,
    HEADERS,
    JSON_TYPE,
    STREAM_TYPE,
    evidence,
    evidence_of_one_answer,
    exchange,
    refusal,
    view,
)

NAMES = tuple(probe.name for probe in CHAT_PROBES)
HTML = (("Content-Type", "text/html"), *HEADERS)
SERVERS: Mapping[str, Response | None] = {
    "closed port": None,
    "401 to all": refusal(401, "1000", "身份验证失败。"),
    "400 to all": refusal(400, "1214", "messages 参数非法。请检查文档。"),
    "500 to all": refusal(500, "1234", "网络错误"),
    "empty 200": Response(200, HEADERS, ()),
    "empty stream": Response(200, (STREAM_TYPE, *HEADERS), ()),
    "HTML": Response(200, HTML, ((0.1, b"<html><body>Welcome</body></html>"),)),
    "only [DONE]": Response(200, (STREAM_TYPE, *HEADERS), ((0.1, b"data: [DONE]\n\n"),)),
    "empty objects": Response(
        200, (STREAM_TYPE, *HEADERS), ((0.1, b"data: {}\n\n"), (0.2, b"data: [DONE]\n\n"))
    ),
    "empty JSON": Response(200, (JSON_TYPE, *HEADERS), ((0.1, b"{}"),)),
}

TRUE_ANYWAY: Mapping[str, set[str]] = {
    "closed port": set(),
    "401 to all": {"TRN-04", "AUT-06"},
    "400 to all": {"TRN-04", "AUT-06"},
    "500 to all": {"TRN-04", "AUT-06"},
    "empty 200": {"TRN-01"},
    "empty stream": {"TRN-01", "TRN-02"},
    "HTML": {"TRN-01", "TRN-04", "AUT-06"},
    "only [DONE]": {"TRN-01", "TRN-02", "TRN-04", "AUT-06"},
    "empty objects": {
        "TRN-01",
        "TRN-02",
        "TRN-04",
        "TRN-06",
        "TRN-07",
        "AUT-06",
        "SSE-01",
        "SSE-02",
        "SSE-03",
        "SSE-04",
        "SSE-05",
        "SSE-06",
        "SSE-07",
        "SSE-08",
        "SSE-09",
        "CHK-11",
    },
    "empty JSON": {"TRN-01", "TRN-03", "TRN-04", "AUT-06"},
}
"""The checks that such an endpoint passes: it accepts a request, its media type and framing are
right as far as they go, and it does not return the key."""


@pytest.mark.parametrize("server", SERVERS)
def test_only_true_statements_pass_without_a_reply(server: str) -> None:
    same = evidence_of_one_answer(SERVERS[server])
    passed = {id for id, check in CHECKS.items() if judge_run(check, same).verdict == "pass"}
    assert passed == TRUE_ANYWAY[server]


@pytest.mark.parametrize("server", SERVERS)
def test_no_check_raises_for_one_answer_without_a_reply(server: str) -> None:
    error = "" if SERVERS[server] else "ConnectError: connection refused"
    bugs = [bug for name in NAMES for bug in find_bugs(name, SERVERS[server], error)]
    assert bugs == []


@pytest.mark.parametrize("probe", NAMES)
def test_no_check_raises_for_the_answer_to_another_probe(probe: str) -> None:
    own = [check for check in CHECKS.values() if probe in check.required_probes]
    bugs: list[str] = []
    for answer in dict.fromkeys(ANSWERS.values()):
        found = view(probe, answer)
        changed = replace(BASE, views={**BASE.views, probe: found}, more=())
        results = [judge_run(check, changed) for check in own]
        results += [judge_recordings(check, [found]) for check in CHECKS.values()]
        bugs += [result.cause for result in results if result.verdict == "error"]
    assert bugs == []


BASE = evidence()
DEEP = b'data: {"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n\n"
STRANGE: Mapping[str, tuple[str, bytes, bytes]] = {
    "an error beside the reply": ("stream", b'"choices"', b'"error":{"code":"1"},"choices"'),
    "a name that is an object": ("tools", b'"get_weather"', b'{"a":1}'),
    "a finish that is an object": ("stream", b'"finish_reason":"stop"', b'"finish_reason":{}'),
    "a time beyond all times": ("stream", b'"created":1785283200', b'"created":' + b"9" * 400),
    "an index of no number": ("stream", b'"index":0', b'"index":[]'),
    "half a character": ("stream", b'"content":"one ', b'"content":"\\ud83d'),
    "ids that are lists": ("stream", b'"id":"20260729080000f0ab19f8cb470c01"', b'"id":[[]]'),
    "a usage of texts": ("stream", b'_tokens":2', b'_tokens":"2","x":2'),
    "a count that is text": ("stream", b'"completion_tokens":11', b'"completion_tokens":"a"'),
    "choices that are one": ("plain", b'"choices":[', b'"choices":1,"c":['),
    "a message that is text": ("plain", b'"message":{', b'"message":"a","m":{'),
    "arguments that are deep": ("tools", b'"{\\"city\\":', b'"' + b"[" * 50_000),
}


@pytest.mark.parametrize("case", STRANGE)
def test_no_check_raises_for_unexpected_json(case: str) -> None:
    probe, old, new = STRANGE[case]
    assert find_bugs(probe, sub(old, new)(ANSWERS[probe])) == []


def test_no_check_raises_for_json_nested_too_deep() -> None:
    deep = replace(ANSWERS["stream"], chunks=((0.1, DEEP), *ANSWERS["stream"].chunks))
    assert find_bugs("stream", deep) == []
    assert find_bugs("plain", replace(ANSWERS["plain"], chunks=((0.1, DEEP[6:]),))) == []


@pytest.mark.parametrize("value", ["", "today", "Mon, 01 Jan 0001 00:00:00 -0000"])
def test_no_check_raises_for_an_invalid_date(value: str) -> None:
    assert find_bugs("stream", header("Date", value)(ANSWERS["stream"])) == []
    assert find_bugs("plain", header("Date", value)(ANSWERS["plain"])) == []


def find_bugs(probe: str, answer: Response | None, error: str = "") -> list[str]:
    """The bugs of the kit if one probe is answered so."""
    changed = evidence({probe: exchange(probe, answer, error)})
    results = (judge_run(check, changed) for check in CHECKS.values())
    return [f"{r.check.id} {r.cause}" for r in results if r.verdict == "error"]


REFUSED = {"AUT-03", "AUT-04", "ERR-11", "LIM-04", "RSN-07", "TOL-09", "TRN-01", "TRN-02"}
"""The checks of good requests. The refusals of bad ones prove nothing if all are refused."""


@pytest.mark.parametrize("server", ["401 to all", "400 to all", "500 to all"])
def test_an_endpoint_that_refuses_everything_fails_only_for_good_requests(server: str) -> None:
    same = evidence_of_one_answer(SERVERS[server])
    failed = {id for id, check in CHECKS.items() if judge_run(check, same).findings}
    assert failed == REFUSED
