"""A cassette loaded for recording: a file that need not be there, or have anything in it yet."""

from __future__ import annotations

from pathlib import Path

import yaml

from mockglm.cassettes.structure import has_items, is_absent, is_blank
from mockglm.scenarios import Scenario, parse, yaml_nodes
from mockglm.scenarios.problems import Problems
from mockglm.yaml_documents import read_file


def load(path: Path) -> Scenario | None:
    """Load the scenario of a file; None if there is no file, or nothing in it yet.

    Raises FileError with all that is wrong with it.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # reading it explains why
    source = read_file(path)
    if is_blank(source):
        return None
    return parse(source if has_items(source) else _filled(path, source), path)


def _filled(path: Path, source: bytes) -> bytes:
    """The file's text with a list behind `interactions:` if nothing is there, as before the first
    recording."""
    root = yaml_nodes.compose_nodes(Problems(str(path), source))
    rows = root.value if isinstance(root, yaml.MappingNode) else ()
    value = next((value for key, value in rows if key.value == "interactions"), None)
    if not is_absent(value):
        return source
    assert value is not None
    lines = source.decode().split("\n")
    line, column = lines[value.start_mark.line], value.start_mark.column
    lines[value.start_mark.line] = f"{line[:column]} []{line[column:]}"
    return "\n".join(lines).encode()
