"""Recorded requests sent again, and the live responses compared with the recorded ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

from msgspec import Struct

from mockglm.drift.signature import Drift, Signature, find_drift
from mockglm.errors import UpstreamError
from mockglm.exchange import Headers, Request, Response
from mockglm.recorder import UNREACHABLE, Upstream, find_hint
from mockglm.redaction import REDACTED, Redactor
from mockglm.scenarios import Interaction, Scenario

UNSPECIFIC = frozenset({401, 403, 429, 502, 503, 504})
"""Statuses that a key, a limit or an outage gives to every request: they say nothing about the
shape of its response."""

DriftOutcome = Literal["same", "drift", "nothing", "unreachable"]
"""`unreachable` if the service did not answer as such, `nothing` if there was nothing to send."""

_BOUNDARY = re.compile(rb"--([^\r\n]{1,70})\r\n")


class DriftPlan(Struct, frozen=True):
    """The interactions to send; `skipped` has those that cannot be compared, each with the reason;
    `left` those beyond the limit."""

    sent: tuple[Interaction, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    left: tuple[Interaction, ...] = ()

    @property
    def tokens(self) -> int:
        """The tokens used when the requests were recorded, as far as the responses said."""
        replies = (one.steps[0].parsed for one in self.sent)
        totals = ((one.reply.usage or {}).get("total_tokens") for one in replies if one)
        return sum(total for total in totals if isinstance(total, int))


class VerifiedInteraction(Struct, frozen=True):
    """One interaction that was sent again. `where` is its file and line; `error` is the reason if
    there is no response to compare."""

    where: str
    drift: tuple[Drift, ...] = ()
    error: str = ""

    @property
    def is_same(self) -> bool:
        return not self.drift and not self.error

    @property
    def lines(self) -> tuple[str, ...]:
        """The error, or each difference."""
        return (self.error,) if self.error else tuple(map(str, self.drift))


class DriftReport(Struct, frozen=True):
    """The interactions that were sent, the reasons of those skipped, and the number left. One with
    an error is the last: nothing is sent after it."""

    upstream: str
    sent: tuple[VerifiedInteraction, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    left: int = 0

    @property
    def checked(self) -> tuple[VerifiedInteraction, ...]:
        """The interactions with a response to compare."""
        return tuple(one for one in self.sent if not one.error)

    @property
    def outcome(self) -> DriftOutcome:
        if len(self.checked) < len(self.sent):
            return "unreachable"
        if not self.sent:
            return "nothing"
        return "same" if all(one.is_same for one in self.sent) else "drift"


def make_plan(scenarios: Iterable[Scenario], most: int) -> DriftPlan:
    """Choose the recorded requests to send, `most` at most."""
    interactions = [(one, _unfit(one)) for scenario in scenarios for one in scenario.interactions]
    fit = tuple(one for one, reason in interactions if not reason)
    skipped = tuple((one.location, reason) for one, reason in interactions if reason)
    return DriftPlan(fit[:most], skipped, fit[most:])


async def verify_plan(
    plan: DriftPlan,
    upstream: Upstream,
    on_result: Callable[[VerifiedInteraction], None] = lambda result: None,
) -> DriftReport:
    """Send the interactions of a plan one by one, until the service is unreachable.

    `on_result` is called with each result. The upstream is closed at the end.
    """
    results: list[VerifiedInteraction] = []
    try:
        for interaction in plan.sent:
            results.append(await _verify(interaction, upstream))
            on_result(results[-1])
            if results[-1].error:
                break
    finally:
        await upstream.close()
    left = len(plan.sent) - len(results) + len(plan.left)
    return DriftReport(upstream.base, tuple(results), plan.skipped, left)


async def _verify(interaction: Interaction, upstream: Upstream) -> VerifiedInteraction:
    recorded, sent = interaction.steps[0].response, interaction.request
    assert recorded is not None
    assert sent is not None
    request = Request(sent.method, sent.path, sent.query, _headers(sent.body), sent.body)
    try:
        live = await upstream.fetch(request)
    except UpstreamError as error:
        return VerifiedInteraction(interaction.location, error=f"{error}: {UNREACHABLE}")
    if live.status in UNSPECIFIC and live.status != recorded.status:
        return VerifiedInteraction(interaction.location, error=_refusal(live, upstream.key))
    drift = find_drift(Signature.of(recorded), Signature.of(live))
    return VerifiedInteraction(interaction.location, drift)


def _refusal(answer: Response, key: str) -> str:
    said, hint = find_hint(answer, key)
    text = f"{said}: {hint}" if hint else f"the service answers {answer.status}: try it later"
    return Redactor((key,)).text(text)


def _unfit(interaction: Interaction) -> str:
    """The reason why an interaction cannot be verified; "" for one that can."""
    answer: Response | None = interaction.steps[0].response
    if interaction.request is None:
        return "no recorded request"
    if answer is None:
        return "no recorded response"
    if REDACTED in interaction.request.query:
        return "its query had a key, which is not recorded"
    return "the recording was cut" if answer.end != "done" else ""


def _headers(body: bytes) -> Headers:
    """The headers that a request needs; the first line of a multipart body is its boundary."""
    if not body:
        return ()
    boundary = _BOUNDARY.match(body)
    if not boundary:
        return (("content-type", "application/json"),)
    return (("content-type", f"multipart/form-data; boundary={boundary[1].decode('latin-1')}"),)
