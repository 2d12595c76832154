"""What is public is written down in `__all__`, and what is written down is there."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mockglm"
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if path.name != "__main__.py"
)
PACKAGES = [name.removesuffix(".__init__") for name in MODULES if name.endswith(".__init__")]
PUBLIC = [name for name in MODULES if name.count(".") == 1 and not name.endswith(".__init__")]
"""The modules a user may import from; what is inside a package is public by the package."""


def rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as ruff's RUF022 has it."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def defined(name: str) -> set[str]:
    """The public functions and classes that a module defines."""
    path = PACKAGE.parent / (name.replace(".", "/") + ".py")
    tree = ast.parse(path.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {
        node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")
    }


@pytest.mark.parametrize("name", MODULES)
def test_all_is_sorted_and_real(name: str) -> None:
    module = importlib.import_module(name.removesuffix(".__init__"))
    # only the faces of packages list their names where a package was rewritten
    names = list(getattr(module, "__all__", ()))
    assert names == sorted(set(names), key=rank)
    assert [item for item in names if not hasattr(module, item)] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_all_has_every_public_function_and_class(name: str) -> None:
    assert defined(name) - set(importlib.import_module(name).__all__) == set()


@pytest.mark.parametrize("name", [name for name in PACKAGES if name != "mockglm"])
def test_a_package_shows_all_it_brings_in(name: str) -> None:
    folder = PACKAGE.parent / name.replace(".", "/")
    imported = {
        alias.asname or alias.name
        for node in ast.parse((folder / "__init__.py").read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{name}.")
        for alias in node.names
        if not (alias.asname or alias.name).startswith("_")
    }
    assert imported - set(importlib.import_module(name).__all__) == set()
