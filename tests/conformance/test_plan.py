"""What a run costs is known before anything is sent."""

from __future__ import annotations

import pytest

from mockglm.conformance.capabilities import Profile, profile
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.plan import Budget, Limits, draw
from mockglm.conformance.report.table import plan_lines

MODELS = ("glm-4.6", "glm-5.3", "glm-4.5-air", "glm-4-flash-250414", "glm-4v-flash", "some-other")


@pytest.mark.parametrize("model", MODELS)
def test_a_full_run_keeps_to_the_limits(model: str) -> None:
    plan = draw(CHECKS.values(), profile(model, jwt=True))
    assert plan.ceiling.requests <= 30
    assert plan.ceiling.tokens <= 6_000
    assert plan.first.requests <= plan.ceiling.requests


def test_a_selection_sends_only_what_it_needs() -> None:
    plan = draw([CHECKS["ERR-03"], CHECKS["TOL-04"]], profile("glm-4.6"))
    assert [p.name for p in plan.probes] == ["plain", "tools", "tools-plain", "bad-model"]


def test_what_a_model_does_not_claim_is_not_asked() -> None:
    plan = draw(CHECKS.values(), profile("glm-4-flash-250414"))
    names = {probe.name for probe in plan.probes}
    assert names.isdisjoint({"thinking", "thinking-plain", "replay", "tool-stream", "jwt"})
    assert {"tools", "stream", "bad-key"} <= names


def test_disruptive_probes_raise_the_limits_by_what_they_cost() -> None:
    plan = draw(CHECKS.values(), profile("glm-4.6"), disruptive=True)
    assert plan.limits.requests == 30 + 8 + 1 + 1
    assert plan.first.requests <= plan.limits.requests


def test_a_soak_raises_the_limits_by_what_it_costs() -> None:
    plan = draw([CHECKS["ERR-03"]], profile("glm-4.6"), soak=100)
    assert plan.limits == Limits(130, 6_000 + 100 * 32)
    assert "stream" in {probe.name for probe in plan.probes}


def test_the_plan_says_when_the_limits_do_not_suffice() -> None:
    plan = draw(CHECKS.values(), profile("glm-4.6"))
    small = type(plan)(plan.probes, plan.profile, Limits(5, 100))
    lines = [text for text, _ in plan_lines(small)]
    assert lines[-1].startswith("more than the limits of 5 requests and 100 tokens")
    assert any(line.startswith("thinking ") and "1 to 2" in line for line in lines)


def test_a_budget_refuses_what_would_pass_it() -> None:
    budget = Budget(Limits(2, 100))
    assert budget.allows(60)
    budget.debit(60)
    assert not budget.allows(60)
    assert budget.allows(40)
    assert not budget.allows(1, requests=2)


@pytest.mark.parametrize(
    ("model", "thinking", "known"),
    [
        ("glm-5.3", "always", True),
        ("GLM-5.3-Flash", "always", True),
        ("glm-5.2", "optional", True),
        ("glm-4.6v-flash", "optional", True),
        ("glm-4-flash-250414", "none", True),
        ("glm-4.1v-thinking-flash", "always", True),
        ("qwen", "optional", False),
    ],
)
def test_a_model_has_a_profile(model: str, thinking: str, known: bool) -> None:
    found = profile(model)
    assert (found.thinking, found.known) == (thinking, known)


def test_a_thought_in_tags_is_none_in_a_field() -> None:
    found = Profile(thinking="always", tags=True)
    assert not found.has("thinking")
    assert not found.has("switch")
