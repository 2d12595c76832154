"""A YAML document, or a plain Python value, as a tree of nodes.

Scalars are those of YAML 1.2 that JSON has too: null, true, false and numbers. Dates, yes and no,
1:30, 0x1f and 007 are text, as they are everywhere but in YAML 1.1.
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
from mockglm.yaml_documents import DEPTH, PLAIN, TEXT, TOO_DEEP

MOST_BUILT = 200_000
"""Values in a tree built of Python values; a large response of /embeddings has 130,000."""

LONGEST_KEY = 60
"""Characters of a key in the name of a place."""

WORDS: Mapping[str, bool | None] = {
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
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,999})")
_NUMBER = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


class _PartMark(yaml.Mark):
    """The mark of a part of a value that stands in no file. Its name is made when it is asked
    for: there is one mark for each value, and a message for few."""

    def __init__(self, whole: yaml.Mark, part: str) -> None:
        self._whole = whole
        self._part = part
        self.line = whole.line
        self.column = 0

    @property
    def name(self) -> str:  # type: ignore[override]  # nothing writes it
        return f"{self._whole.name}{self._part[:LONGEST_KEY]}"


def compose_nodes(notes: Problems) -> yaml.Node:
    """The root node of a file's text. Raises FileError for all that is wrong with it as YAML."""
    root = yaml_documents.compose(notes.path, notes.source)
    if root is None:
        raise FileError([Problem(notes.path, 1, 1, "the file is empty")])
    return root


def build_node(value: Any, mark: yaml.Mark, path: str = "") -> yaml.Node:
    """The node of a plain value, as if all of it had been written at that mark.

    Raises FileError, with `path`, for a value that is nested too deep or too large.
    """
    return _Builder(path).build(value, mark, DEPTH)


class _Builder:
    """Makes nodes, and counts them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._left = MOST_BUILT

    def build(self, value: Any, mark: yaml.Mark, levels: int) -> yaml.Node:
        """The node of a value that may have so many levels."""
        self._left -= 1
        if self._left < 0:
            self._refuse(mark, f"more than {MOST_BUILT:,} values")
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


def is_larger(value: Any, most: int) -> bool:
    """Compare the number of values in a plain value with a bound."""
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
    """The mark of what was written at a line from 1, or, with 0, in no file."""
    return yaml.Mark("", 0, line - 1, 0, None, 0)


def to_python(node: yaml.Node) -> Any:
    """The value of a node in plain Python, as JSON knows it."""
    if isinstance(node, yaml.ScalarNode):
        return parse_scalar(node.value) if node.tag == PLAIN else node.value
    if isinstance(node, yaml.MappingNode):
        return {key.value: to_python(value) for key, value in node.value}
    return [to_python(item) for item in node.value]


def parse_scalar(text: str) -> bool | int | float | str | None:
    """What a scalar written without quotes is."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def is_null(node: yaml.Node) -> bool:
    """Whether a node is null, or nothing at all."""
    return bool(node.tag == PLAIN and WORDS.get(node.value, True) is None)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection while a file is read: what is made is in use, there are no cycles, and
    looking for some takes three times as long as all the rest."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _mark_part(mark: yaml.Mark, part: str) -> yaml.Mark:
    """The mark of a part of a value: the same in a file; in no file, with the name of the part."""
    return mark if mark.line >= 0 else _PartMark(mark, part)
