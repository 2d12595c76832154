"""The probes of a plan sent once, one after the other, until there is nothing more to learn."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep

from mockglm.conformance.cause import Cause, because, diagnose, is_busy, stop
from mockglm.conformance.judging import Evidence
from mockglm.conformance.plan import Budget, Plan
from mockglm.conformance.probe import Probe
from mockglm.conformance.probes import PROBES
from mockglm.conformance.seen import Seen
from mockglm.conformance.target import Target
from mockglm.conformance.transport import PATIENCE, Send
from mockglm.exchange import Exchange

__all__ = ["Collection", "Watch"]

_MOST = 60
"""Seconds of a Retry-After that are waited at most."""

Watch = Callable[[str, Seen | None], None]
"""Told the name of each probe before it is sent (None) and after it (what was seen)."""


class Collection:
    """The exchanges of one run as they come in."""

    def __init__(
        self,
        plan: Plan,
        target: Target,
        send: Send,
        watch: Watch,
        *,
        pause: float = PATIENCE.pause,
        wait: Callable[[float], None] = sleep,
    ) -> None:
        self._plan = plan
        self._target = target
        self._send = send
        self._watch = watch
        self._pause = pause
        self._wait = wait
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
                self._set_aside(probe.name, self._seen[probe.name].exchange)
            self._seen[probe.name] = seen
            if seen.kind == "refusal" or probe.elicits is None or probe.elicits(seen):
                return

    def _burst(self, probe: Probe) -> None:
        """Send all copies at once; one that was refused is the first of them, one that was not
        answered the last."""
        request = self._target.request(probe)
        self._watch(probe.name, None)
        self.budget.debit(probe.ceiling(self._plan.profile), probe.copies)
        with ThreadPoolExecutor(probe.copies) as pool:
            exchanges = list(pool.map(self._send, [request] * probe.copies))
        exchanges.sort(key=_place)
        first, *others = exchanges
        self._seen[probe.name] = Seen(probe.name, first)
        self._more += (Seen(f"{probe.name}-{i}", found) for i, found in enumerate(others, 2))
        self._watch(probe.name, self._seen[probe.name])

    def _repeat(self, number: int) -> None:
        """Send the stream once more, until the budget is spent or a limit is met."""
        probe = PROBES["stream"]
        if self.cause:
            return
        if not self._affords(probe):
            self.cause = because("budget", f"The budget is spent before stream {number} of soak.")
            return
        seen = self._exchange(probe, f"soak-{number}")
        self._more.append(seen)
        cause = diagnose(seen)
        self.cause = cause if cause and cause.kind in ("balance", "busy") else None

    def _exchange(self, probe: Probe, name: str) -> Seen:
        """Send a request, and once more where it came too often, if the limits allow."""
        self.budget.debit(probe.ceiling(self._plan.profile))
        seen = self._ask(probe, name)
        if not is_busy(seen) or not self.budget.allows(0):
            return seen
        self._set_aside(name, seen.exchange)
        self._wait(_delay(seen, self._pause))
        self.budget.debit(0)  # its tokens are accounted for: what is refused generates none
        return self._ask(probe, name)

    def _ask(self, probe: Probe, name: str) -> Seen:
        self._watch(name, None)
        seen = Seen(name, self._send(self._target.request(probe)))
        self._watch(name, seen)
        return seen

    def _set_aside(self, name: str, exchange: Exchange) -> None:
        """Keep an attempt that another takes the place of, under a name of its own."""
        number = 1 + sum(seen.name.rpartition("-")[0] == name for seen in self._more)
        self._more.append(Seen(f"{name}-{number}", exchange))

    def _affords(self, probe: Probe, copies: int = 1) -> bool:
        return self.budget.allows(probe.ceiling(self._plan.profile), copies)


def _place(exchange: Exchange) -> int:
    """Where a copy of a burst stands among the others."""
    if exchange.response is None:
        return 2
    return 0 if exchange.response.status == 429 else 1


def _delay(seen: Seen, pause: float) -> float:
    """Seconds to wait before a request is sent again: as long as it says, else the pause."""
    asked = seen.delayed or ""
    return min(float(asked), _MOST) if asked.isascii() and asked.isdigit() else pause
