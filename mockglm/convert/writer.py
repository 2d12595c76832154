"""Converted cassettes written to a folder, one file for each, without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import yaml
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
from mockglm.convert.exports import EXPORT_SUFFIXES, export
from mockglm.convert.reader import ForeignCassette, read_foreign
from mockglm.errors import FileError, Problem
from mockglm.redaction import Redactor
from mockglm.scenarios import parse

SUFFIXES = (".yaml", ".yml", ".json", ".sse", ".har")
"""The files of a folder that are converted; a `.txt` only if it is named itself."""

CASSETTE = "cassette"
"""The kind of file that files of other tools become."""

UNKNOWN = "unknown"
"""The value for a date or base URL that the recorder did not keep."""


class Converted(Struct, frozen=True):
    """The files written, or that would be, those that could not be read, and by file what was
    approximated or left out."""

    written: tuple[Path, ...]
    problems: tuple[Problem, ...]
    notes: Mapping[Path, tuple[str, ...]] = {}


def convert(
    sources: Iterable[Path],
    to: Path,
    *,
    kind: str = CASSETTE,
    is_dry: bool = False,
    on_file: Callable[[Path], None] = lambda path: None,
) -> Converted:
    """Convert each file, and each file below a folder, into a file of the folder `to`.

    Files of other tools become cassettes; with another `kind` of EXPORTS, cassettes become that.
    Existing files are overwritten, but never a source. A file that cannot be read does not keep the
    others from being converted. With `is_dry` nothing is written. `on_file` is called before each
    file is read. Raises UsageError if the folder cannot be written to.
    """
    if not is_dry:
        prepare_folder(to)
    found = tuple(_find(sources, to))
    own = frozenset(map(_real, found))
    suffix = EXPORT_SUFFIXES.get(kind, ".yaml")
    written: dict[Path, Path] = {}
    problems: list[Problem] = []
    notes: dict[Path, tuple[str, ...]] = {}
    for source in found:
        on_file(source)
        try:
            text, noted = _convert_file(source, kind)
        except FileError as error:
            problems.extend(error.problems)
            continue
        # A body that was read can still be one that no cassette can have.
        except (ValueError, RecursionError) as error:
            problems.append(Problem(str(source), 1, 1, str(error)))
            continue
        target = _target(source, to, written, suffix=suffix)
        if _real(target) in own:
            message = f"{target} would be written over, which is to be read: name another folder"
            problems.append(Problem(str(source), 1, 1, message))
            continue
        written[target] = source
        notes[target] = noted
        if not is_dry:
            target.write_text(text, "utf-8")
    return Converted(tuple(written), tuple(problems), notes)


def _convert_file(source: Path, kind: str) -> tuple[str, tuple[str, ...]]:
    """The text for a file, and notes on it."""
    if kind != CASSETTE:
        return export(source, kind), ()
    foreign = read_foreign(source)
    text = _text(foreign)
    try:
        parse(text.encode(), source)
    except FileError as error:
        first = error.problems[0].message
        raise ValueError(f"it would become a file with a mistake: {first}") from error
    return text, foreign.notes


def _text(foreign: ForeignCassette) -> str:
    if foreign.interactions:
        return _scenario(foreign)
    what = "a cassette of" if foreign.exchanges else "a body saved by"
    by = f"mockglm {__version__} from {what} {foreign.by}"
    redactor = Redactor(key for one in foreign.exchanges for key in find_credentials(one.request))
    blocks = [dump(redact(exchange, redactor)) for exchange in foreign.exchanges]
    blocks += [dump_response(redact_response(answer, redactor)) for answer in foreign.answers]
    origin, at = foreign.origin or UNKNOWN, foreign.at or UNKNOWN
    return "".join((file_head(origin, at, by, how="mockglm convert"), *blocks))


def _scenario(foreign: ForeignCassette) -> str:
    """A file of hand-written interactions. Raises FileError if the format does not allow them."""
    about = f"Fixtures of {foreign.by}, converted by mockglm {__version__}."
    values = {"format": 1, "about": about, "interactions": list(foreign.interactions)}
    text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=100)
    text = Redactor().text(text)
    parse(text.encode(), f"<{foreign.by}>")
    return text


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


def _target(source: Path, to: Path, taken: dict[Path, Path], *, suffix: str) -> Path:
    """The file's own name as far as a scenario can have it, with its folder's where it is taken."""
    stem = f"test_{source.stem}" if suffix == ".py" else source.stem
    for name in (stem, f"{source.parent.name}-{stem}"):
        target = to / f"{_name(name)}{suffix}"
        if target not in taken:
            return target
    return to / f"{_name(stem)}-{len(taken)}{suffix}"


def _name(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("._-") or "cassette"
