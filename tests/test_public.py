"""The public names: packages list theirs in `__all__`, and only packages do."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "mockglm"
FACES = sorted(
    ".".join(path.parent.relative_to(PACKAGE.parent).parts) for path in PACKAGE.rglob("__init__.py")
)


def rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as ruff's RUF022 has it."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def test_all_of_each_package_is_sorted_and_real() -> None:
    for name in FACES:
        module = importlib.import_module(name)
        names = list(getattr(module, "__all__", ()))
        assert names == sorted(set(names), key=rank), name
        assert [item for item in names if not hasattr(module, item)] == [], name


def test_each_package_exports_all_that_its_face_imports_from_it() -> None:
    for name in FACES:
        face = PACKAGE.parent / name.replace(".", "/") / "__init__.py"
        imported = {
            alias.asname or alias.name
            for node in ast.parse(face.read_text("utf-8")).body
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{name}.")
            for alias in node.names
            if not (alias.asname or alias.name).startswith("_")
        }
        assert imported - set(getattr(importlib.import_module(name), "__all__", ())) == set(), name


def test_only_packages_have_all() -> None:
    found = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__init__.py" and "\n__all__" in path.read_text("utf-8")
    ]
    assert found == []
