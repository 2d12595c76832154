"""Files with one YAML document, read within bounds: size, depth, number of values, aliases.

Every YAML file is read through this module: scenarios and cassettes, the cassettes of other
recorders, baselines. A mistake is a FileError with the line and column.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import yaml

from mockglm.errors import FileError, Problem

SIZE = 512 * 2**20
"""Bytes of the largest file that is read."""

DEPTH = 100
"""The deepest nesting of values."""

TOO_DEEP = f"nested more than {DEPTH} deep"

NODES = 1_000_000
NODE_BYTES = 8
"""Values in a file: NODES, and one more for every NODE_BYTES bytes of it.

A value takes some 400 bytes of memory and 5 µs, however short it is. Recordings have 14 to 28
bytes a value, interactions written by hand 7 or 8, so that 100,000 interactions (1.1 million
values in 8 MB) and recordings of any size are within the bound.
"""

SHARED = 100_000
"""Values that aliases may add to those that are written."""

# A node's tag, unless the file has one: a scalar without quotes, or anything else.
PLAIN = "plain"
TEXT = "text"

_BOM = b"\xef\xbb\xbf"

# Waits for no writer when a pipe takes the place of a file after the first look at it.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class _BoundedLoader(yaml.CSafeLoader):
    """A loader that counts nodes and their depth: the C code recurses, and has no bounds."""

    depth = 0
    count = 0

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self.limit = NODES + len(source) // NODE_BYTES

    def descend_resolver(self, current_node: yaml.Node | None, current_index: object) -> None:
        self.depth = depth = self.depth + 1
        self.count = count = self.count + 1
        if depth > DEPTH or count > self.limit:
            assert current_node is not None
            words = TOO_DEEP if depth > DEPTH else self._too_many()
            raise yaml.MarkedYAMLError(problem=words, problem_mark=current_node.start_mark)

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def _too_many(self) -> str:
        return (
            f"more than {self.limit:,} values: a file may have {NODES:,}, "
            f"and one more for every {NODE_BYTES} bytes of it"
        )


class _JSONLoader(_BoundedLoader):
    """Leaves the meaning of scalars to the caller, for that of YAML 1.1 is not that of JSON."""

    def resolve(self, kind: object, value: object, implicit: Any) -> str:
        return PLAIN if kind is yaml.ScalarNode and implicit[0] else TEXT


def read_file(path: str | Path) -> bytes:
    """The bytes of a regular file. Raises FileError for anything else, and for a file that is
    too large.

    Pipes, sockets and devices are not opened: reading from them can take for ever.
    """
    try:
        _check_regular(Path(path).stat())
        descriptor = os.open(path, _FLAGS)
        try:
            _check_regular(os.fstat(descriptor))
            with open(descriptor, "rb", closefd=False) as file:
                source = file.read(SIZE + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError([Problem(str(path), 1, 1, f"cannot be read: {reason}")]) from error
    _check_size(str(path), source)
    return source


def compose(path: str, source: bytes) -> yaml.Node | None:
    """The root node of a document in UTF-8; None for an empty one.

    Scalars are PLAIN or TEXT, keys are text, tags and merge keys are refused. Raises FileError
    with all that is wrong.
    """
    _check_size(path, source)
    try:
        source.decode()
    except UnicodeDecodeError as error:
        message = f"not UTF-8: {error.reason}"
        raise FileError([_problem_at_byte(path, source, error.start, message)]) from error
    root, loader = _compose(path, source.removeprefix(_BOM), _JSONLoader)
    if root is not None:
        _check(path, root, loader.count + SHARED, is_json=True)
    return root


def construct(path: str, source: bytes) -> Any:
    """The value of a document in YAML 1.1, with tags, as other recorders write it; None for an
    empty one. Raises FileError."""
    _check_size(path, source)
    root, loader = _compose(path, source, _BoundedLoader)
    if root is None:
        return None
    _check(path, root, loader.count + SHARED, is_json=False)
    try:
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        raise FileError([_describe_syntax(path, error)]) from error
    # PyYAML converts scalars with functions of Python, which raise what they like: IndexError for
    # `!!int ""`, AttributeError for `!!timestamp x`, ValueError for a 13th month.
    except Exception as error:
        raise FileError([Problem(path, 1, 1, f"{type(error).__name__}: {error}")]) from error


def _check(path: str, root: yaml.Node, limit: int, *, is_json: bool) -> None:
    """Refuse aliases that lead in a circle or multiply; in JSON also tags and doubtful keys."""
    problems: list[Problem] = []
    stack = [(root, 1)]
    count = 0
    while stack:
        node, depth = stack.pop()
        count += 1
        if depth > DEPTH or count > limit:
            message = "aliases (`*name`) make this too large"
            problems.append(_problem_at_mark(path, node.start_mark, message))
            break
        if is_json and node.tag is not PLAIN and node.tag is not TEXT:
            message = f"tags are not known here: `{_shorten(node.tag)}`"
            problems.append(_problem_at_mark(path, node.start_mark, message))
        if isinstance(node, yaml.MappingNode):
            if is_json:
                problems.extend(_check_keys(path, node))
            else:
                stack.extend((key, depth + 1) for key, _ in node.value)
            stack.extend((value, depth + 1) for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            stack.extend((item, depth + 1) for item in node.value)
    if problems:
        raise FileError(set(problems))


def _check_keys(path: str, node: yaml.MappingNode) -> list[Problem]:
    problems = []
    names = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            problems.append(_problem_at_mark(path, key.start_mark, "a key must be text"))
        elif key.tag == PLAIN and key.value == "<<":
            message = "merge keys (`<<`) are not known here"
            problems.append(_problem_at_mark(path, key.start_mark, message))
        elif key.value in names:
            problems.append(_problem_at_mark(path, key.start_mark, f"`{key.value}` is here twice"))
        else:
            names.add(key.value)
    return problems


def _shorten(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _check_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")


def _check_size(path: str, source: bytes) -> None:
    if len(source) > SIZE:
        raise FileError([Problem(path, 1, 1, f"the file is larger than {SIZE // 2**20} MiB")])


def _compose(
    path: str, source: bytes, kind: type[_BoundedLoader]
) -> tuple[yaml.Node | None, _BoundedLoader]:
    loader = kind(source)
    try:
        return loader.get_single_node(), loader
    except yaml.MarkedYAMLError as error:
        raise FileError([_describe_syntax(path, _explain_nesting(source, error))]) from error
    except yaml.reader.ReaderError as error:
        message = f"character #x{error.character:04x} is not allowed"
        raise FileError([_problem_at_byte(path, source, error.position, message)]) from error
    finally:
        loader.dispose()


def _explain_nesting(source: bytes, error: yaml.MarkedYAMLError) -> yaml.MarkedYAMLError:
    """The error, in our words and at our place if it is about nesting.

    libyaml looks ahead and has a bound of its own since 0.2.6, so it can be the first to refuse a
    deep file. All that stands before its place is within its bound, but not within ours.
    """
    if error.problem_mark is None or "nest" not in (error.problem or ""):
        return error
    before = source.decode(errors="replace")[: error.problem_mark.index]
    try:
        _JSONLoader(before.encode()).get_single_node()
    except yaml.MarkedYAMLError as found:
        if found.problem == TOO_DEEP:
            return found
    return yaml.MarkedYAMLError(problem=TOO_DEEP, problem_mark=error.problem_mark)


def _describe_syntax(path: str, error: yaml.MarkedYAMLError) -> Problem:
    # What was begun and not ended is noticed where it cannot end, which may be the end of the file.
    is_open = (error.context or "").startswith("while scanning a ")
    mark = error.context_mark if is_open else error.problem_mark
    return _problem_at_mark(
        path, mark, ", ".join(text for text in (error.context, error.problem) if text)
    )


def _problem_at_mark(path: str, mark: yaml.Mark | None, message: str) -> Problem:
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    return Problem(path, line + 1, column + 1, message)


def _problem_at_byte(path: str, source: bytes, at: int, message: str) -> Problem:
    before = source[:at]
    column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace"))
    return Problem(path, before.count(b"\n") + 1, column + 1, message)
