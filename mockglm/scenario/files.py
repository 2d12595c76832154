"""Scenario and cassette files: read from disk, alone or all together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import mockglm
from mockglm.errors import FileError, Problem, UsageError
from mockglm.scenario import beside, compiling, format, shape, tree
from mockglm.scenario.notes import Notes, Place, near
from mockglm.scenario.values import Interaction, Scenario

__all__ = ["find", "interaction", "load", "load_all", "parse", "shipped"]

SUFFIXES = (".yaml", ".yml")


def load(path: str | Path) -> Scenario:
    """The scenario in a file. Raises FileError with all that is wrong with it."""
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError([Problem(str(path), 1, 1, f"cannot be read: {reason}")]) from error
    return parse(source, path)


def load_all(paths: Iterable[str | Path]) -> tuple[Scenario, ...]:
    """The scenarios of files and folders, hand-written before recorded, else in the order given.

    Raises UsageError for a path that is not there, FileError with all that is wrong in all files.
    """
    loaded: list[Scenario] = []
    problems: list[Problem] = []
    for path in find(paths):
        try:
            loaded.append(load(path))
        except FileError as error:
            problems.extend(error.problems)
    if problems:
        raise FileError(problems)
    return tuple(sorted(loaded, key=lambda one: one.recorded is not None))


def parse(source: bytes, path: str | Path) -> Scenario:
    """The scenario in the text of a file. Raises FileError with all that is wrong with it."""
    with tree.collector_paused():
        return _parse(Notes(str(path), source), Path(path).stem)


def interaction(written: Mapping[str, Any], path: str, line: int = 0) -> Interaction:
    """An interaction of plain Python values, with the words of the file.

    `path` and `line` say where it was written; without a line it is in no file, and `path` is what
    it is called. Raises FileError with all that is wrong with it.
    """
    notes = Notes(path)
    node = tree.build(written, tree.at_line(line))
    value = shape.of(format.Interaction).read(node, notes)
    notes.check()
    compiled = compiling.compile(value, compiling.Setting(), Place(notes, node))
    notes.check()
    assert compiled is not None
    return compiled


def find(paths: Iterable[str | Path]) -> Iterator[Path]:
    """The files that paths mean: themselves, or those in a folder and below, in order.

    A file that several of them mean comes once, where it is first. Raises UsageError for a path
    that is not there, and for a folder with none.
    """
    seen: set[Path] = set()
    for path in _meant(paths):
        if path.absolute() not in seen:
            seen.add(path.absolute())
            yield path


def shipped() -> Mapping[str, Path]:
    """The scenarios that come with mockglm, by name: in the wheel, or beside it in a checkout."""
    package = Path(mockglm.__file__).parent
    folders = (package / "scenarios", package.parent / "scenarios")
    folder = next((folder for folder in folders if folder.is_dir()), None)
    return {} if folder is None else {path.stem: path for path in _within(folder)}


def _meant(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            found = list(_within(path))
            if not found:
                raise UsageError(f"{path} has no *.yaml or *.yml in it")
            yield from found
            continue
        if not path.exists():
            others = (str(other) for other in path.parent.glob("*"))
            raise UsageError(f"{path} is not there{near(str(path), others)}")
        yield path


def _within(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    return sorted(path for path in found if not _is_hidden(path.relative_to(folder)))


def _is_hidden(path: Path) -> bool:
    """Whether it is what an editor or a tool keeps for itself."""
    return any(part.startswith(".") for part in path.parts)


def _parse(notes: Notes, name: str) -> Scenario:
    root = Place(notes, tree.compose(notes))
    parts = _parts(root)
    setting = compiling.Setting.read(parts, root)
    scenario = Scenario(
        name=name,
        path=notes.path,
        about=parts["about"],
        interactions=tuple(_interactions(parts["interactions"], setting, root)),
        models=beside.models(parts["models"], root.at("models")),
        accounts=beside.accounts(parts["accounts"], root.at("accounts")),
        keys_listed=parts["keys"] == "listed",
        overload=beside.overload(parts["overload"], root.at("overload")),
        speed=parts["speed"],
        recorded=beside.recording(parts["recorded"]),
        ignore=setting.ignore,
        replace=setting.replace,
    )
    notes.check()
    return scenario


def _parts(root: Place) -> dict[str, Any]:
    """The fields of the file; the default of each that is absent or wrong."""
    read = shape.parts(format.File, root.root, root.notes)
    right = {name: value for name, value in read.items() if value is not shape.WRONG}
    blank = format.File(format=1)
    return {name: right.get(name, getattr(blank, name)) for name in format.File.__struct_fields__}


def _interactions(
    written: list[Any], setting: compiling.Setting, root: Place
) -> Iterator[Interaction]:
    nodes = root.at("interactions").node.value
    for index, value in shape.right(written):
        compiled = compiling.compile(value, setting, Place(root.notes, nodes[index]))
        if compiled is not None:
            yield compiled
