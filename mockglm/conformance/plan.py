"""The requests of a run and the most they can cost, known before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from mockglm.conformance.capabilities import Capabilities
from mockglm.conformance.probes import PROBES, Probe
from mockglm.conformance.registry import Check


class RunLimits(Struct, frozen=True):
    """The most requests and output tokens that a run may cost, second attempts included."""

    requests: int = 30
    tokens: int = 6_000


class ProbePlan(Struct, frozen=True):
    """The probes of a run in the order they are sent, then `soak` repetitions of the probe
    `stream`."""

    probes: tuple[Probe, ...]
    capabilities: Capabilities
    limits: RunLimits
    soak: int = 0
    stream: str = "stream"

    @property
    def first_attempts(self) -> RunLimits:
        """The most that the first attempts cost."""
        return self._sum((probe, probe.copies) for probe in self.probes)

    @property
    def ceiling(self) -> RunLimits:
        """The most that the run costs.

        Second attempts, and requests repeated after a 429, are sent only within the limits. A
        refused request has generated no tokens.
        """
        every = self._sum((probe, probe.copies * probe.attempts) for probe in self.probes)
        again = self.soak + sum(probe.attempts for probe in self.probes if probe.copies == 1)
        first = self.first_attempts
        requests = max(first.requests, min(every.requests + again, self.limits.requests))
        tokens = max(first.tokens, min(every.tokens, self.limits.tokens))
        return RunLimits(requests, tokens)

    def _sum(self, times: Iterable[tuple[Probe, int]]) -> RunLimits:
        repeated = PROBES[self.stream], self.soak
        pairs = [*times, repeated]
        tokens = sum(count * probe.token_ceiling(self.capabilities) for probe, count in pairs)
        return RunLimits(sum(count for _, count in pairs), tokens)


def make_plan(
    checks: Iterable[Check],
    capabilities: Capabilities,
    *,
    disruptive: bool = False,
    soak: int = 0,
    stream: str = "stream",
) -> ProbePlan:
    """The plan for a selection of checks, without probes that none of them needs."""
    applicable = (check for check in checks if capabilities.has(check.capability))
    wanted = {name for check in applicable for name in check.required_probes}
    if soak:
        wanted.add(stream)
    probes = tuple(_sendable(wanted, capabilities, disruptive=disruptive))
    # The limits hold for ordinary probes; disruptive ones and a soak come on top.
    extra = ProbePlan(
        tuple(p for p in probes if p.disruptive), capabilities, RunLimits(), soak, stream
    )
    limits = RunLimits(
        RunLimits().requests + extra.first_attempts.requests,
        RunLimits().tokens + extra.first_attempts.tokens,
    )
    return ProbePlan(probes, capabilities, limits, soak, stream)


def _sendable(wanted: set[str], capabilities: Capabilities, *, disruptive: bool) -> Iterator[Probe]:
    for name, probe in PROBES.items():
        is_wanted = name in wanted and capabilities.has(probe.capability)
        if is_wanted and (disruptive or not probe.disruptive):
            yield probe


class RunBudget:
    """The requests and tokens spent so far, against the limits."""

    def __init__(self, limits: RunLimits) -> None:
        self.limits = limits
        self.requests = 0
        self.tokens = 0

    def allows(self, tokens: int, requests: int = 1) -> bool:
        """True if that many requests of at most `tokens` each fit into the limits."""
        fits = self.requests + requests <= self.limits.requests
        return fits and self.tokens + tokens * requests <= self.limits.tokens

    def debit(self, tokens: int, requests: int = 1) -> None:
        """Count requests with the most tokens that each may generate."""
        self.requests += requests
        self.tokens += tokens * requests
