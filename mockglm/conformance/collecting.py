"""The probes of a plan sent once, one after the other, until there is nothing more to learn."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from mockglm.conformance.cause import Cause, because, stop
from mockglm.conformance.judging import Evidence
from mockglm.conformance.plan import Budget, Plan
from mockglm.conformance.probe import Probe
from mockglm.conformance.probes import PROBES
from mockglm.conformance.seen import Seen
from mockglm.conformance.target import Target
from mockglm.conformance.transport import Send

__all__ = ["Collection", "Watch"]

Watch = Callable[[str, Seen | None], None]
"""Told the name of each probe before it is sent (None) and after it (what was seen)."""


class Collection:
    """The exchanges of one run as they come in."""

    def __init__(self, plan: Plan, target: Target, send: Send, watch: Watch) -> None:
        self._plan = plan
        self._target = target
        self._send = send
        self._watch = watch
        self._seen: dict[str, Seen] = {}
        self._more: list[Seen] = []
        self._unsent: dict[str, str] = {}
        self.budget = Budget(plan.limits)
        self.cause: Cause | None = None

    def collect(self) -> Evidence:
        """Send everything; what stops the run is the evidence's cause."""
        for probe in self._plan.probes:
            self._probe(probe)
            self.cause = self.cause or stop(probe, self._seen)
        for number in range(self._plan.soak):
            self._repeat(number + 1)
        return Evidence(
            self._seen, self._target.profile, tuple(self._more), self._unsent, self.cause
        )

    def _probe(self, probe: Probe) -> None:
        if self.cause:
            self._unsent[probe.name] = f"{probe.name} was not sent: {self.cause.message}"
        elif not self._affords(probe, probe.copies):
            self.cause = because("budget", f"The budget is spent before the probe {probe.name}.")
            self._unsent[probe.name] = self.cause.message
        elif probe.copies > 1:
            self._burst(probe)
        else:
            self._attempt(probe)

    def _attempt(self, probe: Probe) -> None:
        for number in range(probe.attempts):
            if number and not self._affords(probe):
                return
            seen = self._exchange(probe, probe.name)
            if number:
                self._more.append(Seen(f"{probe.name}-1", self._seen[probe.name].exchange))
            self._seen[probe.name] = seen
            if seen.kind == "refusal" or probe.elicits is None or probe.elicits(seen):
                return

    def _burst(self, probe: Probe) -> None:
        """Send all copies at once; one that was refused is the first of them."""
        request = self._target.request(probe)
        self._watch(probe.name, None)
        self.budget.debit(probe.ceiling(self._plan.profile), probe.copies)
        with ThreadPoolExecutor(probe.copies) as pool:
            exchanges = list(pool.map(self._send, [request] * probe.copies))
        exchanges.sort(key=lambda found: found.answer is None or found.answer.status != 429)
        first, *others = exchanges
        self._seen[probe.name] = Seen(probe.name, first)
        self._more += (Seen(f"{probe.name}-{i}", found) for i, found in enumerate(others, 2))
        self._watch(probe.name, self._seen[probe.name])

    def _repeat(self, number: int) -> None:
        probe = PROBES["stream"]
        if not self.cause and self._affords(probe):
            self._more.append(self._exchange(probe, f"soak-{number}"))

    def _exchange(self, probe: Probe, name: str) -> Seen:
        self._watch(name, None)
        self.budget.debit(probe.ceiling(self._plan.profile))
        seen = Seen(name, self._send(self._target.request(probe)))
        self._watch(name, seen)
        return seen

    def _affords(self, probe: Probe, copies: int = 1) -> bool:
        return self.budget.allows(probe.ceiling(self._plan.profile), copies)
