"""Every fault of completions, over HTTP, is reported by the check that it names; every check
reports a fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

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
from tests.conformance.commands import PATIENT, SCENARIO
from tests.serving import KEY, Served, serving


@dataclass(frozen=True)
class Case:
    """A fault, the check that reports it, and the probe whose answer it breaks."""

    fault: Fault
    check: str
    probe: str

    def __str__(self) -> str:
        return f"{self.check}-{self.fault.name}"


PROBES_OF: Mapping[str, str] = {
    "utf8-split": "echo",
    "error": "stream",
    "FIN-03": "length-plain",
    "USE-07": "length-plain",
}
"""Faults and checks whose first probe has an answer without anything to break."""
SCENARIOS_OF: Mapping[str, str] = {"LIM-01": "no-balance", "burst": "file1"}
"""Checks whose fault fits an error alone: a scenario that answers nothing else; and a probe whose
requests have to overlap."""


def cases() -> Iterator[Case]:
    """Each fault with the check it names first; each other check with a fault that names it."""
    faults = [fault for fault in CATALOGUE.values() if fault.caught_by in CHECKS]
    for fault in faults:
        probe = PROBES_OF.get(fault.name, CHECKS[fault.caught_by or ""].probes[0])
        yield Case(fault, fault.caught_by or "", probe)
    known = [fault for fault in CATALOGUE.values() if "chat" in fault.surfaces]
    also = {id: fault for fault in reversed(known) for id in fault.also}
    for id in sorted(also.keys() - {fault.caught_by for fault in faults}):
        yield Case(also[id], id, PROBES_OF.get(id, CHECKS[id].probes[0]))


CASES = {str(case): case for case in cases()}
LIMITS = ReadLimits(connect=60, idle=10, whole=60)
SILENCE = 2.0
"""Seconds that stand for ten here, so that no test waits that long."""
TRIES = 3
"""Times a fault is tried: on a busy machine a probe may end before its answer comes."""
SPECS: Mapping[str, str] = {
    "stall": f"stall.2-frames.for-{2 * SILENCE}s",
    "slow-start": f"slow-start.for-{2 * SILENCE}s",
}
"""Faults that would take too long as they are."""


def target_of(served: Served) -> Target:
    base = served.base("file1")
    return Target(base, "glm-4.6", KEY, deterministic=True, failing=True)


def send(served: Served, plan: ProbePlan, base: str) -> RunEvidence:
    with open_client(base, LIMITS) as sender:
        return ProbeRunner(plan, target_of(served), sender).run()


@contextmanager
def judged_cases() -> Iterator[Mapping[str, tuple[CheckResult, CheckResult]]]:
    """For each case the verdict of its check, without the fault and with it."""
    files = (SCENARIO, PATIENT)
    with serving(*files, policy="strict", accept=frozenset([KEY]), speed=1) as served:
        target = target_of(served)
        plan = make_plan(CHECKS.values(), target.capabilities, disruptive=True)
        good = send(served, plan, target.url)

        def judge(case: Case) -> tuple[CheckResult, CheckResult]:
            spec = SPECS.get(case.fault.name, case.fault.trial or case.fault.name)
            one = ProbePlan((PROBES[case.probe],), target.capabilities, RunLimits())
            scenario = SCENARIOS_OF.get(case.probe, "conformance")
            scenario = SCENARIOS_OF.get(case.check, scenario)
            # A session of its own, for the scenario's account takes four requests at once.
            base = served.base(f"{scenario}+{spec}@{str(case).lower()}")
            check = CHECKS[case.check]
            for _ in range(TRIES):
                found = send(served, one, base)
                broken = replace(good, views={**good.views, **found.views})
                result = judge_run(check, broken)
                if result.findings:
                    break
            return judge_run(check, good), result

        with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as pool:
            patch.setattr(times, "_SLOW", SILENCE)
            # Together, because most of the time of each is the pace of its stream.
            yield dict(zip(CASES, pool.map(judge, CASES.values()), strict=True))


def test_each_fault_over_http_is_reported_by_its_check() -> None:
    # One test, so that no two workers play the same faults.
    with judged_cases() as results:
        assert [name for name, (before, _) in results.items() if before.findings] == []
        reported = {
            name: {finding.exchange for finding in after.findings} or after.cause
            for name, (_, after) in results.items()
        }
    assert reported == {name: {case.probe} for name, case in CASES.items()}


def test_every_check_reports_a_fault() -> None:
    assert {case.check for case in CASES.values()} == set(CHECKS)
