"""The size and shape that the code keeps to."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mockglm"
MODULES = sorted(PACKAGE.rglob("*.py"))
BANNED = {"base", "common", "core", "helper", "helpers", "manager", "misc", "util", "utils"}
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def functions() -> Sequence[tuple[str, int, int]]:
    """Every function with its lines and its depth; computed in the worker that needs it."""
    return tuple(_functions())


def _functions() -> Iterator[tuple[str, int, int]]:
    for path in MODULES:
        text = path.read_text("utf-8")
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, Function):
                name = f"{path.relative_to(PACKAGE.parent)}:{node.lineno} {node.name}"
                yield name, body(node, lines), depth(node)


def body(function: Function, lines: list[str]) -> int:
    """The lines of a function that are not blank, without its signature and docstring."""
    inner = function.body[ast.get_docstring(function) is not None :]
    if not inner:
        return 0
    return sum(bool(line.strip()) for line in lines[inner[0].lineno - 1 : function.end_lineno])


def depth(node: ast.AST) -> int:
    """How deep blocks stand in each other; an `elif` is no deeper than its `if`."""
    below = max((depth(child) for child in ast.iter_child_nodes(node)), default=0)
    if isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        return max(1, below)
    return below + isinstance(node, BLOCKS)


SMALL = {
    "cli/lint.py": "one verb",
    "conformance/baseline.py": "one kind of file",
    "server/prompt_cache.py": "a subject of its own, used by sessions",
    "messages/thinking.py": "facts of one field",
    "python_literals.py": "used by the control API and by conversions",
    "readiness.py": "shared by the application, the control API and the server",
    "redaction/shapes.py": "used by both sides of the redactor",
    "scenario_library.py": "read without the file format",
    "serving/garbage.py": "a task of its own",
    "validation/rules/rule.py": "the type of the tables beside it",
}
"""Modules of fewer than 60 lines, each with the reason."""


def is_table(tree: ast.Module) -> bool:
    """True for a module of data: it has at most one function, a lookup."""
    return sum(isinstance(node, Function) for node in ast.walk(tree)) <= 1


def test_modules_have_60_to_600_lines_but_for_faces_and_tables() -> None:
    found = {}
    for path in MODULES:
        text = path.read_text("utf-8")
        name = path.relative_to(PACKAGE).as_posix()
        is_small = not is_table(ast.parse(text)) and name not in SMALL
        if path.stem.startswith("__"):
            continue
        if not (60 if is_small else 0) <= len(text.splitlines()) <= 600:
            found[name] = len(text.splitlines())
    assert found == {}


def test_each_exception_is_a_small_module() -> None:
    lines = {name: len((PACKAGE / name).read_text("utf-8").splitlines()) for name in SMALL}
    assert {name: count for name, count in lines.items() if count >= 60} == {}


def test_a_module_has_a_docstring_and_a_name_of_its_subject() -> None:
    for path in MODULES:
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path
        assert not BANNED & set(path.relative_to(PACKAGE).with_suffix("").parts), path


def test_a_function_has_at_most_40_lines() -> None:
    assert [(name, lines) for name, lines, _ in functions() if lines > 40] == []


def test_three_functions_in_four_have_at_most_10_lines() -> None:
    short = sum(lines <= 10 for _, lines, _ in functions())
    assert short / len(functions()) >= 0.75


def test_functions_are_flat() -> None:
    assert sum(deep for *_, deep in functions()) / len(functions()) <= 0.9
    assert [(name, deep) for name, _, deep in functions() if deep > 3] == []


@pytest.mark.parametrize(
    ("code", "lines", "deep"),
    [
        ('def f():\n    """Say."""\n', 0, 0),
        ('def f(\n    a,\n):\n    """Say."""\n\n    b = a\n\n    return b\n', 2, 0),
        ("def f(a):\n    if a:\n        pass\n    elif a:\n        pass\n", 4, 1),
        ("def f(a):\n    for b in a:\n        if b:\n            pass\n", 3, 2),
        ("def f(a):\n    if a:\n        pass\n    else:\n        if b: pass\n        pass\n", 5, 2),
    ],
)
def test_lines_and_depth_are_counted(code: str, lines: int, deep: int) -> None:
    function = ast.parse(code).body[0]
    assert isinstance(function, Function)
    assert (body(function, code.splitlines()), depth(function)) == (lines, deep)
