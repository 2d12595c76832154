"""A measurement of mockglm at a known pace: the figures come back."""

from __future__ import annotations

import pytest

from mockglm.exchange import Exchange, Request, Response
from mockglm.measurement.plan import make_plan
from mockglm.measurement.ramp import RampResult
from mockglm.measurement.run import make_report, run_series
from tests.measurement.playing import HEADERS, play
from tests.measurement.reports import PACED, make_measured

EMPTY = """
format: 1
interactions:
  - {when: {chance: 0.1}, reply: {content: ""}}
  - {reply: {content: one}}
"""


@pytest.mark.parametrize("surface", ["chat", "anthropic"])
def test_a_known_pace_comes_back_within_five_per_cent(surface: str) -> None:
    report = make_measured(surface=surface)
    assert report["surface"] == surface
    assert [row["name"] for row in report["series"]] == ["plain", "tools", "uncached", "cached"]
    for row in report["series"]:
        assert row["measured"] == row["sent"]
        assert list(row["first"].values()) == pytest.approx([0.8] * 3, rel=0.05)
        assert list(row["between"].values()) == pytest.approx([0.02] * 3, rel=0.05)
        assert row["rate"]["p50"] == pytest.approx(50, rel=0.05)


@pytest.mark.parametrize(("seed", "surface"), [("b", "chat"), ("c", "anthropic")])
def test_the_share_of_empty_stops_comes_back_within_two_points(seed: str, surface: str) -> None:
    report = make_measured(text=EMPTY, samples=250, seed=seed, surface=surface)
    measured = sum(row["measured"] for row in report["empty_stops"])
    empty = sum(row["empty"] for row in report["empty_stops"])
    assert measured == 1001
    assert empty / measured == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("surface", ["chat", "anthropic"])
def test_cache_hits_are_those_of_the_shared_prompt(surface: str) -> None:
    """An improvised reply reports the cached tokens of a prompt that came before."""
    rows = {row["name"]: row for row in make_measured(text="", surface=surface)["series"]}
    assert rows["uncached"]["cache_hits"] == 0
    assert rows["uncached"]["cached_share"] < 0.01
    assert rows["cached"]["sent"] == rows["cached"]["cache_hits"] == 3
    assert rows["cached"]["cached_share"] > 0.9


def test_a_series_of_a_size_counts_in_its_bucket() -> None:
    report = make_measured(text=EMPTY, samples=2, sizes=(130_000,))
    assert [(row["from"], row["to"]) for row in report["empty_stops"]] == [
        (0, 1_000),
        (1_000, 10_000),
        (120_000, 140_000),
    ]


def test_a_busy_endpoint_gets_a_pause_and_counts_as_refused() -> None:
    text = PACED.replace("reply: {content", "reply: [{error: 1305, times: 2}, {content")
    text = text.replace("every: 0.02}}", "every: 0.02}}]")
    planned = make_plan(model="glm-4.6", run="run", samples=2, output=64)
    pauses: list[float] = []
    done = run_series(planned, play(text), headers=HEADERS, pause=7, sleep=pauses.append)
    report = make_report(planned, done, target="", started=0.0)
    assert pauses == [7, 7]
    assert report["series"][0]["refused"] == {"1305": 2}
    assert report["series"][0]["first"] == {"p50": None, "p90": None, "p99": None}
    assert (done.cause, done.is_blocked) == ("", False)


@pytest.mark.parametrize(
    ("text", "cause", "requests"),
    [
        ("{error: 1113}", "the endpoint refused a request with 1113 (status 429)", 1),
        (
            "{error: {code: internal, status: 500, message: x}}",
            "3 responses in a row could not be measured: status 500, internal",
            3,
        ),
        (
            "{content: a, fault: finish-missing}",
            "3 responses in a row could not be measured: no finish reason",
            3,
        ),
    ],
)
def test_a_run_ends_early_where_more_requests_would_be_in_vain(
    text: str, cause: str, requests: int
) -> None:
    report = make_measured(text=f"format: 1\ninteractions: [{{reply: {text}}}]")
    assert (report["cause"], report["requests"]) == (cause, requests)


def test_an_endpoint_that_does_not_answer_is_not_measured() -> None:
    planned = make_plan(model="glm-4.6", run="run", samples=2, output=64)
    gone = run_series(planned, _refuse_connection, headers=())
    assert gone.is_blocked
    assert gone.cause == "3 responses in a row could not be measured: ConnectError: refused"


def test_the_ramp_is_part_of_the_report() -> None:
    planned = make_plan(model="glm-4.6", run="run", samples=1, output=64, most_in_flight=8)
    measurement = run_series(planned, play(PACED), headers=HEADERS)
    ramp = RampResult(5, "refused", 6, "1302")
    report = make_report(planned, measurement, target="", started=0.0, ramp=ramp)
    assert report["requests"] == 5 + 6
    assert report["in_flight"] == {
        "highest": 5,
        "end": "refused",
        "requests": 6,
        "code": "1302",
        "reason": "",
    }


def _refuse_connection(request: Request) -> Exchange:
    return Exchange(request, None, 0.0, "ConnectError: refused")


def test_a_response_that_is_no_stream_is_not_measured() -> None:
    planned = make_plan(model="glm-4.6", run="run", samples=3, output=64)
    plain = Response(200, (("Content-Type", "application/json"),), ((0.0, b"{}"),))
    done = run_series(planned, lambda request: Exchange(request, plain, 0.0), headers=())
    assert done.cause == "3 responses in a row could not be measured: no stream"
