"""What a check is, and the register that every check is entered in once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from mockglm.conformance.parts import Finding
from mockglm.conformance.seen import Kind

__all__ = [
    "CATEGORIES",
    "MUST",
    "NOTE",
    "RETIRED",
    "SET",
    "SHOULD",
    "Catalogue",
    "Check",
    "Level",
    "Run",
    "Source",
    "Verdict",
]

SET = "glm-v4-2026.11"
"""The name of the frozen set of requirements; a change of the set changes the name."""

Level = Literal["MUST", "SHOULD", "NOTE"]
Verdict = Literal[
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

Run: TypeAlias = Callable[..., Iterator[Finding]]

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
}

RETIRED: Mapping[str, str] = {
    "TOL-12": "what tool_choice other than auto does is contested; a note is not worth a request",
    "TIM-03": "that a server stops its work cannot be seen from the bytes it sends",
}
"""Ids that were planned or used once and are not used again, with the reason."""


class Source(Struct, frozen=True):
    """Where a requirement comes from: `doc` a page of the service, `spec` a web standard, `sdk`
    an official SDK that relies on it, `seen` a recording of the service, `issue` a report."""

    kind: Literal["doc", "spec", "sdk", "seen", "issue"]
    where: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}"


class Check(Struct, frozen=True, kw_only=True):
    """One requirement and the pure function that judges exchanges against it.

    `probes` must have been answered usably, the first is the one it was made for; `kinds` are the
    exchanges, of whichever probe or recording, that it judges besides (none: only its probes).
    `together` means that `run` takes the exchanges of all its probes at once. `needs` names the
    view of an exchange that must not be empty, `absent` is the verdict when it is. `alive` checks
    judge refusals, which count for nothing unless a good request was answered too. A `live` check
    needs what recordings do not keep.
    """

    id: str
    level: Level
    title: str
    run: Run
    probes: tuple[str, ...]
    needs: str
    sources: tuple[Source, ...]
    since: str
    kinds: tuple[Kind, ...] = ()
    together: bool = False
    absent: Verdict = "not_testable"
    capability: str = ""
    alive: bool = False
    live: bool = False

    @property
    def category(self) -> str:
        return self.id[:3]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The probes that must be sent for this check."""
        return (*self.probes, "plain") if self.alive else self.probes


class Catalogue(dict[str, Check]):
    """Checks by id, in the order of declaration; an id that is taken or retired is refused."""

    def check(
        self,
        id: str,
        level: Level,
        *sources: Source,
        probe: str | tuple[str, ...],
        needs: str,
        on: Kind | tuple[Kind, ...] = (),
        together: bool = False,
        absent: Verdict = "not_testable",
        capability: str = "",
        alive: bool = False,
        live: bool = False,
        since: str = "2026.11",
    ) -> Callable[[Run], Run]:
        """Enter the decorated function as a check; its docstring is the requirement."""

        def enter(run: Run) -> Run:
            self._add(
                Check(
                    id=id,
                    level=level,
                    title=_sentence(run),
                    run=run,
                    probes=(probe,) if isinstance(probe, str) else probe,
                    needs=needs,
                    sources=sources,
                    since=since,
                    kinds=(on,) if isinstance(on, str) else on,
                    together=together,
                    absent=absent,
                    capability=capability,
                    alive=alive,
                    live=live,
                )
            )
            return run

        return enter

    @classmethod
    def joined(cls, *parts: Catalogue) -> Catalogue:
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
            raise ValueError(f"{check.id} is of no category")
        if not check.sources:
            raise ValueError(f"{check.id} has no source")
        self[check.id] = check


def _sentence(run: Run) -> str:
    text = " ".join((run.__doc__ or "").split())
    if not text.endswith("."):
        raise ValueError(f"{run.__name__} has no sentence for a docstring")
    return text
