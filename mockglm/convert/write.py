"""Converted cassettes written to a folder, one file for each, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mockglm import __version__
from mockglm.cassette import block, head, redacted
from mockglm.convert.read import Foreign, read
from mockglm.errors import FileError, Problem
from mockglm.redact import Redactor

__all__ = ["Converted", "convert"]

SUFFIXES = (".yaml", ".yml", ".json")

UNKNOWN = "unknown"
"""What stands in a cassette whose date or base URL its recorder did not keep."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What came of it: the files written, and what could not be read."""

    written: tuple[Path, ...]
    problems: tuple[Problem, ...]


def convert(sources: Iterable[Path], to: Path) -> Converted:
    """Write a cassette to the folder for each file, and each below a folder; what is there
    already is written over. One that cannot be read does not keep the others."""
    to.mkdir(parents=True, exist_ok=True)
    written: dict[Path, Path] = {}
    problems: list[Problem] = []
    for source in _find(sources):
        try:
            text = _text(read(source))
        except FileError as error:
            problems.extend(error.problems)
            continue
        target = _target(source, to, written)
        written[target] = source
        target.write_text(text, "utf-8")
    return Converted(tuple(written), tuple(problems))


def _text(foreign: Foreign) -> str:
    by = f"mockglm {__version__} from a cassette of {foreign.by}"
    redactor = Redactor()
    blocks = (block(redacted(exchange, redactor)) for exchange in foreign.exchanges)
    return "".join((head(foreign.origin or UNKNOWN, foreign.at or UNKNOWN, by), *blocks))


def _find(sources: Iterable[Path]) -> Iterator[Path]:
    for source in sources:
        if source.is_dir():
            yield from sorted(path for path in source.rglob("*") if path.suffix in SUFFIXES)
        else:
            yield source


def _target(source: Path, to: Path, taken: dict[Path, Path]) -> Path:
    """The file's own name as far as a scenario can have it, with its folder's where it is taken."""
    for name in (source.stem, f"{source.parent.name}-{source.stem}"):
        target = to / f"{_name(name)}.yaml"
        if target not in taken:
            return target
    return to / f"{_name(source.stem)}-{len(taken)}.yaml"


def _name(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("._-") or "cassette"
