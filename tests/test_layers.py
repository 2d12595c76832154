"""Imports point one way: each line of the house imports only from the lines above it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

HOUSE = """
errors
redact clock ticker keys address
codes models
sse exchange
tokens framing
chat request
faults
matching accounts auth
scenario
cassette
improvise
journal
session
player recorder
gateway control
app
serving
conformance verdict verify lint convert
fixture
cli pytest_plugin
__main__
"""
LEVELS = {
    name: level for level, line in enumerate(HOUSE.strip().splitlines()) for name in line.split()
}
APART = {"errors", "redact", "clock", "keys", "sse", "exchange", "cassette"}
"""All that `conformance` knows of the package: it sees an endpoint only as bytes."""

HEAVY = {"httpx", "hypothesis", "jinja2", "jsonschema", "uvicorn"}
"""What is imported where it is needed, because few runs need it and it is slow to import."""

INHERITED = {"serving": {"uvicorn"}}
"""Units that subclass something heavy; they are themselves imported where they are needed."""

LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
PACKAGE = Path(__file__).parents[1] / "mockglm"


def dotted(path: Path) -> str:
    """The name a module is imported by."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}
NAMES = sorted(MODULES)


def imports(node: ast.AST) -> Iterator[str]:
    """The full names of what is imported in a node, at any depth."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            for alias in child.names:
                full = f"{child.module}.{alias.name}"
                yield full if full in MODULES else str(child.module)


def at_import(module: ast.Module) -> Iterator[str]:
    """The full names of what is imported when a module is, types aside."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(node)
        elif not isinstance(node, LATER) and not is_typing(node):
            waiting.extend(ast.iter_child_nodes(node))


def is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def unit(name: str) -> str:
    """The module or package of the house that a name belongs to; "" for the house itself."""
    return name.split(".")[1] if "." in name else ""


def used(name: str) -> set[str]:
    """The other units that a module imports from, wherever in it."""
    own = {item for item in imports(MODULES[name]) if item.split(".")[0] == "mockglm"}
    return {unit(item) for item in own} - {unit(name), ""}


@pytest.mark.parametrize("name", NAMES)
def test_a_module_imports_only_from_above(name: str) -> None:
    if name == "mockglm":
        return
    assert unit(name) in LEVELS, "a module that the house does not list"
    level = LEVELS[unit(name)]
    assert {other for other in used(name) if LEVELS[other] >= level} == set()


@pytest.mark.parametrize("name", [name for name in NAMES if unit(name) == "conformance"])
def test_the_kit_knows_nothing_of_the_server(name: str) -> None:
    assert used(name) <= APART


@pytest.mark.parametrize("name", NAMES)
def test_what_is_heavy_is_imported_where_it_is_needed(name: str) -> None:
    first = {item.split(".")[0] for item in at_import(MODULES[name])}
    assert first & HEAVY <= INHERITED.get(unit(name), set())


def test_there_is_no_cycle() -> None:
    graph = {
        name: {item for item in at_import(module) if item in MODULES and item != name}
        for name, module in MODULES.items()
    }
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("door", ["mockglm", "mockglm.cli", "mockglm.pytest_plugin"])
def test_a_door_opens_without_anything_heavy(door: str) -> None:
    if door not in MODULES:
        pytest.skip(f"{door} is still to come")
    code = f"import sys, {door}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert HEAVY & set(loaded.stdout.split()) == set()


def test_contributors_are_shown_the_same_house() -> None:
    page = (PACKAGE.parent / "CONTRIBUTING.md").read_text("utf-8")
    table = page.split("## The house")[1].split("## To add")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    drawn = [re.findall(r"`(\w+)`", row) for row in rows]
    assert drawn == [line.split() for line in HOUSE.strip().splitlines()][:-1]
