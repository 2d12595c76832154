"""The conditions of a pattern: each compares one fact of a request and describes the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from mockglm.matching.difference import Difference, diff
from mockglm.matching.expression import Expression
from mockglm.matching.relation import Relation, contrast_expression
from mockglm.matching.view import RequestView


class Condition(Protocol):
    """One condition of a pattern."""

    def holds(self, view: RequestView) -> bool: ...

    def differences(self, view: RequestView) -> Iterator[Difference]:
        """Describe the differences of a condition that does not hold."""
        ...


class Comparison(Struct, frozen=True):
    """A fact of the view compared with the expected value."""

    name: str
    read: Callable[[RequestView], Any]
    relation: Relation
    expected: Any

    def holds(self, view: RequestView) -> bool:
        return self.relation.holds(self.expected, self.read(view))

    def differences(self, view: RequestView) -> Iterator[Difference]:
        yield Difference(self.name, *self.relation.words(self.expected, self.read(view)))


class Search(Struct, frozen=True):
    """An expression finds something in a text of the view, or in one of several.

    A search that takes too long finds nothing; the view keeps the expression.
    """

    name: str
    read: Callable[[RequestView], str | Sequence[str] | None]
    expression: Expression

    def holds(self, view: RequestView) -> bool:
        return any(view.is_found(self.expression, text) for text in self._texts(view))

    def differences(self, view: RequestView) -> Iterator[Difference]:
        actual = ", ".join(self._texts(view)) if self.read(view) is not None else None
        expected, shown = contrast_expression(self.expression, actual)
        if self.expression in view.unfinished:
            shown = f"a search that was given up, in {shown}"
        yield Difference(self.name, expected, shown)

    def _texts(self, view: RequestView) -> Sequence[str]:
        found = self.read(view)
        return (found,) if isinstance(found, str) else found or ()


class HeaderCondition(Struct, frozen=True):
    """A header, by its lower-case name, compared with the expected value."""

    name: str
    relation: Relation
    expected: Any

    def holds(self, view: RequestView) -> bool:
        values = view.headers.get(self.name, ())
        return any(self.relation.holds(self.expected, value) for value in values)

    def differences(self, view: RequestView) -> Iterator[Difference]:
        values = view.headers.get(self.name)
        actual = None if values is None else ", ".join(values)
        yield Difference(f"header {self.name}", *self.relation.words(self.expected, actual))


class Secret(Struct, frozen=True):
    """A condition on a secret, whose value no message may show."""

    claim: Condition

    def holds(self, view: RequestView) -> bool:
        return self.claim.holds(view)

    def differences(self, view: RequestView) -> Iterator[Difference]:
        for difference in self.claim.differences(view):
            is_there = difference.actual not in ("nothing", '""')
            yield replace(difference, actual="another" if is_there else "nothing")


class UserSpeaksLast(Struct, frozen=True):
    """The conversation ends with a user message. `name` is the key that implies it."""

    name: str

    def holds(self, view: RequestView) -> bool:
        return view.last_role == "user"

    def differences(self, view: RequestView) -> Iterator[Difference]:
        actual = f"a message of role {view.last_role}" if view.last_role else "no message"
        yield Difference(self.name, "the user to speak last, without after_tool", actual)


class Subset(Struct, frozen=True):
    """The body contains these keys and values, at any depth."""

    expected: Any

    def holds(self, view: RequestView) -> bool:
        return next(diff(self.expected, view.body, subset=True), None) is None

    def differences(self, view: RequestView) -> Iterator[Difference]:
        return (gap.to_difference() for gap in diff(self.expected, view.body, "body", subset=True))


class Predicate(Struct, frozen=True, eq=False):
    """A function of the view returns true. It is called once per view, for it may be slow, count
    its calls or fail."""

    function: Callable[[RequestView], bool]

    def holds(self, view: RequestView) -> bool:
        return view.evaluate_once(self, self.function)

    def differences(self, view: RequestView) -> Iterator[Difference]:
        name = getattr(self.function, "__qualname__", repr(self.function))
        yield Difference("predicate", f"{name} to hold", "no")
