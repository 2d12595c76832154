"""Trees of YAML nodes, made from a document or a plain Python value.

Scalars are those of JSON: null, true, false and numbers. Dates, yes and no, 1:30, 0x1f and 007 are
text, unlike in YAML 1.1.
"""

from __future__ import annotations

import gc
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import yaml

from mockglm import yaml_documents
from mockglm.errors import FileError, Problem
from mockglm.scenarios.problems import Problems, problem_at
from mockglm.yaml_documents import MAX_DEPTH, PLAIN, TEXT, TOO_DEEP

MAX_VALUES = 200_000
"""Values in a tree made from Python values; a large response of /embeddings has 130,000."""

MAX_KEY_SHOWN = 60
"""Characters of a key in the name of a value."""

NULLS_AND_BOOLEANS: Mapping[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,999})")
_NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


class _ValueMark(yaml.Mark):
    """The mark of a part of a value that is in no file, with a name such as `.reply.pace`."""

    # The name is built when it is read: every value has a mark, but few have a mistake.

    def __init__(self, whole: yaml.Mark, part: str) -> None:
        self._whole = whole
        self._part = part
        self.line = whole.line
        self.column = 0

    @property
    def name(self) -> str:  # type: ignore[override]  # nothing writes it
        return f"{self._whole.name}{self._part[:MAX_KEY_SHOWN]}"


def compose_nodes(problems: Problems) -> yaml.Node:
    """Compose the root node of a file. Raises FileError for mistakes of YAML."""
    root = yaml_documents.compose(problems.path, problems.source)
    if root is None:
        raise FileError([Problem(problems.path, 1, 1, "the file is empty")])
    return root


def build_node(value: Any, mark: yaml.Mark, path: str = "") -> yaml.Node:
    """Build the node of a plain value, with one mark for all of it.

    Raises FileError, with `path`, for a value that is nested too deep or too large.
    """
    return _NodeBuilder(path).build(value, mark, MAX_DEPTH)


class _NodeBuilder:
    """Builds nodes and counts them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._left = MAX_VALUES

    def build(self, value: Any, mark: yaml.Mark, levels: int) -> yaml.Node:
        """Build the node of a value with at most so many levels of nesting."""
        self._left -= 1
        if self._left < 0:
            self._refuse(mark, f"more than {MAX_VALUES:,} values")
        if levels == 0:
            self._refuse(mark, TOO_DEEP)
        if isinstance(value, Mapping):
            pairs = [
                (
                    yaml.ScalarNode(TEXT, str(key), mark, mark, '"'),
                    self.build(item, _mark_part(mark, f".{key}"), levels - 1),
                )
                for key, item in value.items()
            ]
            return yaml.MappingNode(TEXT, pairs, mark, mark)
        if isinstance(value, list | tuple):
            items = [
                self.build(item, _mark_part(mark, f"[{index}]"), levels - 1)
                for index, item in enumerate(value)
            ]
            return yaml.SequenceNode(TEXT, items, mark, mark)
        if isinstance(value, str):
            return yaml.ScalarNode(TEXT, value, mark, mark, '"')
        return yaml.ScalarNode(PLAIN, self._write(value, mark), mark, mark)

    def _write(self, value: Any, mark: yaml.Mark) -> str:
        try:
            return "null" if value is None else str(value).lower()
        except ValueError as error:
            self._refuse(mark, str(error))

    def _refuse(self, mark: yaml.Mark, message: str) -> NoReturn:
        raise FileError([problem_at(self._path, mark, message)])


def has_more_values(value: Any, most: int) -> bool:
    """True if a plain value consists of more values than a limit."""
    stack = [value]
    left = most
    while stack:
        value = stack.pop()
        left -= 1
        if left < 0:
            return True
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return False


def mark_at_line(line: int) -> yaml.Mark:
    """The mark of a line, counted from 1; 0 is for values that are in no file."""
    return yaml.Mark("", 0, line - 1, 0, None, 0)


def to_python(node: yaml.Node) -> Any:
    """Convert a node to the values of JSON."""
    if isinstance(node, yaml.ScalarNode):
        return parse_scalar(node.value) if node.tag == PLAIN else node.value
    if isinstance(node, yaml.MappingNode):
        return {key.value: to_python(value) for key, value in node.value}
    return [to_python(item) for item in node.value]


def parse_scalar(text: str) -> bool | int | float | str | None:
    """Parse a scalar written without quotes."""
    if text in NULLS_AND_BOOLEANS:
        return NULLS_AND_BOOLEANS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def is_null(node: yaml.Node) -> bool:
    """True for null and for an absent value."""
    return bool(node.tag == PLAIN and NULLS_AND_BOOLEANS.get(node.value, True) is None)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause garbage collection while a file is read."""
    # All nodes are in use and there are no cycles; collecting would take three times as long as
    # all the rest.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _mark_part(mark: yaml.Mark, part: str) -> yaml.Mark:
    # In a file the parts of a value share its mark; in no file each has a name.
    return mark if mark.line >= 0 else _ValueMark(mark, part)
