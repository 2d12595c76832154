"""The mock is what the kit is shown on: scripted or improvising, it passes everything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.command import main
from mockglm.conformance.plan import draw
from mockglm.conformance.probes import PROBES
from mockglm.conformance.seen import Seen
from mockglm.conformance.target import Target
from mockglm.journal import Entry
from tests.serving import KEY, Served, serving

SCENARIO = Path(__file__).parents[2] / "scenarios" / "conformance.yaml"
FAILING = """
format: 1
interactions:
  - when: {user: break off this stream}
    reply: {content: one two three four, fault: {at: 2 frames, do: error}}
"""
SPEED = 10
QUIET = {"deterministic": True, "failing": True, "strict": True, "report": "out"}
MODELS = {
    "glm-4.6": set(),
    "glm-5.3": {"RSN-06"},
    "glm-4-flash-250414": {f"RSN-{n:02}" for n in range(1, 9)} | {"TOL-10", "USE-04", "USE-05"},
}
"""Models, and what cannot be asked of each: to think, or not to, or to count in detail."""


@pytest.fixture(autouse=True)
def key(key: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that the mock takes."""
    monkeypatch.setenv("ZAI_API_KEY", KEY)


@dataclass(frozen=True)
class Run:
    """How a run ended, its report, and what the mock wrote down of it."""

    code: int
    report: Mapping[str, Any]
    journal: tuple[Entry, ...]

    @property
    def others(self) -> dict[str, str]:
        """The checks that did not pass."""
        verdicts = {check["id"]: check["verdict"] for check in self.report["checks"]}
        return {id: verdict for id, verdict in verdicts.items() if verdict != "pass"}


def judged(served: Served, scenario: str, model: str = "glm-4.6", **options: object) -> Run:
    url = served.base(scenario) if scenario else served.url
    code = main([url], {"model": model, **QUIET, **options})
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    return Run(code, report, tuple(served.session(scenario).journal))


def strict(*files: str | Path, speed: float = SPEED, **settings: Any) -> Any:
    return serving(*files, policy="strict", accept=frozenset([KEY]), speed=speed, **settings)


@pytest.mark.parametrize("model", MODELS)
def test_a_scripted_mock_passes_everything(model: str) -> None:
    with strict(SCENARIO, speed=1) as served:
        run = judged(served, "conformance", model)
    assert (run.code, run.others) == (0, dict.fromkeys(MODELS[model], "not_applicable"))
    assert len(run.report["checks"]) == 94


@pytest.mark.parametrize("model", MODELS)
def test_an_improvising_mock_passes_everything(model: str) -> None:
    with strict(FAILING, on_miss="improvise") as served:
        run = judged(served, "file", model)
    assert (run.code, run.others) == (0, dict.fromkeys(MODELS[model], "not_applicable"))


def test_a_mock_at_its_limits_passes_everything() -> None:
    with strict(SCENARIO, speed=1) as served:
        run = judged(served, "conformance", disruptive=True)
    assert (run.code, run.others) == (0, {"LIM-02": "not_applicable"})
    assert len(run.report["checks"]) == len(CHECKS)


@pytest.mark.parametrize("file", [SCENARIO, FAILING])
def test_a_run_costs_no_more_than_the_plan_says(file: str | Path) -> None:
    target = Target("", "glm-4.6", KEY, deterministic=True, failing=True)
    plan = draw(CHECKS.values(), target.profile)
    with strict(file, on_miss="improvise") as served:
        run = judged(served, "conformance" if file is SCENARIO else "file")
    seen = [Seen("", entry.exchange) for entry in run.journal]
    spent = sum(found.spent or 0 for found in seen)

    assert len(seen) == run.report["requests"] <= plan.ceiling.requests <= 30
    assert 0 < spent == run.report["tokens"] <= plan.ceiling.tokens <= 6_000


def test_every_answer_keeps_to_the_ceiling_of_its_probe() -> None:
    target = Target("", "glm-4.6", KEY, failing=True)
    with strict(FAILING, on_miss="improvise") as served:
        run = judged(served, "file")
    for entry in run.journal:
        found = Seen("", entry.exchange)
        name = str(found.asked.get("request_id", "")).partition("-")[2].partition("-")[2]
        if name in PROBES:
            assert (found.spent or 0) <= PROBES[name].ceiling(target.profile)
