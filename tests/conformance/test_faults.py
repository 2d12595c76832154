"""Every fault, laid over what the running server sends, is caught by the check that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from mockglm.conformance.checks import CHECKS, times
from mockglm.conformance.collecting import Collection
from mockglm.conformance.judging import Evidence, Result, judge
from mockglm.conformance.plan import Limits, Plan, draw
from mockglm.conformance.probes import PROBES
from mockglm.conformance.target import Target
from mockglm.conformance.transport import Patience, connect
from mockglm.faults import CATALOGUE, Fault
from tests.serving import KEY, Served, serving

SCENARIO = Path(__file__).parents[2] / "scenarios" / "conformance.yaml"
FAULTS = [fault for fault in CATALOGUE.values() if fault.caught_by]
QUICK = Patience(connect=5, idle=2, whole=10)
SILENCE = 0.2
"""Seconds that are taken for ten here, so that nothing has to wait so long."""


@dataclass
class Mock:
    """The running server, and what it answers to every probe when nothing is broken."""

    served: Served
    evidence: Evidence

    def broken(self, spec: str, probe: str, id: str) -> Result:
        """The verdict on a check where the fault is laid over the answer to one probe."""
        target = aim(self.served)
        plan = Plan((PROBES[probe],), target.profile, Limits())
        with connect(self.served.base(f"conformance+{spec}"), QUICK) as send:
            found = Collection(plan, target, send, lambda name, seen: None).collect()
        return judge(
            CHECKS[id], replace(self.evidence, reports={**self.evidence.seen, **found.seen})
        )


def aim(served: Served) -> Target:
    base = served.base("conformance")
    return Target(base, "glm-4.6", KEY, deterministic=True, failing=True)


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    with serving(SCENARIO, policy="strict", accept=frozenset([KEY]), speed=1) as served:
        target = aim(served)
        plan = draw(CHECKS.values(), target.profile, disruptive=True)
        with connect(target.url, QUICK) as send:
            evidence = Collection(plan, target, send, lambda name, seen: None).collect()
        yield Mock(served, evidence)


PROBES_OF: Mapping[str, str] = {"utf8-split": "echo", "error": "stream"}
"""Faults that have nothing to break in the answer to the first probe of their check: one of ASCII,
and one that is no stream."""

SPECS: Mapping[str, str] = {"stall": f"stall.2-frames.for-{2 * SILENCE}s"}
"""Faults whose own times are too long to be waited for."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_caught_over_http(
    mock: Mock, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "_SLOW", SILENCE)
    id = fault.caught_by or ""
    probe = PROBES_OF.get(fault.name, CHECKS[id].probes[0])
    spec = SPECS.get(fault.name, fault.trial or fault.name)

    assert judge(CHECKS[id], mock.evidence).findings == ()
    assert {found.exchange for found in mock.broken(spec, probe, id).findings} == {probe}
