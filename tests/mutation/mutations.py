"""The small ways in which a module can be broken; texts and annotations are left as they are."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

OPPOSITES: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OPERATORS: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
}


@dataclass(frozen=True)
class Mutation:
    """A module with one thing broken: the line, and how it reads before and after."""

    line: int
    before: str
    after: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.line}: {self.before}  ->  {self.after}"


def find_mutations(source: str) -> Iterator[Mutation]:
    """Every mutation of a module, in the order of its lines."""
    tree = ast.parse(source)
    for number, node in enumerate(_nodes(tree)):
        for changed in _changes(node):
            broken = copy.deepcopy(tree)
            place = _nodes(broken)[number]
            before = ast.unparse(place)
            _replace(broken, place, changed)
            ast.fix_missing_locations(broken)
            line = getattr(node, "lineno", 0)
            yield Mutation(line, before, ast.unparse(changed), broken)


def _nodes(tree: ast.Module) -> list[ast.AST]:
    """The nodes that run, in order: no annotations, no docstrings."""
    found: list[ast.AST] = []

    def visit(node: ast.AST) -> None:
        found.append(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns"):
                continue
            children = value if isinstance(value, list) else [value]
            for child in children:
                if isinstance(child, ast.AST):
                    visit(child)

    visit(tree)
    return found


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that may replace a node."""
    if isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, ast.BoolOp):
        yield from _joined(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield copy.deepcopy(node.operand)
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
    elif isinstance(node, ast.If | ast.IfExp | ast.comprehension):
        yield from _decided(node)
    elif _is_finding(node) or isinstance(node, ast.Return):
        yield ast.Pass()


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    for number, op in enumerate(node.ops):
        changed = copy.deepcopy(node)
        changed.ops[number] = OPPOSITES[type(op)]()
        yield changed


def _joined(node: ast.BoolOp) -> Iterator[ast.AST]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield ast.BoolOp(other, copy.deepcopy(node.values))
    for number in range(len(node.values)):
        left = [copy.deepcopy(v) for i, v in enumerate(node.values) if i != number]
        yield left[0] if len(left) == 1 else ast.BoolOp(copy.deepcopy(node.op), left)


def _decided(node: ast.If | ast.IfExp | ast.comprehension) -> Iterator[ast.AST]:
    """A condition that always holds, and one that never does."""
    if isinstance(node, ast.comprehension):
        if node.ifs:
            changed = copy.deepcopy(node)
            changed.ifs = changed.ifs[1:]
            yield changed
        return
    for value in (True, False):
        decided = copy.deepcopy(node)
        decided.test = ast.Constant(value)
        yield decided


def _is_finding(node: ast.AST) -> bool:
    is_yield = isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom)
    return is_yield or isinstance(node, ast.Continue)


class _Replacement(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._old:
            return ast.copy_location(self._new, node)
        return super().generic_visit(node)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    _Replacement(old, new).visit(tree)
