"""Every fault of the catalogue, over HTTP, is reported by the check that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from mockglm.conformance.checks import CHECKS, times
from mockglm.conformance.plan import ProbePlan, RunLimits, make_plan
from mockglm.conformance.probes import PROBES
from mockglm.conformance.runner import ProbeRunner
from mockglm.conformance.target import Target
from mockglm.conformance.transport import ReadLimits, open_client
from mockglm.conformance.verdicts import CheckResult, RunEvidence, judge_run
from mockglm.faults import CATALOGUE, Fault
from tests.serving import KEY, Served, serving

SCENARIO = Path(__file__).parents[3] / "scenarios" / "conformance.yaml"
FAULTS = {fault.name: fault for fault in CATALOGUE.values() if fault.caught_by}
LIMITS = ReadLimits(connect=5, idle=1, whole=10)
SILENCE = 0.2
"""Seconds that stand for ten here, so that no test waits that long."""
SPECS: Mapping[str, str] = {"stall": f"stall.2-frames.for-{2 * SILENCE}s"}
"""Faults that would take too long as they are."""
PROBES_OF: Mapping[str, str] = {"utf8-split": "echo", "error": "stream"}
"""Faults without anything to break in the answer to the first probe of their check."""


def probe_of(fault: Fault) -> str:
    return PROBES_OF.get(fault.name, CHECKS[fault.caught_by or ""].probes[0])


def target_of(served: Served) -> Target:
    base = served.base("conformance")
    return Target(base, "glm-4.6", KEY, deterministic=True, failing=True)


def send(served: Served, plan: ProbePlan, base: str) -> RunEvidence:
    with open_client(base, LIMITS) as sender:
        return ProbeRunner(plan, target_of(served), sender).run()


@pytest.fixture(scope="module")
def results() -> Iterator[Mapping[str, tuple[CheckResult, CheckResult]]]:
    """For each fault the verdict of its check, without the fault and with it."""
    with serving(SCENARIO, policy="strict", accept=frozenset([KEY]), speed=1) as served:
        target = target_of(served)
        plan = make_plan(CHECKS.values(), target.capabilities, disruptive=True)
        good = send(served, plan, target.url)

        def judge(fault: Fault) -> tuple[CheckResult, CheckResult]:
            spec = SPECS.get(fault.name, fault.trial or fault.name)
            one = ProbePlan((PROBES[probe_of(fault)],), target.capabilities, RunLimits())
            found = send(served, one, served.base(f"conformance+{spec}"))
            check = CHECKS[fault.caught_by or ""]
            broken = replace(good, views={**good.views, **found.views})
            return judge_run(check, good), judge_run(check, broken)

        with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as pool:
            patch.setattr(times, "_SLOW", SILENCE)
            # Together, because most of the time of each is the pace of its stream.
            yield dict(zip(FAULTS, pool.map(judge, FAULTS.values()), strict=True))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_over_http_is_reported_by_its_check(
    results: Mapping[str, tuple[CheckResult, CheckResult]], name: str
) -> None:
    before, after = results[name]
    assert before.findings == ()
    assert {finding.exchange for finding in after.findings} == {probe_of(FAULTS[name])}
