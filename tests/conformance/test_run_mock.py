"""Runs against the mock: scripted or improvising, it passes every check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mockglm.api_keys import KEY_VARIABLES
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.plan import make_plan
from mockglm.conformance.probes import PROBES
from mockglm.conformance.target import Target
from mockglm.conformance.view import ExchangeView
from mockglm.journal import Entry
from mockglm.models import MODELS as KNOWN
from tests.conformance.commands import PATIENT, command, read_report
from tests.serving import KEY, Served, serving

FAILING = """
format: 1
interactions:
  - when: {user: break off this stream}
    reply: {content: one two three four, fault: {at: 2 frames, do: error}}
"""
SPEED = 10
EVERY = 0.012
"""Seconds between the tokens of improvised streams."""
MODELS = {
    "glm-4.6": set(),
    "glm-5.3": {"RSN-06"},
    "glm-4-flash-250414": {f"RSN-{n:02}" for n in range(1, 9)} | {"TOL-10", "USE-04", "USE-05"},
}
"""Models, and the checks of what each cannot do: to think, or not to, or to count in detail."""


@dataclass(frozen=True)
class Outcome:
    """The exit status of a run, its report, and the journal of the mock."""

    code: int
    report: Mapping[str, Any]
    journal: tuple[Entry, ...]

    @property
    def others(self) -> dict[str, str]:
        """The verdicts of the checks that did not pass."""
        verdicts = {check["id"]: check["verdict"] for check in self.report["checks"]}
        return {id: verdict for id, verdict in verdicts.items() if verdict != "pass"}


@pytest.fixture(scope="module")
def patch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pytest.MonkeyPatch]:
    """The key that the mock accepts, and an empty folder to write to."""
    with pytest.MonkeyPatch.context() as found:
        for name in KEY_VARIABLES:
            found.delenv(name, raising=False)
        found.setenv("ZAI_API_KEY", KEY)
        found.chdir(tmp_path_factory.mktemp("runs"))
        yield found


def judge(served: Served, scenario: str, model: str, *options: str) -> Outcome:
    mock = ("--deterministic", "--failing", "--strict", "--report", "out")
    code = command("check", served.base(scenario), "--model", model, *mock, *options)
    return Outcome(code, read_report(), tuple(served.session(scenario).journal))


def strict(*files: str | Path, speed: float = SPEED, **settings: Any) -> Any:
    return serving(*files, policy="strict", accept=frozenset([KEY]), speed=speed, **settings)


@pytest.fixture(scope="module", params=MODELS)
def scripted(request: pytest.FixtureRequest, patch: object) -> tuple[str, Outcome]:
    """A run against the scenario `conformance`, for each model."""
    with strict(PATIENT, speed=1) as served:
        return request.param, judge(served, "file", request.param)


@pytest.fixture(scope="module", params=MODELS)
def improvised(request: pytest.FixtureRequest, patch: object) -> tuple[str, Outcome]:
    """A run against improvised answers, for each model."""
    # All events of a stream must not fit into one stall of a busy machine.
    speed = KNOWN[request.param].pace.every / EVERY
    with strict(FAILING, on_miss="improvise", speed=speed) as served:
        return request.param, judge(served, "file", request.param)


def target_of(model: str) -> Target:
    return Target("", model, KEY, deterministic=True, failing=True)


def assert_within_plan(model: str, outcome: Outcome) -> None:
    """The run costs no more than its plan, and no answer more than its probe allows."""
    capabilities = target_of(model).capabilities
    plan = make_plan(CHECKS.values(), capabilities)
    views = [ExchangeView("", entry.exchange) for entry in outcome.journal]
    spent = sum(view.completion_tokens or 0 for view in views)

    assert len(views) == outcome.report["requests"] <= plan.ceiling.requests <= 30
    assert 0 < spent == outcome.report["tokens"] <= plan.ceiling.tokens <= 6_000
    for view in views:
        name = str(view.request_json.get("request_id", "")).partition("-")[2].partition("-")[2]
        if name in PROBES:
            ceiling = PROBES[name].token_ceiling(capabilities)
            assert (view.completion_tokens or 0) <= ceiling


def test_a_scripted_mock_passes_everything_within_the_plan(scripted: tuple[str, Outcome]) -> None:
    model, outcome = scripted
    assert (outcome.code, outcome.others) == (0, dict.fromkeys(MODELS[model], "not_applicable"))
    assert len(outcome.report["checks"]) == 97
    assert_within_plan(model, outcome)


def test_an_improvising_mock_passes_everything_within_the_plan(
    improvised: tuple[str, Outcome],
) -> None:
    model, outcome = improvised
    assert (outcome.code, outcome.others) == (0, dict.fromkeys(MODELS[model], "not_applicable"))
    assert_within_plan(model, outcome)


def test_a_mock_at_its_limits_passes_everything(patch: object) -> None:
    with strict(PATIENT, speed=1) as served:
        outcome = judge(served, "file", "glm-4.6", "--disruptive")
    assert (outcome.code, outcome.others) == (0, {"LIM-02": "not_applicable"})
    assert len(outcome.report["checks"]) == len(CHECKS)
