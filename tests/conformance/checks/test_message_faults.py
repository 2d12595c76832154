"""Faults of the catalogue over HTTP on the Anthropic surface, and the checks that report them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from msgspec.structs import replace

from mockglm.conformance.checks import MESSAGE_CHECKS
from mockglm.conformance.message_view import MessageView
from mockglm.conformance.plan import ProbePlan, RunLimits, make_plan
from mockglm.conformance.probes import PROBES
from mockglm.conformance.runner import ProbeRunner
from mockglm.conformance.target import Target
from mockglm.conformance.transport import ReadLimits, open_client
from mockglm.conformance.verdicts import CheckResult, RunEvidence, judge_run
from tests.conformance.commands import PATIENT, SCENARIO
from tests.serving import KEY, Served, serving

LIMITS = ReadLimits(connect=60, idle=60, whole=60)

CASES: Mapping[str, tuple[str, str]] = {
    "EVT-01": ("unterminated", "message-stream"),
    "EVT-02": ("glue", "message-stream"),
    "EVT-03": ("event-name", "message-stream"),
    "EVT-04": ("drop.0-frames", "message-stream"),
    "EVT-05": ("duplicate.1-frames", "message-stream"),
    "EVT-06": ("no-done", "message-stream"),
    "EVT-07": ("done-twice", "message-stream"),
    "EVT-08": ("event-unknown", "message-stream"),
    "EVT-09": ("reset", "message-stream"),
    "BLK-01": ("duplicate.2-frames", "message-stream"),
    "BLK-02": ("end", "message-stream"),
    "BLK-03": ("drop.2-frames", "message-stream"),
    "BLK-04": ("content-null", "message-stream"),
    "BLK-05": ("start-with-input", "message-tools"),
    "THK-01": ("signature-missing", "message-thinking"),
    "THK-02": ("end", "message-thinking"),
    "THK-03": ("end", "message-thinking"),
    "CAL-01": ("call-without-id", "message-tools"),
    "CAL-02": ("call-id-empty", "message-tools-plain"),
    "CAL-03": ("arguments-cut", "message-tools"),
    "CAL-04": ("refused", "message-result"),
    "MSG-01": ("role-missing", "message"),
    "MSG-02": ("id-openai", "message"),
    "MSG-03": ("model-missing", "message"),
    "MSG-04": ("content-list", "message"),
    "MSG-06": ("stream-type", "message-stream"),
    "MSG-07": ("drop.4-frames", "message-stream"),
    "STP-01": ("finish-unknown", "message-stream"),
    "STP-02": ("finish-stop", "message-tools"),
    "STP-03": ("finish-stop", "message-length"),
    "STP-04": ("start-stop-reason", "message-stream"),
    "TOK-01": ("usage-in-start", "message-stream"),
    "TOK-02": ("usage-null", "message-stream"),
    "TOK-03": ("usage-zero", "message"),
    "TOK-04": ("cache-creation", "message-stream"),
    "TOK-05": ("usage-over", "message-length"),
    "ENV-01": ("error-flat", "message-bad-model"),
    "ENV-02": ("error-code-other", "message-bad-model"),
    "ENV-03": ("error-500", "message-bad-key"),
    "ENV-04": ("accepted", "message-bad-model"),
    "ENV-05": ("accepted", "message-bad-model-stream"),
    "ENV-06": ("error-500", "message-overload"),
    "ENV-07": ("error-continues", "message-stream"),
    "ENV-08": ("accepted", "message-bad-limit"),
    "ENV-09": ("accepted", "message-bad-shape"),
    "KEY-01": ("refused", "message"),
    "KEY-02": ("refused", "message-bearer"),
    "KEY-03": ("accepted", "message-bad-key"),
    "KEY-04": ("accepted", "message-no-key"),
    "KEY-05": ("key-echo", "message"),
    "OVR-01": ("finish-stop", "message-overflow"),
    "OVR-02": ("error-code-other", "message-burst"),
    "OVR-03": ("error-500", "message-burst"),
    "PTH-01": ("refused", "message-count"),
    "PTH-02": ("refused", "message-models"),
    "PTH-03": ("listing-openai", "message-models"),
}
"""A fault that each check reports, and the probe whose answer it breaks."""

SCENARIOS_OF = {"OVR-02": "no-balance", "OVR-03": "no-balance"}
"""Checks whose fault is to fit every answer: a scenario that answers with errors alone."""

WITHOUT_A_FAULT = {"MSG-05"}
"""The order of keys, a note: no report says that a client depends on it."""


def send(served: Served, plan: ProbePlan, name: str) -> RunEvidence:
    base = f"{served.host}/s/{name}/api/anthropic"
    target = Target(base, "glm-4.6", KEY, deterministic=True, failing=True)
    with open_client(base, LIMITS) as sender:
        return ProbeRunner(plan, target, sender, view=MessageView).run()


@contextmanager
def judged_cases() -> Iterator[Mapping[str, tuple[CheckResult, CheckResult]]]:
    """For each check its verdict without the fault and with it."""
    files = (SCENARIO, PATIENT)
    with serving(*files, policy="strict", accept=frozenset([KEY]), speed=1) as served:
        capabilities = Target("", "glm-4.6", KEY, deterministic=True, failing=True).capabilities
        plan = make_plan(MESSAGE_CHECKS.values(), capabilities, disruptive=True)
        good = send(served, plan, "file1")

        def judge(id: str) -> tuple[CheckResult, CheckResult]:
            spec, probe = CASES[id]
            one = ProbePlan((PROBES[probe],), capabilities, RunLimits())
            # A session of its own, for the scenario's account takes four requests at once.
            found = send(served, one, f"{SCENARIOS_OF.get(id, 'conformance')}+{spec}@{id.lower()}")
            broken = replace(good, views={**good.views, **found.views})
            return judge_run(MESSAGE_CHECKS[id], good), judge_run(MESSAGE_CHECKS[id], broken)

        with ThreadPoolExecutor(4) as pool:
            yield dict(zip(CASES, pool.map(judge, CASES), strict=True))


def test_each_fault_over_http_is_reported_by_its_check() -> None:
    # One test, so that no two workers play the same faults.
    with judged_cases() as results:
        assert [id for id, (before, _) in results.items() if before.findings] == []
        reported = {
            id: {finding.exchange for finding in after.findings}
            for id, (_, after) in results.items()
        }
    assert reported == {id: {probe} for id, (_, probe) in CASES.items()}


def test_every_check_has_a_fault_or_is_known_to_have_none() -> None:
    assert CASES.keys() | WITHOUT_A_FAULT == MESSAGE_CHECKS.keys()
    assert CASES.keys() & WITHOUT_A_FAULT == set()
