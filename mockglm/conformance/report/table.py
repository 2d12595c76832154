"""The plan as lines: what would be sent, and the most it can cost."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.plan import Plan
from mockglm.conformance.report.lines import Line

__all__ = ["plan_lines"]


def plan_lines(plan: Plan) -> Iterator[Line]:
    """A line a probe, and the ceiling."""
    yield f"{'probe':18}{'requests':>9}{'tokens':>8}  why", "bold"
    for probe in plan.probes:
        tokens = probe.ceiling(plan.profile)
        times = f"{probe.copies}" if probe.attempts == 1 else f"1 to {probe.attempts}"
        yield f"{probe.name:18}{times:>9}{tokens:>8}  {probe.why}", ""
    if plan.soak:
        yield f"{'soak':18}{plan.soak:>9}{'':8}  the stream, again and again", ""
    yield "what is refused for coming too often is sent once more, while the limits allow", ""
    ceiling, limits = plan.ceiling, plan.limits
    yield f"at most {ceiling.requests} requests and {ceiling.tokens} output tokens", "bold"
    if ceiling.requests > limits.requests or ceiling.tokens > limits.tokens:
        text = f"more than the limits of {limits.requests} requests and {limits.tokens} tokens"
        yield f"{text}: the run would stop before the end", "red"
