"""Scenario and cassette files: read from disk, alone or all together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mockglm.errors import FileError, MockGLMError, Problem, UsageError
from mockglm.scenarios import compiler, reader, schema, sections, yaml_nodes
from mockglm.scenarios.problems import NodePath, Problems, suggestion
from mockglm.scenarios.values import Interaction, Scenario
from mockglm.yaml_documents import read_file

SUFFIXES = (".yaml", ".yml")


def load(path: str | Path) -> Scenario:
    """The scenario in a file. Raises FileError with all that is wrong with it."""
    return parse(read_file(path), path)


def load_all(paths: Iterable[str | Path]) -> tuple[Scenario, ...]:
    """The scenarios of files and folders, hand-written before recorded, else in the order given.

    Raises UsageError for a path that is not there, FileError with all that is wrong in all files.
    """
    loaded: list[Scenario] = []
    problems: list[Problem] = []
    for path in find_files(paths):
        try:
            loaded.append(load(path))
        except FileError as error:
            problems.extend(error.problems)
    if problems:
        raise FileError(problems)
    return tuple(sorted(loaded, key=lambda one: one.provenance is not None))


def parse(source: bytes, path: str | Path) -> Scenario:
    """The scenario in the text of a file. Raises FileError with all that is wrong with it."""
    notes = Problems(str(path), source)
    with yaml_nodes.collector_paused(), notes.note_errors():
        return _parse(notes, Path(path).stem)


def parse_interaction(written: Mapping[str, Any], path: str, line: int = 0) -> Interaction:
    """An interaction of plain Python values, with the words of the file.

    `path` and `line` say where it was written; without a line it is in no file, and `path` is what
    it is called. Raises FileError with all that is wrong with it.
    """
    notes = Problems(path)
    with notes.note_errors():
        node = yaml_nodes.build_node(written, yaml_nodes.mark_at_line(line), path)
        value = reader.reader_for(schema.InteractionSpec).read(node, notes)
        notes.check()
        return _compile(value, NodePath(notes, node))


def compile_interaction(written: schema.InteractionSpec, path: str, line: int) -> Interaction:
    """Compile an interaction that a line of code wrote. Raises FileError with all its mistakes."""
    return _compile(written, NodePath.of_line(path, line))


def find_files(paths: Iterable[str | Path]) -> Iterator[Path]:
    """The files that paths mean: themselves, or those in a folder and below, in order.

    A file that several of them mean comes once, where it is first. Raises UsageError for a path
    that is not there, and for a folder with none.
    """
    seen: set[Path] = set()
    for path in _meant(paths):
        if path.absolute() not in seen:
            seen.add(path.absolute())
            yield path


def shipped_scenarios() -> Mapping[str, Path]:
    """The scenarios that come with mockglm, by name: in the wheel, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    folders = (package / "library", package.parent / "scenarios")
    folder = next((folder for folder in folders if folder.is_dir()), None)
    return {} if folder is None else {path.stem: path for path in _within(folder)}


def _compile(written: schema.InteractionSpec, place: NodePath) -> Interaction:
    compiled = compiler.compile_interaction(written, compiler.FileOptions(), place)
    place.problems.check()
    assert compiled is not None
    return compiled


def _meant(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            found = list(_within(path))
            if not found:
                raise UsageError(f"{path} has no *.yaml or *.yml in it")
            yield from found
            continue
        # What is wrong with a link is said when it is read.
        if not os.path.lexists(path):
            others = (str(other) for other in path.parent.glob("*"))
            raise UsageError(f"{path} is not there{suggestion(str(path), others)}")
        yield path


def _within(folder: Path) -> list[Path]:
    # Not rglob, which raises FileNotFoundError when a folder is deleted while it is listed.
    found: list[Path] = []
    for parent, folders, files in os.walk(folder):
        # Names that begin with a dot are those of editors and tools.
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = (name for name in (*folders, *files) if not name.startswith("."))
        found.extend(Path(parent, name) for name in names if name.endswith(SUFFIXES))
    return sorted(found)


def _parse(notes: Problems, name: str) -> Scenario:
    root = NodePath(notes, yaml_nodes.compose_nodes(notes))
    parts = _parts(root)
    setting = compiler.FileOptions.read(parts, root)
    scenario = Scenario(
        name=name,
        path=notes.path,
        about=parts["about"],
        interactions=tuple(_interactions(parts["interactions"], setting, root)),
        models=sections.compile_models(parts["models"], root.at("models")),
        accounts=sections.compile_accounts(parts["accounts"], root.at("accounts")),
        keys_listed=parts["keys"] == "listed",
        overload=sections.compile_overloads(parts["overload"], root.at("overload")),
        speed=parts["speed"],
        provenance=sections.compile_provenance(parts["recorded"]),
        ignore=setting.ignore,
        replace=setting.replace,
    )
    notes.check()
    return scenario


def _parts(root: NodePath) -> dict[str, Any]:
    """The fields of the file; the default of each that is absent or wrong."""
    read = reader.read_fields(schema.FileSpec, root.root, root.problems)
    right = {name: value for name, value in read.items() if value is not reader.WRONG}
    blank = schema.FileSpec(format=1)
    return {
        name: right.get(name, getattr(blank, name)) for name in schema.FileSpec.__struct_fields__
    }


def _interactions(
    written: list[Any], setting: compiler.FileOptions, root: NodePath
) -> Iterator[Interaction]:
    nodes = root.at("interactions").node.value
    for index, value in reader.valid_items(written):
        compiled = _compile_one(value, setting, NodePath(root.problems, nodes[index]))
        if compiled is not None:
            yield compiled


def _compile_one(
    written: schema.InteractionSpec, setting: compiler.FileOptions, place: NodePath
) -> Interaction | None:
    try:
        return compiler.compile_interaction(written, setting, place)
    except MockGLMError:
        raise
    except Exception as error:
        place.note_error(error)
        return None
