"""Scenario and cassette files: found, read, and named in URLs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from mockglm import yaml_documents
from mockglm.errors import FileError, MockGLMError, Problem, UsageError
from mockglm.scenario_library import list_folder
from mockglm.scenarios import compiler, reader, schema, sections, yaml_nodes
from mockglm.scenarios.problems import NodePath, Problems, suggestion
from mockglm.scenarios.values import Interaction, Scenario
from mockglm.yaml_documents import read_file

URL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
"""Names that `/s/NAME` in a URL can have."""

FileListener = Callable[[Path, int, int], None]
"""Called with a file that is about to be read, the number of those before it, and that of all."""

MAX_SHOWN = 3
"""Files of one name that a message lists."""


def load(path: str | Path) -> Scenario:
    """Read a file. Raises FileError with all its mistakes."""
    return parse(read_file(path), path)


def load_all(
    paths: Iterable[str | Path], on_file: FileListener | None = None
) -> tuple[Scenario, ...]:
    """Read files and folders; hand-written scenarios come first, recordings last.

    Otherwise the order is that of the paths. `on_file` is called before each file. Raises
    UsageError for a path that does not exist, and FileError with all mistakes of all files.
    """
    loaded: list[Scenario] = []
    problems: list[Problem] = []
    files = list(find_files(paths))
    for number, path in enumerate(files):
        if on_file:
            on_file(path, number, len(files))
        try:
            loaded.append(load(path))
        except FileError as error:
            problems.extend(error.problems)
    if problems:
        raise FileError(problems)
    return tuple(sorted(loaded, key=lambda one: one.provenance is not None))


def parse(source: bytes, path: str | Path) -> Scenario:
    """Parse the text of a file. Raises FileError with all its mistakes."""
    problems = Problems(str(path), source)
    with yaml_nodes.collector_paused(), problems.catch_errors():
        scenario = _parse(problems, Path(path).stem)
    return replace(scenario, digest=blake2b(source, digest_size=16).hexdigest())


def parse_interaction(fields: Mapping[str, Any], path: str, line: int = 0) -> Interaction:
    """Parse an interaction that is given as plain Python values, with the keys of the file format.

    `path` and `line` are its location; without a line it is in no file, and `path` is its name.
    Raises FileError with all its mistakes.
    """
    problems = Problems(path)
    with problems.catch_errors():
        node = yaml_nodes.build_node(fields, yaml_nodes.mark_at_line(line), path)
        value = reader.reader_for(schema.InteractionSpec).read(node, problems)
        problems.check()
        return _compile(value, NodePath(problems, node))


def compile_interaction(spec: schema.InteractionSpec, path: str, line: int) -> Interaction:
    """Compile an interaction written in code. Raises FileError with all its mistakes."""
    return _compile(spec, NodePath.at_line(path, line))


def find_files(paths: Iterable[str | Path]) -> Iterator[Path]:
    """Yield the files among paths, and those in folders and their subfolders, sorted.

    A file comes once. Raises UsageError for a path that does not exist, and for a folder without
    files.
    """
    seen: set[Path] = set()
    for path in _expand(paths):
        if path.absolute() not in seen:
            seen.add(path.absolute())
            yield path


def index_by_name(scenarios: Iterable[Scenario]) -> Mapping[str, Scenario]:
    """The scenarios that a URL can name: their name fits a URL and is unique.

    Recordings of tests have the names of tests, which are often equal; those are played, too, but
    have no URL.
    """
    found: dict[str, list[Scenario]] = {}
    for one in scenarios:
        found.setdefault(one.name, []).append(one)
    return {
        name: same[0] for name, same in found.items() if len(same) == 1 and URL_NAME.fullmatch(name)
    }


def unknown_name(name: str, scenarios: Iterable[Scenario]) -> str:
    """The reason why no URL can name the scenarios of a name; "" if there are none."""
    paths = [one.path for one in scenarios if one.name == name]
    if len(paths) > 1:
        more = ", …" if len(paths) > MAX_SHOWN else ""
        shown = ", ".join(paths[:MAX_SHOWN]) + more
        return f"{len(paths)} files are called {name!r}: {shown}; rename one, or load it alone"
    if paths and not URL_NAME.fullmatch(name):
        form = "a-z, 0-9, `.`, `_` and `-`, a-z or 0-9 first"
        return f"no URL can name {paths[0]}; rename it, a name has {form}"
    return ""


def _compile(spec: schema.InteractionSpec, place: NodePath) -> Interaction:
    compiled = compiler.compile_interaction(spec, compiler.FileOptions(), place)
    place.problems.check()
    assert compiled is not None
    return compiled


def _expand(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            found = list_folder(path)
            if not found:
                raise UsageError(f"{path} contains no *.yaml or *.yml files")
            yield from found
            continue
        # A broken link is reported when it is read.
        if not os.path.lexists(path):
            others = (str(other) for other in path.parent.glob("*"))
            raise UsageError(f"{path} does not exist{suggestion(str(path), others)}")
        yield path


def _parse(problems: Problems, name: str) -> Scenario:
    document = yaml_documents.split_list(problems.source, "interactions")
    if document is not None:
        with suppress(yaml_documents.SplitError):
            return _parse_document(problems, name, document)
        problems.found.clear()
        problems.first_line = 0
    return _parse_document(problems, name)


def _parse_document(
    problems: Problems, name: str, document: yaml_documents.SplitDocument | None = None
) -> Scenario:
    """Parse a file, the interactions part by part if it is split. Raises SplitError."""
    rest = problems.source if document is None else document.rest
    root = NodePath(problems, yaml_nodes.compose_nodes(Problems(problems.path, rest)))
    parts = _read_file_fields(root)
    options = compiler.FileOptions.read(parts, root)
    if document is None:
        interactions = tuple(_compile_interactions(parts["interactions"], options, root))
    else:
        interactions = tuple(_compile_parts(document, options, problems))
    scenario = Scenario(
        name=name,
        path=problems.path,
        about=parts["about"],
        interactions=interactions,
        models=sections.compile_models(parts["models"], root.at("models")),
        accounts=sections.compile_accounts(parts["accounts"], root.at("accounts")),
        keys_listed=parts["keys"] == "listed",
        overload=sections.compile_overloads(parts["overload"], root.at("overload")),
        load=sections.compile_load(parts["load"]),
        speed=parts["speed"],
        as_of=sections.compile_day(parts["as_of"], root.at("as_of")),
        provenance=sections.compile_provenance(parts["recorded"]),
        ignore=options.ignore,
        replace=options.replace,
    )
    problems.check()
    return scenario


def _read_file_fields(root: NodePath) -> dict[str, Any]:
    """The fields of the file; a field that is absent or wrong has its default."""
    read = reader.read_fields(schema.FileSpec, root.root, root.problems)
    valid = {name: value for name, value in read.items() if value is not reader.WRONG}
    default = schema.FileSpec(format=1)
    return {
        name: valid.get(name, getattr(default, name)) for name in schema.FileSpec.__struct_fields__
    }


def _compile_interactions(
    specs: list[Any], options: compiler.FileOptions, root: NodePath
) -> Iterator[Interaction]:
    nodes = root.at("interactions").node.value
    for index, value in reader.valid_items(specs):
        compiled = _compile_one(value, options, NodePath(root.problems, nodes[index]))
        if compiled is not None:
            yield compiled


def _compile_parts(
    document: yaml_documents.SplitDocument, options: compiler.FileOptions, problems: Problems
) -> Iterator[Interaction]:
    read = reader.reader_for(schema.InteractionSpec).read
    for line, part in yaml_documents.compose_parts(problems.path, document):
        problems.first_line = line
        specs = ((node, read(node, problems)) for node in part.value)
        compiled = (
            _compile_one(spec, options, NodePath(problems, node))
            for node, spec in specs
            if spec is not reader.WRONG
        )
        yield from (one for one in compiled if one is not None)
    problems.first_line = 0


def _compile_one(
    spec: schema.InteractionSpec, options: compiler.FileOptions, place: NodePath
) -> Interaction | None:
    try:
        return compiler.compile_interaction(spec, options, place)
    except MockGLMError:
        raise
    except Exception as error:
        place.report_error(error)
        return None
