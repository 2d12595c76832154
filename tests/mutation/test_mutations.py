"""The ways a module is broken."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.mutations import find_mutations


def broken(source: str) -> list[str]:
    return [ast.unparse(one.tree) for one in find_mutations(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["a <= b"]),
        ("a is None", ["a is not None"]),
        ("not a", ["a"]),
        ("a and b", ["a or b", "b", "a"]),
        ("a + 1", ["a - 1", "a + 2"]),
        ("a = True", ["a = False"]),
        ("x = a if b else c", ["x = a if True else c", "x = a if False else c"]),
        ("x = [a for a in b if a]", ["x = [a for a in b]"]),
        ("def f():\n    yield a", ["def f():\n    pass"]),
        ("def f():\n    return a", ["def f():\n    pass"]),
    ],
)
def test_every_decision_is_changed_once(source: str, expected: list[str]) -> None:
    assert broken(source) == expected


@pytest.mark.parametrize("source", ["a = 'text'", "a: Literal[1]", "def f(a: int) -> bool: ..."])
def test_texts_and_annotations_are_not_changed(source: str) -> None:
    assert broken(source) == []


def test_a_mutation_has_its_line() -> None:
    (one,) = find_mutations("a\nb == c")
    assert str(one) == "2: b == c  ->  b != c"
