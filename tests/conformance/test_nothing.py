"""Nothing passes on nothing: servers that say nothing of GLM get no verdict they do not deserve."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import judge
from mockglm.conformance.probes import PROBES
from mockglm.exchange import Answer, Exchange
from tests.conformance.reference import HEADERS, JSON_TYPE, STREAM_TYPE, evidence, exchange, refusal

HTML = (("Content-Type", "text/html"), *HEADERS)
SERVERS: Mapping[str, Answer | None] = {
    "closed port": None,
    "401 to all": refusal(401, "1000", "身份验证失败。"),
    "400 to all": refusal(400, "1214", "messages 参数非法。请检查文档。"),
    "500 to all": refusal(500, "1234", "网络错误"),
    "empty 200": Answer(200, HEADERS, ()),
    "empty stream": Answer(200, (STREAM_TYPE, *HEADERS), ()),
    "HTML": Answer(200, HTML, ((0.1, b"<html><body>Welcome</body></html>"),)),
    "only [DONE]": Answer(200, (STREAM_TYPE, *HEADERS), ((0.1, b"data: [DONE]\n\n"),)),
    "empty objects": Answer(
        200, (STREAM_TYPE, *HEADERS), ((0.1, b"data: {}\n\n"), (0.2, b"data: [DONE]\n\n"))
    ),
    "empty JSON": Answer(200, (JSON_TYPE, *HEADERS), ((0.1, b"{}"),)),
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
        for check in CHECKS.values():
            judge(check, changed)


REFUSED = {"AUT-03", "AUT-04", "ERR-11", "LIM-04", "RSN-07", "TOL-09", "TRN-01", "TRN-02"}
"""What fails where good requests are refused too; of how the bad ones are, nothing can be said."""


@pytest.mark.parametrize("server", ["401 to all", "400 to all", "500 to all"])
def test_only_the_refusal_of_good_requests_is_held_against_who_refuses_all(server: str) -> None:
    exchanges = {name: exchange(name, SERVERS[server]) for name in PROBES}
    same = evidence(exchanges)
    same = type(same)(same.seen, same.profile)

    failed = {id for id, check in CHECKS.items() if judge(check, same).findings}

    assert failed == REFUSED
