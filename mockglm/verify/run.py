"""The recorded requests sent again, and what came back held against what was recorded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mockglm.errors import UpstreamError
from mockglm.exchange import Answer, Request
from mockglm.recorder import Upstream
from mockglm.scenario import Interaction, Scenario
from mockglm.verify.drift import Drift, drift
from mockglm.verify.shape import shape

__all__ = ["Finding", "Verdict", "verify"]

_BOUNDARY = re.compile(rb"--([^\r\n]{1,70})\r\n")


@dataclass(frozen=True, slots=True)
class Finding:
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of all. `skipped` names interactions that could not be compared, and why."""

    upstream: str
    findings: tuple[Finding, ...] = ()
    skipped: tuple[tuple[str, str], ...] = field(default=())

    @property
    def is_same(self) -> bool:
        return all(finding.is_same for finding in self.findings)

    def document(self) -> dict[str, Any]:
        """The verdict as JSON: schema `mockglm.verify/1`, to which keys are only added."""
        return {
            "schema": "mockglm.verify/1",
            "upstream": self.upstream,
            "same": self.is_same,
            "checked": len(self.findings),
            "skipped": [{"interaction": where, "reason": why} for where, why in self.skipped],
            "drift": [
                {"interaction": finding.where, "path": one.path}
                | {"recorded": one.recorded, "live": one.live}
                for finding in self.findings
                for one in finding.drift
            ],
            "errors": [
                {"interaction": finding.where, "error": finding.error}
                for finding in self.findings
                if finding.error
            ],
        }


async def verify(
    scenarios: Iterable[Scenario],
    upstream: Upstream,
    *,
    most: int | None = None,
    tell: Callable[[Finding], None] = lambda finding: None,
) -> Verdict:
    """Send the recorded requests again, one after the other, `most` at most; each finding is told
    as it is made. The upstream is closed in the end."""
    skipped: list[tuple[str, str]] = []
    findings: list[Finding] = []
    try:
        for interaction in (one for scenario in scenarios for one in scenario.interactions):
            reason = _unfit(interaction)
            if not reason and most is not None and len(findings) >= most:
                reason = f"only {most} requests were allowed"
            if reason:
                skipped.append((interaction.where, reason))
                continue
            findings.append(await _find(interaction, upstream))
            tell(findings[-1])
    finally:
        await upstream.close()
    return Verdict(upstream.base, tuple(findings), tuple(skipped))


async def _find(interaction: Interaction, upstream: Upstream) -> Finding:
    recorded, request = interaction.steps[0].answer, interaction.request
    assert recorded is not None
    assert request is not None
    asked = Request(
        request.method, request.path, request.query, _headers(request.body), request.body
    )
    try:
        live = await upstream.fetch(asked)
    except UpstreamError as error:
        return Finding(interaction.where, error=str(error))
    return Finding(interaction.where, drift(shape(recorded), shape(live)))


def _unfit(interaction: Interaction) -> str:
    """Why an interaction cannot be verified; "" for one that can."""
    answer: Answer | None = interaction.steps[0].answer
    if interaction.request is None:
        return "no recorded request"
    if answer is None:
        return "no recorded response"
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
