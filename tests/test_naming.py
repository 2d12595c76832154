"""The rules of naming of docs/glossary.md, as far as a program can check them."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "mockglm"
GIVEN_SIGNATURES = {
    *("call_binop",),  # jinja2's
    *("_check_reference", "_check_pattern", "_check_properties"),  # jsonschema's
}
"""Functions that a dependency calls, or that override its methods."""

TESTS = Path(__file__).parent
RIDDLE = re.compile(r"test_(who|what)_|test_\w*_(told|said|is_what|are_what)(_|$)")
HEADLESS = re.compile(r"(What|Whether|Where|Who|Whose|How|Which|When)\b")
SERVICE_PATHS = {"/chat/completions", "/api/paas/v4", "/api/anthropic", "/v1/messages"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def trees(folder: Path) -> Mapping[Path, ast.Module]:
    """The modules below a folder; parsed in the worker that needs them."""
    paths = sorted(folder.rglob("*.py"))
    return {path.relative_to(folder): ast.parse(path.read_text("utf-8")) for path in paths}


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The docstrings of a module, those below assignments included."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.lineno, str(node.value.value)


def functions() -> Iterator[tuple[str, Function, bool]]:
    """Each function with its place, and True if it is a method."""
    for path, tree in trees(PACKAGE).items():
        methods = {
            id(item)
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for item in node.body
        }
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield f"{path}:{node.lineno} {node.name}", node, id(node) in methods


def test_class_names_are_unique() -> None:
    found = defaultdict(list)
    for path, tree in trees(PACKAGE).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def test_no_function_or_class_is_called_like_its_module() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, tree in trees(PACKAGE).items()
        for node in tree.body
        if isinstance(node, Function | ast.ClassDef) and node.name == path.stem
    ]
    assert found == []


def test_no_docstring_begins_with_a_question_word() -> None:
    found = [
        f"{path}:{line} {text.splitlines()[0]}"
        for path, tree in trees(PACKAGE).items()
        for line, text in docstrings(tree)
        if HEADLESS.match(text.strip())
    ]
    assert found == []


def test_functions_have_at_most_three_positional_parameters() -> None:
    found = []
    for place, function, is_method in functions():
        arguments = function.args
        count = len(arguments.posonlyargs) + len(arguments.args) - is_method
        if count > 3 and function.name not in GIVEN_SIGNATURES:
            found.append(place)
    assert found == []


def test_boolean_parameters_are_keyword_only() -> None:
    found = [
        place
        for place, function, _ in functions()
        for argument in (*function.args.posonlyargs, *function.args.args)
        if argument.annotation is not None and ast.unparse(argument.annotation) == "bool"
    ]
    assert found == []


def test_objects_are_not_compared_by_their_ids() -> None:
    # The id of an object that is gone may be that of another one.
    found = [
        f"{path}:{node.lineno}"
        for path, tree in trees(PACKAGE).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "id"
    ]
    assert found == []


def test_paths_of_the_service_are_spelled_in_one_module() -> None:
    # The conformance kit knows an endpoint by its own words.
    found = [
        f"{path}:{node.lineno} {node.value}"
        for path, tree in trees(PACKAGE).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in SERVICE_PATHS
        if path.parts[0] != "conformance" and path != Path("surfaces.py")
    ]
    assert found == []


def test_tests_use_no_private_attributes_of_others() -> None:
    found = [
        f"{path}:{node.lineno} {node.attr}"
        for path, tree in trees(TESTS).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and re.match(r"_[a-z]", node.attr)
        and ast.unparse(node.value) not in ("self", "cls", "super()", "os")
    ]
    assert found == []


def test_names_of_tests_have_no_pronoun_riddles() -> None:
    found = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in trees(TESTS).items()
        for node in ast.walk(tree)
        if isinstance(node, Function) and RIDDLE.match(node.name)
    ]
    assert found == []
