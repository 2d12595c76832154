"""A file made ready to have interactions appended: read, completed, or refused with the place."""

from __future__ import annotations

from pathlib import Path

import yaml

from mockglm.errors import FileError
from mockglm.scenarios import Scenario, parse, yaml_nodes
from mockglm.scenarios.problems import NodePath, Problems
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
    return None if _is_blank(source) else parse(_filled(path, source), path)


def prepare_append(path: Path, source: bytes, head: str) -> tuple[bytes, bytes]:
    """A file's text so that interactions can follow, and the white space they are indented by.

    `head` is what a file begins with where nothing is in it yet. Raises FileError for one that
    they cannot follow in.
    """
    if source and not source.endswith(b"\n"):
        source += b"\n"
    if _is_blank(source):
        return source + head.encode(), b""
    notes = Problems(str(path), source)
    root = yaml_nodes.compose_nodes(notes)
    rows = root.value if isinstance(root, yaml.MappingNode) and not root.flow_style else []
    keys = [key.value for key, _ in rows]
    if keys and "interactions" not in keys:
        return source + b"interactions:\n", b""
    value = rows[-1][1] if keys[-1:] == ["interactions"] else None
    if _is_absent(value):
        return source, b""
    if isinstance(value, yaml.SequenceNode) and not value.flow_style:
        return source, b" " * value.start_mark.column
    if isinstance(value, yaml.SequenceNode) and not value.value and source.endswith(b"[]\n"):
        return source.removesuffix(b"[]\n").rstrip() + b"\n", b""
    message = "`interactions:` has to come last, a line for each, to be appended to"
    NodePath(notes, root).at("interactions").report(message)
    raise FileError(notes.found)


def _is_blank(source: bytes) -> bool:
    """Whether there is nothing but white space and comments."""
    lines = source.removeprefix(b"\xef\xbb\xbf").splitlines()
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in lines)


def _is_absent(value: yaml.Node | None) -> bool:
    """Whether nothing stands behind the key, not even `null`."""
    return isinstance(value, yaml.ScalarNode) and not (value.value or value.style)


def _filled(path: Path, source: bytes) -> bytes:
    """The file's text with a list behind `interactions:` where nothing is, as before the first."""
    root = yaml_nodes.compose_nodes(Problems(str(path), source))
    rows = root.value if isinstance(root, yaml.MappingNode) else ()
    value = next((value for key, value in rows if key.value == "interactions"), None)
    if not _is_absent(value):
        return source
    assert value is not None
    lines = source.decode().split("\n")
    line, column = lines[value.start_mark.line], value.start_mark.column
    lines[value.start_mark.line] = f"{line[:column]} []{line[column:]}"
    return "\n".join(lines).encode()
