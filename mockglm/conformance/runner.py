"""The runner: sends the probes of a plan once, in order, until nothing more can be learned."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep

from mockglm.conformance.abort_reasons import (
    AbortReason,
    abort_reason_after,
    diagnose,
    endless,
    is_busy,
)
from mockglm.conformance.plan import ProbePlan, RunBudget
from mockglm.conformance.probes import PROBES, Probe
from mockglm.conformance.target import Target
from mockglm.conformance.transport import DEFAULT_LIMITS, SendRequest
from mockglm.conformance.verdicts import RunEvidence
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import Exchange

_LONGEST_WAIT = 60
"""Seconds of a Retry-After that are waited at most."""

ProbeListener = Callable[[str, ExchangeView | None], None]
"""Called with the name of each probe before it is sent (None) and after it (its exchange)."""


def ignore_progress(name: str, view: ExchangeView | None) -> None:
    """The listener of a run that shows no progress."""


class ProbeRunner:
    """The exchanges of one run as they come in."""

    def __init__(
        self,
        plan: ProbePlan,
        target: Target,
        send: SendRequest,
        *,
        listener: ProbeListener = ignore_progress,
        pause: float = DEFAULT_LIMITS.pause,
        view: type[ExchangeView] = ExchangeView,
        wait: Callable[[float], None] = sleep,
    ) -> None:
        self._plan = plan
        self._target = target
        self._send = send
        self._listener = listener
        self._pause = pause
        self._view = view
        self._wait = wait
        self._views: dict[str, ExchangeView] = {}
        self._more: list[ExchangeView] = []
        self._unsent: dict[str, str] = {}
        self._cause: AbortReason | None = None
        self._budget = RunBudget(plan.limits)

    def run(self) -> RunEvidence:
        """Send everything; the evidence names what stopped the run."""
        for probe in self._plan.probes:
            self._probe(probe)
            self._cause = self._cause or abort_reason_after(probe, self._views)
        for number in range(self._plan.soak):
            self._repeat_stream(number + 1)
        return RunEvidence(
            self._views,
            self._target.capabilities,
            tuple(self._more),
            self._unsent,
            self._cause,
        )

    def _probe(self, probe: Probe) -> None:
        if self._cause:
            self._unsent[probe.name] = f"{probe.name} was not sent: {self._cause.message}"
        elif not self._affords(probe, probe.copies):
            text = f"The budget is spent before the probe {probe.name}."
            self._cause = AbortReason.of("budget", text)
            self._unsent[probe.name] = text
        elif probe.copies > 1:
            self._burst(probe)
        else:
            self._attempt(probe)

    def _attempt(self, probe: Probe) -> None:
        for number in range(probe.attempts):
            if number and not self._affords(probe):
                return
            view = self._exchange(probe, probe.name)
            if number:
                self._keep_attempt(probe.name, self._views[probe.name].exchange)
            self._views[probe.name] = view
            if view.kind == "refusal" or view.is_unfinished:
                return
            is_provoked = probe.provoked is None or probe.provoked(view)
            if is_provoked and not (probe.is_paced and view.is_held_back):
                return

    def _burst(self, probe: Probe) -> None:
        """Send all copies at once. A refused one becomes the first, an unanswered one the last."""
        request = self._target.request(probe)
        self._listener(probe.name, None)
        self._budget.debit(probe.token_ceiling(self._plan.capabilities), probe.copies)
        with ThreadPoolExecutor(probe.copies) as pool:
            exchanges = list(pool.map(self._send, [request] * probe.copies))
        exchanges.sort(key=_burst_order)
        first, *others = exchanges
        self._views[probe.name] = self._view(probe.name, first)
        self._more += (self._view(f"{probe.name}-{i}", found) for i, found in enumerate(others, 2))
        self._listener(probe.name, self._views[probe.name])

    def _repeat_stream(self, number: int) -> None:
        """Send the stream once more, unless the budget is spent or a limit was met."""
        probe = PROBES[self._plan.stream]
        if self._cause:
            return
        if not self._affords(probe):
            text = f"The budget is spent before stream {number} of soak."
            self._cause = AbortReason.of("budget", text)
            return
        view = self._exchange(probe, f"soak-{number}")
        self._more.append(view)
        cause = diagnose(view)
        if cause and cause.kind in ("balance", "busy"):
            self._cause = cause
        elif view.is_unfinished:
            self._cause = endless([v for v in self._more if v.name.startswith("soak-")])

    def _exchange(self, probe: Probe, name: str) -> ExchangeView:
        """Send a request, and once more after a 429 or 529 that may pass, within the limits."""
        self._budget.debit(probe.token_ceiling(self._plan.capabilities))
        view = self._send_once(probe, name)
        if probe.expects_overload or not is_busy(view) or not self._budget.allows(0):
            return view
        self._keep_attempt(name, view.exchange)
        self._wait(_delay(view, self._pause))
        # Its tokens are debited already: a refused request generates none.
        self._budget.debit(0)
        return self._send_once(probe, name)

    def _send_once(self, probe: Probe, name: str) -> ExchangeView:
        self._listener(name, None)
        view = self._view(name, self._send(self._target.request(probe)))
        self._listener(name, view)
        return view

    def _keep_attempt(self, name: str, exchange: Exchange) -> None:
        """Keep an attempt that is replaced by another, under a name of its own."""
        number = 1 + sum(view.name.rpartition("-")[0] == name for view in self._more)
        self._more.append(self._view(f"{name}-{number}", exchange))

    def _affords(self, probe: Probe, copies: int = 1) -> bool:
        return self._budget.allows(probe.token_ceiling(self._plan.capabilities), copies)


def _burst_order(exchange: Exchange) -> int:
    if exchange.response is None:
        return 2
    return 0 if exchange.response.status == 429 else 1


def _delay(view: ExchangeView, pause: float) -> float:
    """Seconds before a request is repeated: those of Retry-After, else the pause."""
    seconds = view.retry_after or ""
    return min(float(seconds), _LONGEST_WAIT) if seconds.isascii() and seconds.isdigit() else pause
