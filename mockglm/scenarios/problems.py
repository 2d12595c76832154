"""The mistakes of a file, gathered while it is read, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import yaml
from msgspec import Struct, field

from mockglm.errors import FileError, MockGLMError, Problem, nearest

Key = str | int


class Problems(Struct):
    """What is wrong in the file at `path`; `source` is its text, as bytes."""

    path: str
    source: bytes = b""
    problems: list[Problem] = field(default_factory=list)

    def add(self, node: yaml.Node, message: str) -> None:
        """Note a mistake where a node begins."""
        self.problems.append(problem_at(self.path, node.start_mark, message))

    def add_line(self, node: yaml.Node, line: int, message: str) -> None:
        """Note a mistake in a line (from 0) of a block of text."""
        if not isinstance(node, yaml.ScalarNode) or node.style not in ("|", ">"):
            self.add(node, message)
            return
        number = node.start_mark.line + 1 + line
        text = self.source.split(b"\n", number + 1)[number]
        column = len(text) - len(text.lstrip(b" ")) + 1
        self.problems.append(Problem(self.path, number + 1, column, message))

    def check(self) -> None:
        """Raise FileError if anything was noted."""
        if self.problems:
            raise FileError(set(self.problems))

    @contextmanager
    def note_errors(self) -> Iterator[None]:
        """Turn any error in the block into a mistake of the file, so that one file can end neither
        a server nor the watching of the others."""
        try:
            yield
        except MockGLMError:
            raise
        except Exception as error:
            line = 1 if self.source else 0
            self.problems.append(Problem(self.path, line, line, describe_error(error)))
            self.check()


class NodePath(Struct, frozen=True):
    """A part of the file, by the keys that lead to it; they are followed only to note a mistake."""

    problems: Problems
    root: yaml.Node
    keys: tuple[Key, ...] = ()

    @classmethod
    def of_line(cls, path: str, line: int) -> NodePath:
        """The place of all that a line of code writes: its keywords have no places of their own."""
        mark = yaml.Mark("", 0, line - 1, 0, None, 0)
        return cls(Problems(path), yaml.ScalarNode("", "", mark, mark))

    def at(self, *keys: Key) -> NodePath:
        return NodePath(self.problems, self.root, (*self.keys, *keys))

    def report(self, message: str) -> None:
        """Note a mistake at the value, or at the nearest part of its path that is there."""
        self.problems.add(self.node, message)

    def note_error(self, error: Exception) -> None:
        """Note an error that a value caused and that has no message of ours."""
        self.report(describe_error(error))

    def report_line(self, line: int, message: str) -> None:
        """Note a mistake in a line (from 0) of the value, a block of text."""
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
    def location(self) -> str:
        """The file and the line it begins at; of what stands in no file, what it is called."""
        line = self.node.start_mark.line + 1
        return f"{self.problems.path}:{line}" if line else self.problems.path


def describe_error(error: Exception) -> str:
    """The message for an error of Python that a value of a file caused."""
    if isinstance(error, RecursionError):
        return "cannot be read: nested too deep"
    return f"cannot be read: {type(error).__name__}: {error}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """`, did you mean …?` for a name that is nearly a known one, else nothing."""
    found = nearest(name, known)
    return f", did you mean `{found}`?" if found else ""


def problem_at(path: str, mark: yaml.Mark, message: str) -> Problem:
    """A mistake at a mark; of what stands in no file, it names the value, as `body.reply.pace`."""
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
