"""The plan of a run: its probes and the most they cost."""

from __future__ import annotations

import pytest

from mockglm.conformance.capabilities import find_capabilities
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.plan import RunBudget, RunLimits, make_plan
from mockglm.conformance.report.terminal import plan_lines

MODELS = ("glm-4.6", "glm-5.3", "glm-4.5-air", "glm-4-flash-250414", "glm-4v-flash", "some-other")


@pytest.mark.parametrize("model", MODELS)
def test_a_full_run_keeps_to_the_limits(model: str) -> None:
    plan = make_plan(CHECKS.values(), find_capabilities(model, jwt=True))
    assert plan.ceiling.requests <= 30
    assert plan.ceiling.tokens <= 6_000
    assert plan.first_attempts.requests <= plan.ceiling.requests


def test_a_selection_sends_only_what_it_needs() -> None:
    plan = make_plan([CHECKS["ERR-03"], CHECKS["TOL-04"]], find_capabilities("glm-4.6"))
    assert [p.name for p in plan.probes] == ["plain", "tools", "tools-plain", "bad-model"]


def test_probes_of_missing_capabilities_are_left_out() -> None:
    plan = make_plan(CHECKS.values(), find_capabilities("glm-4-flash-250414"))
    names = {probe.name for probe in plan.probes}
    assert names.isdisjoint({"thinking", "thinking-plain", "replay", "tool-stream", "jwt"})
    assert {"tools", "stream", "bad-key"} <= names


def test_disruptive_probes_raise_the_limits() -> None:
    plan = make_plan(CHECKS.values(), find_capabilities("glm-4.6"), disruptive=True)
    assert plan.limits.requests == 30 + 8 + 1 + 1
    assert plan.first_attempts.requests <= plan.limits.requests


def test_a_soak_raises_the_limits() -> None:
    plan = make_plan([CHECKS["ERR-03"]], find_capabilities("glm-4.6"), soak=100)
    assert plan.limits == RunLimits(130, 6_000 + 100 * 32)
    assert "stream" in {probe.name for probe in plan.probes}


def test_the_plan_warns_of_limits_below_its_cost() -> None:
    plan = make_plan(CHECKS.values(), find_capabilities("glm-4.6"))
    small = type(plan)(plan.probes, plan.capabilities, RunLimits(5, 100))
    lines = [text for text, _ in plan_lines(small)]
    assert lines[-1].startswith("more than the limits of 5 requests and 100 tokens")
    assert any(line.startswith("thinking ") and "1 to 2" in line for line in lines)


def test_a_budget_allows_no_request_beyond_its_limits() -> None:
    budget = RunBudget(RunLimits(2, 100))
    assert budget.allows(60)
    budget.debit(60)
    assert not budget.allows(60)
    assert budget.allows(40)
    assert not budget.allows(1, requests=2)
