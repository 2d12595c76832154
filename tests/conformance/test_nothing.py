"""Nothing passes on nothing: servers that say nothing of GLM get no verdict they do not deserve."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import judge, review
from mockglm.conformance.probes import PROBES
from mockglm.conformance.seen import Seen
from mockglm.exchange import Exchange, Response
from tests.conformance.mutants import header, sub
from tests.conformance.reference import (
    ANSWERS,
    HEADERS,
    JSON_TYPE,
    STREAM_TYPE,
    evidence,
    exchange,
    refusal,
)

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
        "CHK-11",
    },
    "empty JSON": {"TRN-01", "TRN-03", "TRN-04", "AUT-06"},
}
"""What is true of a server that answers everything alike: that it takes a request, that its type
and framing are right as far as they go, and that it does not give the key away."""


@pytest.mark.parametrize("server", SERVERS)
def test_nothing_passes_on_nothing(server: str) -> None:
    answer = SERVERS[server]
    error = "" if answer else "ConnectError: connection refused"
    exchanges: dict[str, Exchange] = {name: exchange(name, answer, error) for name in PROBES}
    same = evidence(exchanges)
    same = type(same)(same.seen, same.profile)

    passed = {id for id, check in CHECKS.items() if judge(check, same).verdict == "pass"}

    assert passed == TRUE_ANYWAY[server]


@pytest.mark.parametrize("server", SERVERS)
def test_nothing_raises_whatever_comes(server: str) -> None:
    for name in PROBES:
        answer = SERVERS[server]
        error = "" if answer else "ConnectError: connection refused"
        changed = evidence({name: exchange(name, answer, error)})
        results = [judge(check, changed) for check in CHECKS.values()]
        assert [result.cause for result in results if result.verdict == "error"] == []


BASE = evidence()


@pytest.mark.parametrize("probe", PROBES)
def test_nothing_raises_over_an_answer_in_the_place_of_another(probe: str) -> None:
    for answer in dict.fromkeys(ANSWERS.values()):
        found = Seen(probe, exchange(probe, answer))
        changed = replace(BASE, reports={**BASE.seen, probe: found}, more=())
        own = [check for check in CHECKS.values() if probe in check.wanted]
        results = [judge(check, changed) for check in own]
        results += [review(check, [found]) for check in CHECKS.values()]
        assert [result.cause for result in results if result.verdict == "error"] == []


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
def test_nothing_raises_over_what_is_strange(case: str) -> None:
    probe, old, new = STRANGE[case]
    assert errors(probe, sub(old, new)(ANSWERS[probe])) == []


def test_nothing_raises_over_what_is_too_deep_to_be_read() -> None:
    deep = replace(ANSWERS["stream"], chunks=((0.1, DEEP), *ANSWERS["stream"].chunks))
    assert errors("stream", deep) == []
    assert errors("plain", replace(ANSWERS["plain"], chunks=((0.1, DEEP[6:]),))) == []


@pytest.mark.parametrize("value", ["", "today", "Mon, 01 Jan 0001 00:00:00 -0000"])
def test_nothing_raises_over_a_date(value: str) -> None:
    assert errors("stream", header("Date", value)(ANSWERS["stream"])) == []
    assert errors("plain", header("Date", value)(ANSWERS["plain"])) == []


def errors(probe: str, answer: Response) -> list[str]:
    """What the kit failed over, where one probe is answered so."""
    changed = evidence({probe: exchange(probe, answer)})
    results = (judge(check, changed) for check in CHECKS.values())
    return [f"{r.check.id} {r.cause}" for r in results if r.verdict == "error"]


REFUSED = {"AUT-03", "AUT-04", "ERR-11", "LIM-04", "RSN-07", "TOL-09", "TRN-01", "TRN-02"}
"""What fails where good requests are refused too; of how the bad ones are, nothing can be said."""


@pytest.mark.parametrize("server", ["401 to all", "400 to all", "500 to all"])
def test_only_the_refusal_of_good_requests_is_held_against_who_refuses_all(server: str) -> None:
    exchanges = {name: exchange(name, SERVERS[server]) for name in PROBES}
    same = evidence(exchanges)
    same = type(same)(same.seen, same.profile)

    failed = {id for id, check in CHECKS.items() if judge(check, same).findings}

    assert failed == REFUSED
