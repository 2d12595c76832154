"""Converted cassettes written to a folder, one file for each, without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from mockglm._version import __version__
from mockglm.cassettes import (
    dump,
    dump_response,
    file_head,
    find_credentials,
    prepare_folder,
    redact,
    redact_response,
)
from mockglm.convert.reader import ForeignCassette, read_foreign
from mockglm.errors import FileError, Problem
from mockglm.redaction import Redactor

SUFFIXES = (".yaml", ".yml", ".json", ".sse")
"""The files of a folder that are converted; a `.txt` only if it is named itself."""

UNKNOWN = "unknown"
"""The value for a date or base URL that the recorder did not keep."""


class Converted(Struct, frozen=True):
    """The files written, or that would be, and those that could not be read."""

    written: tuple[Path, ...]
    problems: tuple[Problem, ...]


def convert(sources: Iterable[Path], to: Path, *, is_dry: bool = False) -> Converted:
    """Write a cassette to the folder for each file, and each below a folder; what is there
    already is written over, but never a source. One that cannot be read does not keep the others.

    With `is_dry` nothing is written. Raises UsageError for a folder that cannot be written to.
    """
    if not is_dry:
        prepare_folder(to)
    found = tuple(_find(sources, to))
    own = frozenset(map(_real, found))
    written: dict[Path, Path] = {}
    problems: list[Problem] = []
    for source in found:
        try:
            text = _text(read_foreign(source))
        except FileError as error:
            problems.extend(error.problems)
            continue
        # A body that was read can still be one that no cassette can have.
        except (ValueError, RecursionError) as error:
            problems.append(Problem(str(source), 1, 1, str(error)))
            continue
        target = _target(source, to, written)
        if _real(target) in own:
            message = f"{target} would be written over, which is to be read: name another folder"
            problems.append(Problem(str(source), 1, 1, message))
            continue
        written[target] = source
        if not is_dry:
            target.write_text(text, "utf-8")
    return Converted(tuple(written), tuple(problems))


def _text(foreign: ForeignCassette) -> str:
    what = "a cassette of" if foreign.exchanges else "a body saved by"
    by = f"mockglm {__version__} from {what} {foreign.by}"
    redactor = Redactor(key for one in foreign.exchanges for key in find_credentials(one.request))
    blocks = [dump(redact(exchange, redactor)) for exchange in foreign.exchanges]
    blocks += [dump_response(redact_response(answer, redactor)) for answer in foreign.answers]
    return "".join((file_head(foreign.origin or UNKNOWN, foreign.at or UNKNOWN, by), *blocks))


def _find(sources: Iterable[Path], to: Path) -> Iterator[Path]:
    """The files that are converted; what an earlier run wrote below a folder is not."""
    for source in sources:
        if not source.is_dir():
            yield source
            continue
        found = sorted(path for path in source.rglob("*") if path.suffix in SUFFIXES)
        is_below = _real(source) in _real(to).parents
        yield from (path for path in found if not (is_below and _real(to) in _real(path).parents))


def _real(path: Path) -> Path:
    """The path without links. Path.resolve raises RuntimeError for one that leads to itself."""
    return Path(os.path.realpath(path))


def _target(source: Path, to: Path, taken: dict[Path, Path]) -> Path:
    """The file's own name as far as a scenario can have it, with its folder's where it is taken."""
    for name in (source.stem, f"{source.parent.name}-{source.stem}"):
        target = to / f"{_name(name)}.yaml"
        if target not in taken:
            return target
    return to / f"{_name(source.stem)}-{len(taken)}.yaml"


def _name(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("._-") or "cassette"
