"""The plan: its requests, and the most they cost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockglm.errors import UsageError
from mockglm.exchange import count_tokens
from mockglm.measurement.plan import CostLimits, MeasurementPlan, make_plan


def planned(**fields: Any) -> MeasurementPlan:
    return make_plan(**{"model": "glm-4.6", "run": "run", "samples": 3, "output": 10, **fields})


def bodies(plan: MeasurementPlan, name: str) -> list[dict[str, Any]]:
    series = next(one for one in plan.series if one.name == name)
    return [json.loads(request.body) for request in plan.requests(series, ())]


def test_prompts_have_the_size_of_their_series() -> None:
    plan = planned(sizes=(50_000,))
    for name, tokens in (("plain", 30), ("uncached", 2_000), ("size-50000", 50_000)):
        (text,) = [body["messages"][0]["content"] for body in bodies(plan, name)[:1]]
        assert count_tokens(text) == pytest.approx(tokens, rel=0.2)


def test_only_the_shared_prompts_are_equal() -> None:
    plan = planned()
    shared = {body["messages"][0]["content"] for body in bodies(plan, "cached")}
    others = [
        body["messages"][0]["content"][:24]
        for name in ("plain", "tools", "uncached")
        for body in bodies(plan, name)
    ]
    assert (len(shared), len(set(others))) == (1, 9)
    other = bodies(planned(run="other"), "cached")[0]["messages"][0]["content"]
    assert other not in shared


def test_every_request_is_a_bounded_stream() -> None:
    plan = planned()
    for name in ("plain", "tools", "uncached", "cached"):
        for body in bodies(plan, name):
            assert (body["stream"], body["max_tokens"]) == (True, 10)
            assert ("tools" in body) == (name == "tools")


def test_the_cost_counts_every_series_and_the_ramp() -> None:
    assert planned().cost == CostLimits(13, 180 + 14_000, 130)
    ramp = planned(most_in_flight=4)
    assert ramp.cost == CostLimits(21, 420 + 14_000, 130 + 8 * 160)
    assert json.loads(ramp.ramp_request(0, ()).body)["max_tokens"] == 160


@pytest.mark.parametrize(
    ("budget", "option"),
    [
        (CostLimits(12), "13 requests; raise --max-requests (12)"),
        (CostLimits(prompt_tokens=10), "14180 prompt tokens; raise --max-prompt-tokens (10)"),
        (CostLimits(output_tokens=129), "130 output tokens; raise --max-tokens (129)"),
    ],
)
def test_a_plan_beyond_the_budget_is_refused(budget: CostLimits, option: str) -> None:
    with pytest.raises(UsageError) as caught:
        planned().require(budget)
    assert str(caught.value) == f"the plan costs up to {option} or lower --samples"
