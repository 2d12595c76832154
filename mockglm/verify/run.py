"""The recorded requests sent again, and what came back held against what was recorded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from msgspec import Struct

from mockglm.errors import UpstreamError
from mockglm.exchange import Request, Response
from mockglm.recorder import Upstream
from mockglm.recorder.advice import UNREACHED, advice
from mockglm.redaction import REDACTED, Redactor
from mockglm.scenarios import Interaction, Scenario
from mockglm.verify.drift import Drift, drift
from mockglm.verify.shape import shape

__all__ = ["Finding", "Outcome", "Plan", "Verdict", "plan", "verify"]

SILENT = frozenset({401, 403, 429, 502, 503, 504})
"""What the service answers to everything alike while a key, a limit or an outage stands in the
way, so that nothing is learned of the shape of its answers."""

Outcome = Literal["same", "drift", "nothing", "unasked"]
"""What came of it all: `unasked` where the service could not be asked, `nothing` where there was
nothing to ask."""

_BOUNDARY = re.compile(rb"--([^\r\n]{1,70})\r\n")


class Plan(Struct, frozen=True):
    """What is sent, and what is not: `skipped` names interactions that cannot be compared, and why;
    `left` are those that are more than was allowed."""

    sent: tuple[Interaction, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    left: tuple[Interaction, ...] = ()

    @property
    def tokens(self) -> int:
        """What the requests used when they were recorded, as far as the answers said."""
        joined = [one.steps[0].parsed for one in self.sent]
        totals = ((one.reply.usage or {}).get("total_tokens") for one in joined if one)
        return sum(total for total in totals if isinstance(total, int))


class Finding(Struct, frozen=True):
    """What came of one interaction. `where` is its file and line; `error` says why there is no
    answer to compare."""

    where: str
    drift: tuple[Drift, ...] = ()
    error: str = ""

    @property
    def is_same(self) -> bool:
        return not self.drift and not self.error

    @property
    def lines(self) -> tuple[str, ...]:
        """Each thing that is not as it was recorded."""
        return (self.error,) if self.error else tuple(map(str, self.drift))


class Verdict(Struct, frozen=True):
    """What came of all that was planned; `left` counts what was more than was allowed. A finding
    with an error is the last: what comes after it was not sent."""

    upstream: str
    findings: tuple[Finding, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    left: int = 0

    @property
    def checked(self) -> tuple[Finding, ...]:
        """What has an answer to compare."""
        return tuple(finding for finding in self.findings if not finding.error)

    @property
    def error(self) -> str:
        """Why the service could not be asked; "" where it could."""
        return next((finding.error for finding in self.findings if finding.error), "")

    @property
    def outcome(self) -> Outcome:
        if self.error:
            return "unasked"
        if not self.findings:
            return "nothing"
        return "same" if all(finding.is_same for finding in self.findings) else "drift"


def plan(scenarios: Iterable[Scenario], most: int) -> Plan:
    """What would be sent of the recorded requests, `most` at most."""
    all_ = [one for scenario in scenarios for one in scenario.interactions]
    fit = [one for one in all_ if not _unfit(one)]
    skipped = tuple((one.location, _unfit(one)) for one in all_ if _unfit(one))
    return Plan(tuple(fit[:most]), skipped, tuple(fit[most:]))


async def verify(
    planned: Plan, upstream: Upstream, tell: Callable[[Finding], None] = lambda finding: None
) -> Verdict:
    """Send what is planned, one after the other, until the service cannot be asked; each finding
    is told as it is made. The upstream is closed in the end."""
    findings: list[Finding] = []
    try:
        for interaction in planned.sent:
            findings.append(await _find(interaction, upstream))
            tell(findings[-1])
            if findings[-1].error:
                break
    finally:
        await upstream.close()
    left = len(planned.sent) - len(findings) + len(planned.left)
    return Verdict(upstream.base, tuple(findings), planned.skipped, left)


async def _find(interaction: Interaction, upstream: Upstream) -> Finding:
    recorded, request = interaction.steps[0].response, interaction.request
    assert recorded is not None
    assert request is not None
    asked = Request(
        request.method, request.path, request.query, _headers(request.body), request.body
    )
    try:
        live = await upstream.fetch(asked)
    except UpstreamError as error:
        return Finding(interaction.location, error=f"{error}: {UNREACHED}")
    if live.status in SILENT and live.status != recorded.status:
        return Finding(interaction.location, error=_refusal(live, upstream.key))
    return Finding(interaction.location, drift(shape(recorded), shape(live)))


def _refusal(answer: Response, key: str) -> str:
    """What the service says to all alike, and what to do about it."""
    said, hint = advice(answer, key)
    text = f"{said}: {hint}" if hint else f"the service answers {answer.status}: ask it later"
    return Redactor((key,)).text(text)


def _unfit(interaction: Interaction) -> str:
    """Why an interaction cannot be verified; "" for one that can."""
    answer: Response | None = interaction.steps[0].response
    if interaction.request is None:
        return "no recorded request"
    if answer is None:
        return "no recorded response"
    if REDACTED in interaction.request.query:
        return "its query had a key, which is not recorded"
    return "the recording was cut" if answer.end != "done" else ""


def _headers(body: bytes) -> tuple[tuple[str, str], ...]:
    return tuple(_lines(body))


def _lines(body: bytes) -> Iterator[tuple[str, str]]:
    """What a request needs to be understood; the boundary of a multipart body is its first line."""
    if not body:
        return
    boundary = _BOUNDARY.match(body)
    if boundary:
        yield "content-type", f"multipart/form-data; boundary={boundary[1].decode('latin-1')}"
    else:
        yield "content-type", "application/json"
