"""What a run will send and the most it can cost, known before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from mockglm.conformance.capabilities import Profile
from mockglm.conformance.catalogue import Check
from mockglm.conformance.probe import Probe
from mockglm.conformance.probes import PROBES

__all__ = ["Budget", "Limits", "Plan", "draw"]


class Limits(Struct, frozen=True):
    """The most requests and output tokens that a run may cost, second attempts included."""

    requests: int = 30
    tokens: int = 6_000


class Plan(Struct, frozen=True):
    """The probes of a run in the order they are sent, and how often the stream is repeated."""

    probes: tuple[Probe, ...]
    profile: Profile
    limits: Limits
    soak: int = 0

    @property
    def first(self) -> Limits:
        """What the first attempts cost at most."""
        return self._sum((probe, probe.copies) for probe in self.probes)

    @property
    def ceiling(self) -> Limits:
        """What the run costs at most: a second attempt, or a request that came too often sent
        again, is only while the limits allow it. What was refused has generated no tokens."""
        every = self._sum((probe, probe.copies * probe.attempts) for probe in self.probes)
        again = self.soak + sum(probe.attempts for probe in self.probes if probe.copies == 1)
        requests = max(self.first.requests, min(every.requests + again, self.limits.requests))
        tokens = max(self.first.tokens, min(every.tokens, self.limits.tokens))
        return Limits(requests, tokens)

    def _sum(self, times: Iterable[tuple[Probe, int]]) -> Limits:
        repeated = PROBES["stream"], self.soak
        pairs = [*times, repeated]
        tokens = sum(count * probe.ceiling(self.profile) for probe, count in pairs)
        return Limits(sum(count for _, count in pairs), tokens)


def draw(
    checks: Iterable[Check], profile: Profile, *, disruptive: bool = False, soak: int = 0
) -> Plan:
    """The plan for a selection of checks: no probe that none of them needs."""
    wanted = {name for check in checks if profile.has(check.capability) for name in check.wanted}
    if soak:
        wanted.add("stream")
    probes = tuple(_allowed(wanted, profile, disruptive))
    bare = Plan(probes, profile, Limits(), soak)
    extra = Plan(tuple(p for p in probes if p.disruptive), profile, Limits(), soak).first
    limits = Limits(Limits().requests + extra.requests, Limits().tokens + extra.tokens)
    return Plan(bare.probes, profile, limits, soak)


def _allowed(wanted: set[str], profile: Profile, disruptive: bool) -> Iterator[Probe]:
    for name, probe in PROBES.items():
        if name in wanted and profile.has(probe.capability) and disruptive >= probe.disruptive:
            yield probe


class Budget:
    """What has been spent of the limits; an attempt that would pass them is refused."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.requests = 0
        self.tokens = 0

    def allows(self, tokens: int, requests: int = 1) -> bool:
        fits = self.requests + requests <= self.limits.requests
        return fits and self.tokens + tokens * requests <= self.limits.tokens

    def debit(self, tokens: int, requests: int = 1) -> None:
        """Count attempts with the most that each may generate."""
        self.requests += requests
        self.tokens += tokens * requests
