"""Jinja2 with bounds: a template can neither run for ever nor fill the memory.

Nothing is computed when a template is compiled, so that the time to read a file depends on its size
alone. When it is filled in, every loop, call, filter, test, operator and literal counts as an
operation, and its result is measured. The few operations whose result can be much larger than their
operands (`'a' * n`, `center(n)`, `replace`, …) are estimated before they are computed: see
`mockglm.scenarios.estimates`.

Import this module only where a template is compiled: Jinja2 is slow to import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from time import thread_time
from typing import Any, NoReturn

import msgspec
from jinja2 import StrictUndefined, Template, nodes, pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from mockglm.scenarios.estimates import (
    ITEM_SIZE,
    MAX_SIZE,
    SELECTING_FILTERS,
    estimate_call,
    estimate_filter,
    estimate_operator,
    is_selecting,
    measure_size,
)

MAX_OPERATIONS = 500_000
"""Operations for one response: loops, calls, filters, tests, operators, literals."""

MAX_TOTAL_SIZE = 8 * MAX_SIZE
"""Characters of all values computed for one response."""

MAX_SECONDS = 2.0
"""Seconds of CPU for one response, for operations that are slow although they are within the other
bounds."""

MAX_NESTING = 200
"""Levels of nodes in a template.

Jinja2 visits nodes with two or three calls a level. If Python's limit of recursion ends that,
Python 3.13 prints a traceback for each generator that was in use.
"""

CLOCK_INTERVAL = 64
"""Operations between two checks of the clock."""

# Names that no template can spell.
_COUNT = "mockglm count"
_MEASURE = "mockglm measure"
_PASS = "mockglm pass"


class Budget:
    """The operations, characters and seconds left for one response."""

    def __init__(self) -> None:
        self._operations = MAX_OPERATIONS
        self._total = MAX_TOTAL_SIZE
        self._output = MAX_SIZE
        self._deadline = thread_time() + MAX_SECONDS

    def count(self, size: int = 0) -> None:
        """Count an operation, and the characters of its result."""
        self._operations -= 1
        if self._operations < 0:
            _refuse(f"more than {MAX_OPERATIONS:,} operations")
        self._total -= size
        if self._total < 0:
            _refuse(f"more than {MAX_TOTAL_SIZE:,} characters in all values together")
        if self._operations % CLOCK_INTERVAL == 0:
            self._check_clock()

    def measure(self, value: Any) -> Any:
        """Count the result of an operation and return it; an iterator becomes a list.

        The items of an iterator would be computed without being counted.
        """
        if isinstance(value, Iterator):
            value = [self.measure(item) for item in value]
        size = measure_size(value)
        if size > MAX_SIZE:
            _refuse(f"more than {MAX_SIZE:,} characters in one value")
        if size > CLOCK_INTERVAL * ITEM_SIZE:
            self._check_clock()
        # Values in a list were counted when they were computed, or came with the request.
        self.count(size if isinstance(value, str | bytes) else ITEM_SIZE * _count_items(value))
        return value

    def count_output(self, text: str) -> None:
        """Count text of the response."""
        self._output -= len(text)
        if self._output < 0:
            _refuse(f"more than {MAX_SIZE:,} characters")

    def _check_clock(self) -> None:
        if thread_time() > self._deadline:
            _refuse(f"takes more than {MAX_SECONDS:g} s")


class _BoundedContext(Context):
    """The variables of one response, with its budget."""

    budget: Budget

    def derived(self, locals: dict[str, Any] | None = None) -> Context:  # noqa: A002  Jinja2's name
        context = super().derived(locals)
        assert isinstance(context, _BoundedContext)
        context.budget = self.budget
        return context


class _ShortNamespace(Namespace):
    """A namespace whose text does not contain its values, as one of them can be itself."""

    def __repr__(self) -> str:
        return "<namespace>"


class Sandbox(ImmutableSandboxedEnvironment):
    """The Jinja2 environment of all templates."""

    context_class = _BoundedContext
    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

    def __init__(self) -> None:
        # Responses are JSON or plain text, never HTML, so nothing is escaped. With a `finalize`
        # that needs the context, Jinja2 computes no output while a template is compiled.
        super().__init__(
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            autoescape=False,
            optimized=False,
            finalize=_finalize,
        )
        self._plain = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        self._plain.filters["tojson"] = lambda value: msgspec.json.encode(value).decode()
        self.filters = {name: self._bound_filter(name) for name in self._plain.filters}
        self.tests = {name: self._bound_test(name) for name in self._plain.tests}
        self.filters[_COUNT] = _count
        self.filters[_MEASURE] = _measure
        self.filters[_PASS] = _count_and_pass
        self.globals.update(timedelta=timedelta, namespace=_ShortNamespace)

    def compile_text(self, text: str) -> Template:
        """Compile a template.

        Raises TemplateSyntaxError; RecursionError and SyntaxError for too deep nesting.
        """
        tree = self.parse(text)
        _check_nesting(tree)
        return self.from_string(_CounterInserter().visit(tree))

    def fill(self, template: Template, values: Mapping[str, Any], budget: Budget) -> str:
        """Fill in a template. Raises TemplateError and the exceptions of its expressions."""
        context = template.new_context(dict(values))
        assert isinstance(context, _BoundedContext)
        context.budget = budget
        return "".join(template.root_render_func(context))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        _check_size(estimate_operator(operator, left, right))
        return _budget(context).measure(self.binop_table[operator](left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        _check_size(estimate_call(__obj, args, kwargs))
        value = super().call(__context, __obj, *args, **kwargs)
        return _count_result(__context, value, is_selected=is_selecting(__obj))

    def _bound_filter(self, name: str) -> Callable[..., Any]:
        @pass_context
        def apply(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
            _check_size(estimate_filter(name, value, args=args, kwargs=kwargs))
            found = self._plain.call_filter(name, value, args, kwargs, context=context)
            return _count_result(context, found, is_selected=name in SELECTING_FILTERS)

        return apply

    def _bound_test(self, name: str) -> Callable[..., Any]:
        @pass_context
        def apply(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
            _budget(context).count()
            return self._plain.call_test(name, value, args, kwargs, context=context)

        return apply


class _CounterInserter(NodeTransformer):
    """Inserts counters into a template where Jinja2 calls no method of the environment."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.test, nodes.Expr):
            node.test = _apply_filter(node.test, _PASS)
        _insert_counter(node)
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:  # noqa: N802
        self.generic_visit(node)
        _insert_counter(node)
        return node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.CallBlock:  # noqa: N802
        self.generic_visit(node)
        _insert_counter(node)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        return self._add_measure(node)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        return self._add_measure(node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        return self._add_measure(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        if node.ctx != "load":
            return node
        return self._add_measure(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        if isinstance(node.arg, nodes.Slice):
            return self._add_measure(node)
        return self.generic_visit(node)

    def visit_EvalContextModifier(self, node: nodes.EvalContextModifier) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        # Without a filter Jinja2 would compute the value while it compiles the template.
        for option in node.options:
            option.value = _apply_filter(option.value, _MEASURE)
        return node

    visit_ScopedEvalContextModifier = visit_EvalContextModifier  # noqa: N815

    def _add_measure(self, node: nodes.Expr) -> nodes.Filter:
        self.generic_visit(node)
        return _apply_filter(node, _MEASURE)


def _check_nesting(tree: nodes.Template) -> None:
    level: list[nodes.Node] = [tree]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise RecursionError(f"nested more than {MAX_NESTING} deep")


def _insert_counter(node: nodes.For | nodes.Macro | nodes.CallBlock) -> None:
    """Count each run of a body, with the text in it."""
    size = sum(_data_size(child) for child in node.body)
    counter = _apply_filter(nodes.Const(size, lineno=node.lineno), _COUNT)
    node.body.insert(0, nodes.ExprStmt(counter, lineno=node.lineno))


def _data_size(node: nodes.Node) -> int:
    """The characters of text in a node, without bodies that have their own counters."""
    if isinstance(node, nodes.TemplateData):
        return len(node.data)
    if isinstance(node, nodes.For | nodes.Macro | nodes.CallBlock):
        return 0
    return sum(map(_data_size, node.iter_child_nodes()))


def _apply_filter(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


@pass_context
def _count(context: Context, size: int) -> None:
    _budget(context).count(size)


@pass_context
def _measure(context: Context, value: Any) -> Any:
    return _budget(context).measure(value)


@pass_context
def _count_and_pass(context: Context, value: Any) -> Any:
    _budget(context).count()
    return value


@pass_context
def _finalize(context: Context, value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    _budget(context).count_output(text)
    return text


def _budget(context: Context) -> Budget:
    assert isinstance(context, _BoundedContext)
    return context.budget


def _count_result(context: Context, value: Any, *, is_selected: bool) -> Any:
    """Count an operation and return its result, which is measured unless it was only selected."""
    budget = _budget(context)
    if not is_selected:
        return budget.measure(value)
    budget.count()
    return value


def _count_items(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 1


def _check_size(size: int) -> None:
    if size > MAX_SIZE:
        _refuse(f"more than {MAX_SIZE:,} characters in one value")


def _refuse(message: str) -> NoReturn:
    raise TemplateRuntimeError(message)
