"""Coding Plans: credits by model and hour, windows, and the figures that the service shows."""

from __future__ import annotations

import pytest

from mockglm.accounts import LEVELS, Account, Ledger, PlanUsage, Window, WindowUse
from mockglm.accounts.plan import credit_cost, hour_factor
from mockglm.clock import parse_log_time
from mockglm.exchange import APIError, Response
from tests.serving import KEY, serving

PEAK = float(parse_log_time("20260803150000"))  # a Monday in Beijing
HOUR = 3600.0
DAY = 24 * HOUR
USAGE = {
    "prompt_tokens": 24_636,
    "completion_tokens": 1_000,
    "prompt_tokens_details": {"cached_tokens": 20_160},
}


@pytest.mark.parametrize(
    ("time", "factor"),
    [
        ("20260803135959", 0.5),
        ("20260803140000", 1),
        ("20260803175959", 1),
        ("20260803180000", 0.5),
        ("20260807150000", 1),
        ("20260808150000", 0.5),
        ("20260809150000", 0.5),
    ],
)
def test_credits_are_halved_outside_the_peak_hours_of_workdays(time: str, factor: float) -> None:
    """Monday to Friday, 14:00 to 18:00 in Beijing (docs.z.ai, by steipete/CodexBar#2721)."""
    assert hour_factor(parse_log_time(time)) == factor


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        # (4,476 * 6.9 + 20,160 * 1.7 + 1,000 * 24) / 10,000
        ("glm-5.3", 8.91564),
        ("glm-5.2", 8.91564),
        ("glm-5-turbo", 7.67532),
        ("glm-4.7", 6.07816),
        ("glm-4.5-air", 6.07816),
    ],
)
def test_credits_of_a_response_follow_the_published_formula(model: str, cost: float) -> None:
    assert credit_cost(USAGE, model, PEAK) == pytest.approx(cost)
    assert credit_cost(USAGE, model, PEAK + 3 * HOUR) == pytest.approx(cost / 2)


def test_glm_5_3_flash_has_three_times_the_quota() -> None:
    ratio = credit_cost(USAGE, "glm-5.3", PEAK) / credit_cost(USAGE, "glm-5.3-flash", PEAK)
    assert ratio == pytest.approx(3, abs=0.02)


def test_usage_is_shown_as_the_service_shows_it() -> None:
    """A capture of a pro plan: 1,438 of 12,000 used is 11 % (can1357/oh-my-pi#9883)."""
    use = WindowUse(LEVELS["pro"][0], 1438.4, PEAK)
    assert (int(use.used), int(use.remaining), use.percentage) == (1438, 10561, 11)
    assert WindowUse(Window(1, 0), 0, None).percentage == 100


def answer(cost: int) -> Response:
    """A response that costs so many credits of glm-4.7 at peak hours."""
    usage = f'{{"prompt_tokens":0,"completion_tokens":{cost * 625},"total_tokens":1}}'
    message = '{"finish_reason":"stop","message":{"role":"assistant","content":"a"}}'
    body = f'{{"choices":[{message}],"usage":{usage}}}'.encode()
    return Response(200, (("Content-Type", "application/json"),), ((0.0, body),))


def test_a_plan_in_credits_is_used_up_by_responses() -> None:
    windows = (Window(5 * HOUR, 10, "credits"), Window(7 * DAY, 15, "credits"))
    book = Ledger([Account(key=KEY, plan=windows)], [], PEAK)
    assert book.plan_usage(KEY, PEAK) == PlanUsage("", tuple(_fresh(one) for one in windows))
    assert callable(book.enter(KEY, "glm-4.7", PEAK))
    assert book.charge(KEY, "glm-4.7", answer(9), now=PEAK) == ("credits left: 1",)
    assert callable(book.enter(KEY, "glm-4.7", PEAK + 60))
    assert book.charge(KEY, "glm-4.7", answer(4), now=PEAK + 60) == ("credits left: 0",)
    assert book.enter(KEY, "glm-4.7", PEAK + 120) == APIError(
        "1308", fields={"number": "5", "unit": "hour", "reset": "2026-08-03 20:00:00"}
    )
    later = PEAK + 5 * HOUR
    assert callable(book.enter(KEY, "glm-4.7", later))
    assert book.charge(KEY, "glm-4.7", answer(4), now=later) == ("credits left: 0",)
    assert book.enter(KEY, "glm-4.7", later) == APIError(
        "1310", fields={"reset": "2026-08-10 15:00:00"}
    )
    usage = book.plan_usage(KEY, later)
    assert usage is not None
    assert [(one.used, one.resets) for one in usage.windows] == [
        (2, later + 5 * HOUR),
        (15, PEAK + 7 * DAY),
    ]


def test_an_error_and_a_request_refused_cost_no_credits() -> None:
    book = Ledger([Account(key=KEY, plan=(Window(HOUR, 1, "credits"),))], [], PEAK)
    error = Response(429, (), ((0.0, b"{}"),))
    assert book.charge(KEY, "glm-4.7", error, now=PEAK) == ()
    assert callable(book.enter(KEY, "glm-4.7", PEAK))


def test_a_key_without_a_plan_has_no_usage() -> None:
    book = Ledger([Account(key=KEY)], [], PEAK)
    assert book.plan_usage(KEY, PEAK) is None
    assert book.plan_usage("other", PEAK) is None


FILE = f"""
format: 1
accounts:
  - {{key: {KEY}, plan: lite, rates: {{glm-4.6: {{input: 0, output: 10}}}}}}
interactions:
  - reply: {{content: 好, usage: {{completion_tokens: 1500000}}}}
"""


def test_a_plan_on_sale_refuses_with_1308_when_its_credits_are_used() -> None:
    with serving(FILE) as served:
        clock = served.session().clock
        clock.advance(PEAK - clock.now())
        assert [served.ask().status_code for _ in range(3)] == [200, 200, 429]
        refused = served.ask().json()["error"]
        notes = [entry.notes for entry in served.session().journal]
        usage = served.session().ledger.plan_usage(KEY, clock.now())
    assert (refused["code"], refused["message"].split("。")[0]) == (
        "1308",
        "已达到 5 小时的使用上限",
    )
    assert notes[:3] == [("credits left: 500",), ("credits left: 0",), ()]
    assert usage is not None
    assert (usage.level, [one.percentage for one in usage.windows]) == ("lite", [100, 30])


def _fresh(window: Window) -> WindowUse:
    return WindowUse(window, 0, None)
