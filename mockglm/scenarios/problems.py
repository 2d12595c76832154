"""The mistakes of a file, collected while it is read, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import yaml
from msgspec import Struct, field

from mockglm.errors import FileError, MockGLMError, Problem, nearest

Key = str | int


class Problems(Struct):
    """The mistakes found in the file at `path`, whose bytes are `source`.

    `first_line` is the line of the file, counted from 0, that the nodes count from.
    """

    path: str
    source: bytes = b""
    found: list[Problem] = field(default_factory=list)
    first_line: int = 0

    def __len__(self) -> int:
        return len(self.found)

    def add(self, node: yaml.Node, message: str) -> None:
        """Add a mistake at the beginning of a node."""
        mark = node.start_mark
        if self.first_line:
            line = self.first_line + mark.line
            self.found.append(Problem(self.path, line + 1, mark.column + 1, message))
        else:
            self.found.append(problem_at(self.path, mark, message))

    def add_line(self, node: yaml.Node, line: int, message: str) -> None:
        """Add a mistake in a line, counted from 0, of a block of text."""
        if not isinstance(node, yaml.ScalarNode) or node.style not in ("|", ">"):
            self.add(node, message)
            return
        number = self.first_line + node.start_mark.line + 1 + line
        text = self.source.split(b"\n", number + 1)[number]
        column = len(text) - len(text.lstrip(b" ")) + 1
        self.found.append(Problem(self.path, number + 1, column, message))

    def check(self) -> None:
        """Raise FileError if there are mistakes."""
        if self.found:
            raise FileError(set(self.found))

    @contextmanager
    def catch_errors(self) -> Iterator[None]:
        """Turn any exception in the block into a FileError.

        An unforeseen exception must end neither a server nor the watching of other files.
        """
        try:
            yield
        except MockGLMError:
            raise
        except Exception as error:
            line = 1 if self.source else 0
            self.found.append(Problem(self.path, line, line, describe_error(error)))
            self.check()


class NodePath(Struct, frozen=True):
    """A part of the file, by the keys that lead to it."""

    # A node is looked up only when a mistake is reported, for most files have none.

    problems: Problems
    root: yaml.Node
    keys: tuple[Key, ...] = ()

    @classmethod
    def at_line(cls, path: str, line: int) -> NodePath:
        """The place of an interaction written in code, whose parts have no places of their own."""
        mark = yaml.Mark("", 0, line - 1, 0, None, 0)
        return cls(Problems(path), yaml.ScalarNode("", "", mark, mark))

    def at(self, *keys: Key) -> NodePath:
        return NodePath(self.problems, self.root, (*self.keys, *keys))

    def report(self, message: str) -> None:
        """Report a mistake at the value, or at the nearest part of its path that exists."""
        self.problems.add(self.node, message)

    def report_error(self, error: Exception) -> None:
        """Report an exception of Python that the value caused."""
        self.report(describe_error(error))

    def report_line(self, line: int, message: str) -> None:
        """Report a mistake in a line, counted from 0, of the value, a block of text."""
        self.problems.add_line(self.node, line, message)

    @property
    def node(self) -> yaml.Node:
        node = self.root
        for key in self.keys:
            found = _child(node, key)
            if found is None:
                return node
            node = found
        return node

    @property
    def mark(self) -> yaml.Mark:
        """The mark of the value in the whole file."""
        mark, first_line = self.node.start_mark, self.problems.first_line
        if not first_line:
            return mark
        return yaml.Mark("", 0, first_line + mark.line, mark.column, None, 0)

    @property
    def location(self) -> str:
        """`path:line`, or the name of a value that is in no file."""
        line = self.problems.first_line + self.node.start_mark.line + 1
        return f"{self.problems.path}:{line}" if line else self.problems.path


def describe_error(error: Exception) -> str:
    """Describe an exception of Python that a value of a file caused."""
    if isinstance(error, RecursionError):
        return "cannot be read: nested too deep"
    return f"cannot be read: {type(error).__name__}: {error}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """`, did you mean …?` for a name that resembles a known one, else an empty text."""
    found = nearest(name, known)
    return f", did you mean `{found}`?" if found else ""


def problem_at(path: str, mark: yaml.Mark, message: str) -> Problem:
    """A mistake at a mark; in no file it has the name of the value, such as `body.reply.pace`."""
    if mark.line < 0:
        return Problem(path + mark.name, 0, 0, message)
    return Problem(path, mark.line + 1, mark.column + 1, message)


def _child(node: yaml.Node, key: Key) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        item: yaml.Node = node.value[key]
        return item
    return None
