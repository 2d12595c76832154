"""A YAML document as a tree of nodes: one document, no tags, nothing that grows when it is read.

Scalars are those of YAML 1.2 that JSON has too: null, true, false and numbers. Dates, yes and no,
1:30, 0x1f and 007 are text, as they are everywhere but in YAML 1.1.
"""

from __future__ import annotations

import gc
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import yaml

from mockglm.errors import FileError, Problem
from mockglm.scenarios.problems import Problems

SIZE = 512 * 2**20
"""Bytes of the largest file that is read."""
DEPTH = 100
"""How deep values may be nested."""
SHARED = 100_000
"""How many nodes aliases may add to those that are written down."""

# What `resolve` says a scalar is, in the place of a tag; whatever else stands there was written.
PLAIN = "plain"
TEXT = "text"

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
_BOM = b"\xef\xbb\xbf"


class _Loader(yaml.CSafeLoader):
    """Composes nodes only, and counts them; the C code recurses, so depth is held here."""

    depth = 0
    count = 0

    def descend_resolver(self, current_node: yaml.Node | None, current_index: object) -> None:
        self.depth += 1
        if self.depth > DEPTH and current_node is not None:
            problem = f"nested more than {DEPTH} deep"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=current_node.start_mark)

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, kind: object, value: object, implicit: Any) -> str:
        self.count += 1
        return PLAIN if kind is yaml.ScalarNode and implicit[0] else TEXT


def compose_nodes(notes: Problems) -> yaml.Node:
    """The root node of a file's text. Raises FileError for all that is wrong with it as YAML."""
    _decode(notes)
    loader = _Loader(notes.source.removeprefix(_BOM))
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise FileError([_syntax(notes, error)]) from error
    except yaml.reader.ReaderError as error:
        message = f"character #x{error.character:04x} is not allowed"
        raise FileError([_byte(notes, error.position, message)]) from error
    finally:
        loader.dispose()
    if root is None:
        raise FileError([_byte(notes, 0, "the file is empty")])
    _inspect(root, loader.count + SHARED, notes)
    notes.check()
    return root


def build_node(value: Any, mark: yaml.Mark) -> yaml.Node:
    """The node of a plain value, as if all of it had been written at that mark."""
    if isinstance(value, Mapping):
        pairs = [
            (build_node(str(key), mark), build_node(item, _below(mark, f".{key}")))
            for key, item in value.items()
        ]
        return yaml.MappingNode(TEXT, pairs, mark, mark)
    if isinstance(value, list | tuple):
        items = [build_node(item, _below(mark, f"[{index}]")) for index, item in enumerate(value)]
        return yaml.SequenceNode(TEXT, items, mark, mark)
    if isinstance(value, str):
        return yaml.ScalarNode(TEXT, value, mark, mark, '"')
    text = "null" if value is None else str(value).lower()
    return yaml.ScalarNode(PLAIN, text, mark, mark)


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


def _below(mark: yaml.Mark, key: str) -> yaml.Mark:
    """A mark at the same place; where there is none, its name says which value it is."""
    if mark.line >= 0:
        return mark
    return yaml.Mark(mark.name + key, 0, mark.line, 0, None, 0)


def _decode(notes: Problems) -> None:
    if len(notes.source) > SIZE:
        message = f"the file is larger than {SIZE // 2**20} MiB"
        raise FileError([_byte(notes, 0, message)])
    try:
        notes.source.decode()
    except UnicodeDecodeError as error:
        message = f"not UTF-8: {error.reason}"
        raise FileError([_byte(notes, error.start, message)]) from error


def _byte(notes: Problems, at: int, message: str) -> Problem:
    before = notes.source[:at]
    column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace"))
    return Problem(notes.path, before.count(b"\n") + 1, column + 1, message)


def _syntax(notes: Problems, error: yaml.MarkedYAMLError) -> Problem:
    # What was begun and not ended is noticed where it cannot end, which may be the end of the file.
    is_open = (error.context or "").startswith("while scanning a ")
    mark = error.context_mark if is_open else error.problem_mark
    assert mark is not None
    words = ", ".join(text for text in (error.context, error.problem) if text)
    return Problem(notes.path, mark.line + 1, mark.column + 1, words)


def _inspect(root: yaml.Node, limit: int, notes: Problems) -> None:
    """Note tags, doubtful keys, and aliases that lead in a circle or grow beyond bounds."""
    stack = [(root, 1)]
    seen = 0
    while stack:
        node, depth = stack.pop()
        seen += 1
        if depth > DEPTH or seen > limit:
            notes.add(node, "aliases (`*name`) make this too large")
            return
        if node.tag is not PLAIN and node.tag is not TEXT:
            notes.add(node, f"tags are not known here: `{_short(node.tag)}`")
        if isinstance(node, yaml.MappingNode):
            _inspect_keys(node, notes)
            stack.extend((value, depth + 1) for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            stack.extend((item, depth + 1) for item in node.value)


def _inspect_keys(node: yaml.MappingNode, notes: Problems) -> None:
    names = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            notes.add(key, "a key must be text")
        elif key.tag == PLAIN and key.value == "<<":
            notes.add(key, "merge keys (`<<`) are not known here")
        elif key.value in names:
            notes.add(key, f"`{key.value}` is here twice")
        else:
            names.add(key.value)


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
