"""What was measured, held against what it should be, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Figure", "skipped", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure. A `target` is the most it should be, or with `is_least` the least; without one
    it is told for information. `about` says what it was made of."""

    case: str
    name: str
    value: float | None
    unit: str = ""
    target: float | None = None
    is_least: bool = False
    about: str = ""

    @property
    def verdict(self) -> Literal["met", "missed", "told", "skipped"]:
        if self.value is None:
            return "skipped"
        if self.target is None:
            return "told"
        is_met = self.value >= self.target if self.is_least else self.value <= self.target
        return "met" if is_met else "missed"

    def row(self) -> tuple[str, ...]:
        sign = "≥" if self.is_least else "≤"
        target = "" if self.target is None else f"{sign} {_number(self.target)} {self.unit}".strip()
        value = "" if self.value is None else f"{_number(self.value)} {self.unit}".strip()
        return self.case, self.name, value, target, self.verdict, self.about


def skipped(case: str, reason: str) -> Figure:
    """What stands for a case that cannot be measured here."""
    return Figure(case=case, name="", value=None, about=reason)


def table(figures: Sequence[Figure]) -> str:
    """The figures as a table in Markdown."""
    head = ("case", "figure", "value", "target", "verdict", "from")
    rows = [head, tuple("-" * len(name) for name in head), *(figure.row() for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"
