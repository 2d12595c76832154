"""The registry of checks: each requirement with its level, sources, probes and judging function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from mockglm.conformance.json_path import CheckFinding
from mockglm.conformance.view import ExchangeKind

SET = "glm-v4-2026.11"
"""The name of the frozen set of requirements; a change of the set changes the name."""
MESSAGE_SET = "glm-anthropic-2026.11"
"""The name of the set for the Anthropic surface."""

Level = Literal["MUST", "SHOULD", "NOTE"]
CheckVerdict = Literal[
    "pass",
    "fail",
    "warn",
    "not_testable",
    "not_exercised",
    "not_applicable",
    "expected",
    "stale",
    "error",
]
MUST: Level = "MUST"
SHOULD: Level = "SHOULD"
NOTE: Level = "NOTE"

CheckFunction: TypeAlias = Callable[..., Iterator[CheckFinding]]

CATEGORIES: Mapping[str, str] = {
    "TRN": "transport",
    "SSE": "framing of events",
    "CHK": "chunks",
    "JSN": "plain replies",
    "EQV": "stream and plain agree",
    "RSN": "reasoning",
    "TOL": "tools",
    "FIN": "finish",
    "USE": "usage",
    "ERR": "errors",
    "AUT": "authentication",
    "LIM": "limits",
    "HDR": "headers",
    "TIM": "times",
    "EVT": "events of the Anthropic surface",
    "BLK": "blocks of content",
    "MSG": "messages",
    "THK": "thinking",
    "CAL": "calls of tools",
    "STP": "stop reasons",
    "TOK": "counts of tokens",
    "ENV": "errors of the Anthropic surface",
    "KEY": "keys",
    "PTH": "other paths",
    "OVR": "beyond the limits of the Anthropic surface",
}

RETIRED: Mapping[str, str] = {
    "TOL-12": "sources disagree on tool_choice other than auto; a note is not worth a request",
    "TIM-03": "the bytes that a server sends do not show that it stops its work",
}
"""Ids that were planned or used once and are not used again, with the reason."""


class Citation(Struct, frozen=True):
    """The evidence for a requirement: `doc` a page of the service, `spec` a web standard, `sdk`
    an official SDK that relies on it, `seen` a recording of the service, `issue` a report."""

    kind: Literal["doc", "spec", "sdk", "seen", "issue"]
    where: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}"


class Check(Struct, frozen=True, kw_only=True):
    """One requirement and the pure function that judges exchanges by it.

    `probes` are the probes whose exchanges it needs; it was written for the first. It also judges
    every other exchange of one of the `kinds`, recorded ones too. `together` passes the exchanges
    of all probes to `run` in one call. `needs` names the view of an exchange that must not be
    empty, `if_missing` is the verdict if it is. `requires_success` is for checks of refusals: they
    prove nothing unless a good request was answered, as that of the probe `proof` is. `live_only`
    checks need what recordings do not keep.
    """

    id: str
    level: Level
    title: str
    run: CheckFunction
    probes: tuple[str, ...]
    needs: str
    sources: tuple[Citation, ...]
    since: str
    kinds: tuple[ExchangeKind, ...] = ()
    together: bool = False
    if_missing: CheckVerdict = "not_testable"
    capability: str = ""
    requires_success: bool = False
    proof: str = "plain"
    live_only: bool = False

    @property
    def category(self) -> str:
        return self.id[:3]

    @property
    def required_probes(self) -> tuple[str, ...]:
        """The probes that have to be sent for this check."""
        return (*self.probes, self.proof) if self.requires_success else self.probes


class Catalogue(dict[str, Check]):
    """Checks by id, in the order of declaration; an id that is taken or retired is refused.

    `proof` names the probe that any good endpoint answers.
    """

    def __init__(self, proof: str = "plain") -> None:
        super().__init__()
        self._proof = proof

    def check(
        self,
        id: str,
        level: Level,
        *sources: Citation,
        probe: str | tuple[str, ...],
        needs: str,
        kinds: ExchangeKind | tuple[ExchangeKind, ...] = (),
        together: bool = False,
        if_missing: CheckVerdict = "not_testable",
        capability: str = "",
        requires_success: bool = False,
        live_only: bool = False,
        since: str = "2026.11",
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Register the decorated function as a check; its docstring is the requirement."""

        def register(run: CheckFunction) -> CheckFunction:
            self._add(
                Check(
                    id=id,
                    level=level,
                    title=_requirement(run),
                    run=run,
                    probes=(probe,) if isinstance(probe, str) else probe,
                    needs=needs,
                    sources=sources,
                    since=since,
                    kinds=(kinds,) if isinstance(kinds, str) else kinds,
                    together=together,
                    if_missing=if_missing,
                    capability=capability,
                    requires_success=requires_success,
                    proof=self._proof,
                    live_only=live_only,
                )
            )
            return run

        return register

    @classmethod
    def merge(cls, *parts: Catalogue) -> Catalogue:
        """One catalogue of several, in their order."""
        whole = cls()
        for part in parts:
            for check in part.values():
                whole._add(check)
        return whole

    def _add(self, check: Check) -> None:
        if check.id in self or check.id in RETIRED:
            raise ValueError(f"the id {check.id} is taken")
        if check.category not in CATEGORIES:
            raise ValueError(f"{check.id} is in no category")
        if not check.sources:
            raise ValueError(f"{check.id} has no source")
        self[check.id] = check


def _requirement(run: CheckFunction) -> str:
    text = " ".join((run.__doc__ or "").split())
    if not text.endswith("."):
        raise ValueError(f"{run.__name__} has no sentence as its docstring")
    return text
