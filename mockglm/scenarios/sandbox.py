"""Jinja2 with bounds: a template can neither run for ever nor fill the memory.

Nothing is computed when a template is compiled, so that a file is read in a time that depends on
its size alone. While it is filled in, every loop, call, filter, test, operator and literal counts
as an operation, and its result is measured. The few operations whose result can be much larger
than what they are given (`'a' * n`, `center(n)`, `replace`, …) are estimated before they are done:
see `mockglm.scenarios.estimates`.

To be imported where a template is compiled: Jinja2 takes a while to import.
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
    ITEM,
    LARGEST,
    SELECTING_FILTERS,
    estimate_call,
    estimate_filter,
    estimate_operator,
    is_selecting,
    weigh,
)

OPERATIONS = 500_000
"""Operations of one answer: loops, calls, filters, tests, operators, literals."""

MADE = 8 * LARGEST
"""Characters of all values that are made for one answer."""

SECONDS = 2.0
"""Seconds of CPU for one answer. Operations and sizes are what bounds a template; this is for
operations that are slow all the same."""

LOOKS = 64
"""Operations between two looks at the clock."""

# Names that no template can spell.
_COUNT = "mockglm count"
_MEASURE = "mockglm measure"
_PASS = "mockglm pass"


class Budget:
    """The operations, characters and seconds that are left for one answer."""

    def __init__(self) -> None:
        self._operations = OPERATIONS
        self._made = MADE
        self._output = LARGEST
        self._until = thread_time() + SECONDS

    def count(self, made: int = 0) -> None:
        """Count an operation that made so many characters."""
        self._operations -= 1
        if self._operations < 0:
            _refuse(f"more than {OPERATIONS:,} operations")
        self._made -= made
        if self._made < 0:
            _refuse(f"more than {MADE:,} characters are made on the way")
        if self._operations % LOOKS == 0:
            self._look_at_clock()

    def measure(self, value: Any) -> Any:
        """The value that an operation made, counted. Of an iterator, a list: its items are
        computed when they are asked for, which nothing would count."""
        if isinstance(value, Iterator):
            value = [self.measure(item) for item in value]
        size = weigh(value)
        if size > LARGEST:
            _refuse(f"more than {LARGEST:,} characters in one value")
        if size > LOOKS * ITEM:
            self._look_at_clock()
        # What is in it was counted when it was made, or has come with the request.
        self.count(size if isinstance(value, str | bytes) else ITEM * _count_items(value))
        return value

    def write(self, text: str) -> None:
        """Count text that goes into the answer."""
        self._output -= len(text)
        if self._output < 0:
            _refuse(f"more than {LARGEST:,} characters")

    def _look_at_clock(self) -> None:
        if thread_time() > self._until:
            _refuse(f"takes more than {SECONDS:g} s")


class _BoundedContext(Context):
    """The variables of one answer, with its budget."""

    budget: Budget

    def derived(self, locals: dict[str, Any] | None = None) -> Context:
        context = super().derived(locals)
        assert isinstance(context, _BoundedContext)
        context.budget = self.budget
        return context


class _ShortNamespace(Namespace):
    """A namespace whose text does not show what is in it, for that can be itself."""

    def __repr__(self) -> str:
        return "<namespace>"


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of all templates."""

    context_class = _BoundedContext
    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

    def __init__(self) -> None:
        # The answer is JSON or plain text, never HTML: nothing is to be escaped. `finalize` needs
        # the context, so that no output is computed while a template is compiled.
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
        self.filters[_PASS] = _pass
        self.globals.update(timedelta=timedelta, namespace=_ShortNamespace)

    def compile_text(self, text: str) -> Template:
        """The template of a text. Raises TemplateSyntaxError, and whatever Python raises for a
        program that is nested too deep."""
        return self.from_string(_Counting().visit(self.parse(text)))

    def fill(self, template: Template, values: Mapping[str, Any], budget: Budget) -> str:
        """The text of a template. Raises TemplateError, and whatever its expressions raise."""
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
            _check_size(estimate_filter(name, value, args, kwargs))
            found = self._plain.call_filter(name, value, args, kwargs, context=context)
            return _count_result(context, found, is_selected=name in SELECTING_FILTERS)

        return apply

    def _bound_test(self, name: str) -> Callable[..., Any]:
        @pass_context
        def apply(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
            _budget(context).count()
            return self._plain.call_test(name, value, args, kwargs, context=context)

        return apply


class _Counting(NodeTransformer):
    """Puts counters into a template, where Jinja2 calls nothing that could count."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.test, nodes.Expr):
            node.test = _apply_filter(node.test, _PASS)
        _count_body(node)
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:  # noqa: N802
        self.generic_visit(node)
        _count_body(node)
        return node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.CallBlock:  # noqa: N802
        self.generic_visit(node)
        _count_body(node)
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
        # Without a filter the compiler would compute the value.
        for option in node.options:
            option.value = _apply_filter(option.value, _MEASURE)
        return node

    visit_ScopedEvalContextModifier = visit_EvalContextModifier  # noqa: N815

    def _add_measure(self, node: nodes.Expr) -> nodes.Filter:
        self.generic_visit(node)
        return _apply_filter(node, _MEASURE)


def _count_body(node: nodes.For | nodes.Macro | nodes.CallBlock) -> None:
    """Have each run of a body count, with the text that stands in it."""
    size = sum(_data_size(child) for child in node.body)
    counter = _apply_filter(nodes.Const(size, lineno=node.lineno), _COUNT)
    node.body.insert(0, nodes.ExprStmt(counter, lineno=node.lineno))


def _data_size(node: nodes.Node) -> int:
    """The characters of text in a node, without the bodies that count for themselves."""
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
def _pass(context: Context, value: Any) -> Any:
    _budget(context).count()
    return value


@pass_context
def _finalize(context: Context, value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    _budget(context).write(text)
    return text


def _budget(context: Context) -> Budget:
    assert isinstance(context, _BoundedContext)
    return context.budget


def _count_result(context: Context, value: Any, *, is_selected: bool) -> Any:
    """The value of an operation, measured unless it was there before."""
    budget = _budget(context)
    if not is_selected:
        return budget.measure(value)
    budget.count()
    return value


def _count_items(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 1


def _check_size(size: int) -> None:
    if size > LARGEST:
        _refuse(f"more than {LARGEST:,} characters in one value")


def _refuse(message: str) -> NoReturn:
    raise TemplateRuntimeError(message)
