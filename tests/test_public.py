"""What is public is written down in `__all__`, and what is written down is there."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

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


def exported(name: str) -> list[str]:
    """The names in `__all__`; none for a module without it."""
    return list(getattr(importlib.import_module(name), "__all__", ()))


def test_all_is_sorted_and_real() -> None:
    for name in (name.removesuffix(".__init__") for name in MODULES):
        names = exported(name)
        assert names == sorted(set(names), key=rank), name
        module = importlib.import_module(name)
        assert [item for item in names if not hasattr(module, item)] == [], name


def test_all_has_every_public_function_and_class() -> None:
    missing = {name: defined(name) - set(exported(name)) for name in PUBLIC}
    assert {name: items for name, items in missing.items() if items} == {}


def test_a_package_exports_everything_it_imports() -> None:
    for name in PACKAGES:
        if name == "mockglm":
            continue
        folder = PACKAGE.parent / name.replace(".", "/")
        imported = {
            alias.asname or alias.name
            for node in ast.parse((folder / "__init__.py").read_text("utf-8")).body
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{name}.")
            for alias in node.names
            if not (alias.asname or alias.name).startswith("_")
        }
        assert imported - set(exported(name)) == set(), name
