"""The place in a file where interactions can be appended.

A file that looks like a cassette is only searched for lines outside of the interactions, so that
hundreds of megabytes take a moment and little memory. Any other is parsed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

import yaml
from msgspec import Struct

from mockglm.errors import FileError
from mockglm.scenarios import yaml_nodes
from mockglm.scenarios.problems import NodePath, Problems
from mockglm.yaml_documents import read_file

CHUNK = 2**20
"""Bytes that are copied at once."""

# The key of the interactions, and the first of them behind comments and empty lines.
_FIRST_ITEM = re.compile(
    rb"^interactions:[ ]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?P<margin> *)- ",
    re.MULTILINE,
)
# A line that is neither empty, nor a comment, nor indented begins another key of the file, unless
# it is an interaction at the left margin.
_OUTSIDE = re.compile(rb"\n[^ \t\r\n#]")
_OUTSIDE_BUT_ITEMS = re.compile(rb"\n(?!- )[^ \t\r\n#]")

_DOCUMENT_END = re.compile(rb"^\.\.\.(?:\s|\Z)", re.MULTILINE)


class AppendPoint(Struct, frozen=True):
    """The way to append to a copy of a file: the white space before each line, and True if the file
    is the beginning of the copy."""

    margin: bytes
    is_beginning: bool


def copy_for_appending(path: Path, copy: Path, head: str) -> AppendPoint:
    """Copy a file so that interactions can follow in the copy.

    `head` is the beginning of a file with nothing in it. Raises FileError for a file that they
    cannot follow in, OSError for one that cannot be copied.
    """
    if path.is_file():
        with path.open("rb") as source, copy.open("wb") as target:
            point = _copy_lines(source, target)
        if point is not None:
            return point
    text = read_file(path)
    begun, white_space = prepare_append(path, text, head)
    copy.write_bytes(begun)
    return AppendPoint(white_space, begun == text)


def has_items(source: bytes) -> bool:
    """True if a list of interactions, each on lines of its own, follows its key."""
    return _FIRST_ITEM.search(source) is not None


def is_blank(source: bytes) -> bool:
    """True if there is nothing but white space and comments."""
    lines = source.removeprefix(b"\xef\xbb\xbf").splitlines()
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in lines)


def is_absent(value: yaml.Node | None) -> bool:
    """True if nothing stands behind a key, not even `null`."""
    return isinstance(value, yaml.ScalarNode) and not (value.value or value.style)


def prepare_append(path: Path, source: bytes, head: str) -> tuple[bytes, bytes]:
    """Return a file's text so that interactions can follow, and the white space before their lines.

    Raises FileError for a file that they cannot follow in.
    """
    if source and not source.endswith(b"\n"):
        source += b"\n"
    if is_blank(source):
        return source + head.encode(), b""
    notes = Problems(str(path), source)
    root = yaml_nodes.compose_nodes(notes)
    rows = root.value if isinstance(root, yaml.MappingNode) and not root.flow_style else []
    keys = [key.value for key, _ in rows]
    if _DOCUMENT_END.search(source):
        notes.add(root, "`...` ends the document: nothing can be appended to it")
        raise FileError(notes.found)
    if keys and "interactions" not in keys:
        return source + b"interactions:\n", b""
    value = rows[-1][1] if keys[-1:] == ["interactions"] else None
    if is_absent(value):
        return source, b""
    if isinstance(value, yaml.SequenceNode) and not value.flow_style:
        return source, b" " * value.start_mark.column
    if isinstance(value, yaml.SequenceNode) and not value.value and source.endswith(b"[]\n"):
        return source.removesuffix(b"[]\n").rstrip() + b"\n", b""
    message = "`interactions:` has to come last, a line for each, to be appended to"
    NodePath(notes, root).at("interactions").report(message)
    raise FileError(notes.found)


def _copy_lines(source: BinaryIO, target: BinaryIO) -> AppendPoint | None:
    """Copy a file; return the append point if a list of interactions ends it, else None.

    The list begins within the first chunk.
    """
    chunk = source.read(CHUNK)
    found = _FIRST_ITEM.search(chunk)
    if found is None:
        return None
    outside = _OUTSIDE if found["margin"] else _OUTSIDE_BUT_ITEMS
    window = chunk[found.end() :]
    end = b""
    while chunk:
        target.write(chunk)
        end, chunk = chunk[-1:], source.read(CHUNK)
        # The next chunk may end the lines that begin in the last bytes of this one.
        cut = window.find(b"\n", max(len(window) - 3, 0)) if chunk else -1
        cut = len(window) if cut < 0 else cut
        match = outside.search(window)
        if match is not None and match.start() < cut:
            return None
        window = window[cut:] + chunk
    if end != b"\n":
        target.write(b"\n")
    return AppendPoint(found["margin"], end == b"\n")
