"""YAML documents, read within bounds of size, depth, number of values and aliases.

All YAML files are read here: scenarios and cassettes, the cassettes of other recorders, baselines.
A mistake is a FileError with line and column.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from mockglm.errors import FileError, Problem

MAX_SIZE = 512 * 2**20
"""Bytes of a file."""

MAX_DEPTH = 100
"""Levels of nested values."""

TOO_DEEP = f"nested more than {MAX_DEPTH} deep"

MAX_VALUES = 1_000_000
BYTES_PER_VALUE = 8
"""Values in a file: MAX_VALUES, and one more for every BYTES_PER_VALUE bytes.

A value takes some 400 bytes of memory and 5 µs, even if it is short. Recordings have 14 to 28 bytes
a value, interactions written by hand 7 or 8, so that 100,000 interactions (1.1 million values in
8 MB) and recordings of any size are within the bound.
"""

MAX_SHARED_VALUES = 100_000
"""Values that aliases may add."""

# The tags of nodes without a tag in the file: a scalar without quotes, and any other node.
PLAIN = "plain"
TEXT = "text"

SPLIT_SIZE = 256 * 1024
"""Bytes of the smallest file whose list is composed part by part, and about those of a part.

The nodes of a file take twenty times as much memory as its text.
"""

_BOM = b"\xef\xbb\xbf"

# Other ends of a line, markers of documents, and directives. Each expression begins with fixed
# bytes, which makes it ten times as fast as one with ^ or |.
_UNSPLIT = (
    re.compile(rb"\r"),
    re.compile(rb"\xc2\x85"),
    re.compile(rb"\xe2\x80[\xa8\xa9]"),
    re.compile(rb"\n(?:---|\.\.\.|%)"),
)

_ROOT_KEY = re.compile(rb"\n[^ \-#\n]")

# O_NONBLOCK: opening does not wait if a pipe replaces the file after it was checked.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class _BoundedLoader(yaml.CSafeLoader):
    """A loader that limits the number and depth of nodes.

    PyYAML's C code composes nodes recursively and without limits.
    """

    depth = 0
    count = 0

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self.limit = MAX_VALUES + len(source) // BYTES_PER_VALUE

    def descend_resolver(self, current_node: yaml.Node | None, current_index: object) -> None:
        self.depth = depth = self.depth + 1
        self.count = count = self.count + 1
        if depth > MAX_DEPTH or count > self.limit:
            assert current_node is not None
            words = TOO_DEEP if depth > MAX_DEPTH else self._too_many()
            raise yaml.MarkedYAMLError(problem=words, problem_mark=current_node.start_mark)

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def _too_many(self) -> str:
        return (
            f"more than {self.limit:,} values: a file may have {MAX_VALUES:,}, "
            f"and one more for every {BYTES_PER_VALUE} bytes of it"
        )


class _JSONLoader(_BoundedLoader):
    """Leaves scalars unresolved, for YAML 1.1 has other rules than JSON."""

    def resolve(self, kind: object, value: object, implicit: Any) -> str:
        return PLAIN if kind is yaml.ScalarNode and implicit[0] else TEXT


def read_file(path: str | Path) -> bytes:
    """Read a regular file. Raises FileError for a file that is too large or not regular.

    Reading from pipes, sockets and devices can take for ever.
    """
    try:
        _check_regular(Path(path).stat())
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            _check_regular(os.fstat(descriptor))
            with open(descriptor, "rb", closefd=False) as file:
                source = file.read(MAX_SIZE + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError([Problem(str(path), 1, 1, f"cannot be read: {reason}")]) from error
    _check_size(str(path), source)
    return source


def compose(path: str, source: bytes) -> yaml.Node | None:
    """Compose the root node of a document in UTF-8; return None for an empty one.

    Scalars have the tags PLAIN or TEXT and keys are text; tags and merge keys are refused. Raises
    FileError with all mistakes.
    """
    _check_size(path, source)
    try:
        source.decode()
    except UnicodeDecodeError as error:
        message = f"not UTF-8: {error.reason}"
        raise FileError([_problem_at_byte(path, source, error.start, message=message)]) from error
    root, loader = _compose(path, source.removeprefix(_BOM), _JSONLoader)
    if root is not None:
        _check_nodes(path, root, loader.count + MAX_SHARED_VALUES, is_json=True)
    return root


class SplitError(Exception):
    """A list cannot be composed part by part: compose the whole document."""


class SplitDocument(Struct, frozen=True):
    """A document without the items of a long list, and the items in parts, which are lists too.

    `rest` has an empty list and as many lines as before; each of `parts` has the number of its
    first line, counted from 0.
    """

    rest: bytes
    parts: Sequence[tuple[int, bytes]]


def split_list(source: bytes, key: str) -> SplitDocument | None:
    """Split the list of a key of the root; None for a small document, or one that cannot be split.

    Looks at the beginnings of lines only. That is right for block style: what is in an item is
    indented deeper than its dash. `compose_parts` notices any other style, as an item then has no
    end.
    """
    if len(source) < SPLIT_SIZE or any(mark.search(source) for mark in _UNSPLIT):
        return None
    head = re.search(rb"\n%b:(?P<blank> *)\n(?P<indent> *)-[ \n]" % key.encode(), source)
    if head is None:
        return None
    start = head.start("indent")
    tail = _ROOT_KEY.search(source, start)
    end = tail.start() + 1 if tail else len(source)
    cuts = [start]
    dash = re.compile(rb"\n%b-[ \n]" % head["indent"])
    while found := dash.search(source, cuts[-1] + SPLIT_SIZE, end):
        cuts.append(found.start() + 1)
    line = source.count(b"\n", 0, start)
    lines = b"\n" * source.count(b"\n", start, end)
    rest = b"%b []\n%b%b" % (source[: head.start("blank")], lines, source[end:])
    parts = []
    for first, last in pairwise((*cuts, end)):
        parts.append((line, source[first:last]))
        line += source.count(b"\n", first, last)
    return SplitDocument(rest, parts)


def compose_parts(path: str, document: SplitDocument) -> Iterator[tuple[int, yaml.SequenceNode]]:
    """Compose the parts of a list, each with the number of its first line.

    Raises SplitError for any mistake of YAML, whose place only the whole document shows.
    """
    left = MAX_VALUES
    for line, source in document.parts:
        try:
            root, loader = _compose(path, source, _JSONLoader)
            left -= loader.count - len(source) // BYTES_PER_VALUE
            if not isinstance(root, yaml.SequenceNode) or left < 0:
                raise SplitError
            _check_nodes(path, root, loader.count + MAX_SHARED_VALUES, is_json=True)
        except FileError as error:
            raise SplitError from error
        yield line, root


def construct(path: str, source: bytes) -> Any:
    """Construct the value of a document in YAML 1.1 with tags, as other recorders write it.

    An empty document is None. Raises FileError.
    """
    _check_size(path, source)
    root, loader = _compose(path, source, _BoundedLoader)
    if root is None:
        return None
    _check_nodes(path, root, loader.count + MAX_SHARED_VALUES, is_json=False)
    try:
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        raise FileError([_syntax_problem(path, error)]) from error
    # PyYAML converts scalars with functions that raise various exceptions: IndexError for
    # `!!int ""`, AttributeError for `!!timestamp x`, ValueError for a 13th month.
    except Exception as error:
        raise FileError([Problem(path, 1, 1, f"{type(error).__name__}: {error}")]) from error


def _check_nodes(path: str, root: yaml.Node, limit: int, *, is_json: bool) -> None:
    """Refuse aliases that are cyclic or multiply; in JSON also tags and ambiguous keys."""
    problems: list[Problem] = []
    stack = [(root, 1)]
    count = 0
    while stack:
        node, depth = stack.pop()
        count += 1
        if depth > MAX_DEPTH or count > limit:
            message = "aliases (`*name`) make this too large"
            problems.append(_problem_at_mark(path, node.start_mark, message))
            break
        if is_json and node.tag is not PLAIN and node.tag is not TEXT:
            message = f"tags are not known here: `{_shorten_tag(node.tag)}`"
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
            problems.append(_problem_at_mark(path, key.start_mark, f"duplicate key `{key.value}`"))
        else:
            names.add(key.value)
    return problems


def _shorten_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _check_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")


def _check_size(path: str, source: bytes) -> None:
    if len(source) > MAX_SIZE:
        raise FileError([Problem(path, 1, 1, f"the file is larger than {MAX_SIZE // 2**20} MiB")])


def _compose(
    path: str, source: bytes, kind: type[_BoundedLoader]
) -> tuple[yaml.Node | None, _BoundedLoader]:
    loader = kind(source)
    try:
        return loader.get_single_node(), loader
    except yaml.MarkedYAMLError as error:
        raise FileError([_syntax_problem(path, _explain_nesting(source, error))]) from error
    except yaml.reader.ReaderError as error:
        message = f"character #x{error.character:04x} is not allowed"
        problem = _problem_at_byte(path, source, error.position, message=message)
        raise FileError([problem]) from error
    finally:
        loader.dispose()


def _explain_nesting(source: bytes, error: yaml.MarkedYAMLError) -> yaml.MarkedYAMLError:
    """Return an error about nesting with mockglm's message and place, any other error as it is."""
    # libyaml reads ahead and has had a limit of its own since 0.2.6, so it can be the first to
    # refuse a deep file. Its limit is higher: the text before its place exceeds ours only.
    if error.problem_mark is None or "nest" not in (error.problem or ""):
        return error
    before = source.decode(errors="replace")[: error.problem_mark.index]
    try:
        _JSONLoader(before.encode()).get_single_node()
    except yaml.MarkedYAMLError as found:
        if found.problem == TOO_DEEP:
            return found
    return yaml.MarkedYAMLError(problem=TOO_DEEP, problem_mark=error.problem_mark)


def _syntax_problem(path: str, error: yaml.MarkedYAMLError) -> Problem:
    # An unclosed quote is noticed where it can no longer be closed, which may be the end of the
    # file; its beginning is the better place.
    is_open = (error.context or "").startswith("while scanning a ")
    mark = error.context_mark if is_open else error.problem_mark
    return _problem_at_mark(
        path, mark, ", ".join(text for text in (error.context, error.problem) if text)
    )


def _problem_at_mark(path: str, mark: yaml.Mark | None, message: str) -> Problem:
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    return Problem(path, line + 1, column + 1, message)


def _problem_at_byte(path: str, source: bytes, offset: int, *, message: str) -> Problem:
    before = source[:offset]
    column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace"))
    return Problem(path, before.count(b"\n") + 1, column + 1, message)
