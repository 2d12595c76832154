"""Imports point one way: each line of LAYERS imports only from the lines above it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

LAYERS = """
errors
redaction clock scheduler api_keys urls limits readiness yaml_documents design _version
error_codes models scenario_library python_literals
generations
sse exchange
http1 auth timeline
completions validation
messages
surfaces
faults
matching accounts
scenarios
cassettes
improvise
journal
metrics telemetry store
server
endpoints
player recorder
language_model
control
inspector
app
serving
conformance client_audit drift lint convert
measurement
testing
cli pytest_plugin
__main__
"""
LEVELS = {
    name: level for level, line in enumerate(LAYERS.strip().splitlines()) for name in line.split()
}
APART = {
    "errors",
    "redaction",
    "clock",
    "api_keys",
    "yaml_documents",
    "sse",
    "exchange",
    "timeline",
    "design",
    "cassettes",
}
"""All that `conformance` knows of the package: it sees an endpoint only as bytes."""

HEAVY = {
    *("httpx", "hypothesis", "jinja2", "jsonschema", "opentelemetry", "prometheus_client"),
    *("redis", "regex", "uvicorn"),
}
"""What is imported where it is needed, because few runs need it and it is slow to import."""

INHERITED = {"serving": {"uvicorn"}, "mockglm.scenarios.sandbox": {"jinja2"}}
"""Units and modules that subclass something heavy; they are themselves imported where they are
needed."""

LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
PACKAGE = Path(__file__).parents[1] / "mockglm"


def dotted(path: Path) -> str:
    """The name a module is imported by."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> Mapping[str, ast.Module]:
    """The modules of the package by name; parsed in the worker that needs them."""
    return {
        dotted(path): ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))
    }


def imports(node: ast.AST) -> Iterator[str]:
    """The full names of what is imported in a node, at any depth."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            for alias in child.names:
                full = f"{child.module}.{alias.name}"
                yield full if full in modules() else str(child.module)


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
    own = {item for item in imports(modules()[name]) if item.split(".")[0] == "mockglm"}
    return {unit(item) for item in own} - {unit(name), ""}


def test_a_module_imports_only_from_above() -> None:
    for name in modules():
        if name == "mockglm":
            continue
        assert unit(name) in LEVELS, f"{name} is in no line of the house"
        level = LEVELS[unit(name)]
        assert {other for other in used(name) if LEVELS[other] >= level} == set(), name


def test_the_kit_imports_nothing_of_the_server() -> None:
    for name in modules():
        if unit(name) == "conformance":
            assert used(name) <= APART, name


def test_heavy_packages_are_imported_late() -> None:
    for name in modules():
        first = {item.split(".")[0] for item in at_import(modules()[name])}
        allowed = INHERITED.get(unit(name), set()) | INHERITED.get(name, set())
        assert first & HEAVY <= allowed, name


def test_there_is_no_import_circle() -> None:
    # Imports in functions and for type checking are counted, too.
    graph = {
        name: {item for item in imports(module) if item in modules() and item != name}
        for name, module in modules().items()
    }
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("entry_point", ["mockglm", "mockglm.cli", "mockglm.pytest_plugin"])
def test_entry_points_import_nothing_heavy(entry_point: str) -> None:
    code = f"import sys, {entry_point}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert HEAVY & set(loaded.stdout.split()) == set()


def test_contributing_shows_the_same_layers() -> None:
    page = (PACKAGE.parent / "CONTRIBUTING.md").read_text("utf-8")
    table = page.split("## Packages")[1].split("## Where to put")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    drawn = [re.findall(r"`(\w+)`", row) for row in rows]
    assert drawn == [line.split() for line in LAYERS.strip().splitlines()][:-1]
