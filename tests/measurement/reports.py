"""Reports of measurements of mockglm at a known pace."""

from __future__ import annotations

from typing import Any

from mockglm.measurement.plan import make_plan
from mockglm.measurement.ramp import RampResult
from mockglm.measurement.run import make_report, run_series
from mockglm.measurement.surfaces import SURFACES
from tests.measurement.playing import HEADERS, play

__all__ = ["PACED", "make_measured"]

TEXT = "one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen"
PACED = f"""
format: 1
interactions:
  - reply: {{content: "{TEXT}", pace: {{first: 0.8, every: 0.02}}}}
"""


def make_measured(
    *,
    text: str = PACED,
    target: str = "http://mock/v1",
    samples: int = 3,
    seed: str = "mockglm",
    ramp: RampResult | None = None,
    surface: str = "chat",
    **fields: Any,
) -> dict[str, Any]:
    """Measure a scenario and make the report."""
    fields["surface"] = SURFACES[surface]
    plan = make_plan(model="glm-4.6", run="run", samples=samples, output=64, **fields)
    measurement = run_series(plan, play(text, seed), headers=HEADERS)
    return make_report(plan, measurement, target=target, started=0.0, ramp=ramp)
