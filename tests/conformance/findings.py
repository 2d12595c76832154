"""What the kit says of each mutant, as `findings.txt` has it.

`python -m tests.conformance.findings` writes the file again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import judge
from mockglm.conformance.parts import Finding
from tests.conformance.mutants import MUTANTS, Mutant
from tests.conformance.reference import evidence, exchange

__all__ = ["known", "told"]

FILE = Path(__file__).with_name("findings.txt")


def told(id: str, mutant: Mutant) -> list[str]:
    """A line for each finding of the check over the mutant it is made for."""
    result = judge(CHECKS[id], evidence({mutant.probe: exchange(mutant.probe, mutant.answer())}))
    return [_line(finding) for finding in result.findings]


def known() -> dict[str, list[str]]:
    """The lines of the file, by mutant."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in FILE.read_text(encoding="utf-8").removesuffix("\n").split("\n"):
        if line.startswith("  "):
            found[name].append(line[2:])
        else:
            name = line
            found[name] = []
    return found


def _line(finding: Finding) -> str:
    place = "" if finding.at is None else f"@{finding.at}"
    words = (
        f"{finding.exchange}{place}",
        finding.path,
        finding.message,
        None if finding.expected is None else f"expected {finding.expected}",
        None if finding.actual is None else f"actual {finding.actual}",
    )
    return " | ".join(word for word in words if word is not None).replace("\n", "\\n")


def _text() -> Iterator[str]:
    for id, mutants in MUTANTS.items():
        for number, mutant in enumerate(mutants):
            yield f"{id}-{number}\n"
            yield from (f"  {line}\n" for line in told(id, mutant))


if __name__ == "__main__":
    FILE.write_text("".join(_text()), encoding="utf-8")
