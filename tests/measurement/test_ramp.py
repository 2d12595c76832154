"""The ramp against servers: the number in flight at the first refusal."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from mockglm.exchange import Request
from mockglm.measurement.plan import make_plan
from mockglm.measurement.ramp import RampLimits, RampResult, climb
from tests.measurement.playing import HEADERS
from tests.serving import serving

SLOW = "interactions: [{reply: {content: 一二三四五六七八, pace: {every: 600}}}]"
LIMITED = f'format: 1\naccounts: [{{key: "*", concurrency: 5}}]\n{SLOW}'
OVERLOADED = 'format: 1\noverload: [{model: "*"}]'
STALLED = (
    "format: 1\ninteractions: [{reply: {content: a, fault: {do: stall, at: headers, for: 600s}}}]"
)


def request(number: int) -> Request:
    return make_plan(model="glm-4.6", run="run", samples=1, output=64).ramp_request(number, HEADERS)


def ramp(text: str, **limits: Any) -> RampResult:
    with serving(text, speed=1) as served:
        found = climb(served.url, request, limits=RampLimits(**{"most": 8, **limits}))
        served.wait_until(lambda: served.slots() == 0)
    return found


def test_the_concurrency_of_an_account_is_found() -> None:
    assert ramp(LIMITED) == RampResult(5, "refused", 6, "1302")


def test_an_overload_refuses_the_first() -> None:
    assert ramp(OVERLOADED) == RampResult(0, "refused", 1, "1305")


def test_an_endpoint_without_a_limit_is_left_at_the_most() -> None:
    assert ramp(LIMITED, most=3) == RampResult(3, "most", 3)


def test_streams_that_end_are_replaced_so_often() -> None:
    found = ramp("format: 1\ninteractions: [{reply: {content: a}}]", most=2)
    assert (found.end, found.requests <= 4) == ("most", True)


def test_a_head_that_does_not_come_is_a_stall() -> None:
    assert ramp(STALLED, head=0.2) == RampResult(0, "stalled", 1)


@pytest.mark.parametrize(
    ("reply", "code", "reason"),
    [
        ("{error: 1113}", "1113", "status 429"),
        ("{error: {code: x, status: 503, message: y}}", "x", "status 503"),
    ],
)
def test_another_refusal_is_a_failure(reply: str, code: str, reason: str) -> None:
    found = ramp(f"format: 1\ninteractions: [{{reply: {reply}}}]")
    assert found == RampResult(0, "failed", 1, code, reason)


def test_an_endpoint_that_is_gone_is_a_failure() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        found = climb(url, request, limits=RampLimits(2))
    assert (found.end, found.highest) == ("failed", 0)
    assert found.reason.startswith("ConnectError")
