"""What one key of `when` claims about a request: whether it holds, and what is there instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from mockglm.matching.difference import Difference, gaps
from mockglm.matching.relation import Relation
from mockglm.matching.view import View

__all__ = ["Claim", "Ending", "Fact", "Header", "Hidden", "Predicate", "Subset"]


class Claim(Protocol):
    """One condition of a pattern."""

    def holds(self, view: View) -> bool: ...

    def differences(self, view: View) -> Iterator[Difference]:
        """What is there instead, of a claim that does not hold."""
        ...


class Fact(Struct, frozen=True):
    """A fact of the view, by its name there, is in a relation to what is expected."""

    name: str
    read: Callable[[View], Any]
    relation: Relation
    expected: Any

    def holds(self, view: View) -> bool:
        return self.relation.holds(self.expected, self.read(view))

    def differences(self, view: View) -> Iterator[Difference]:
        yield Difference(self.name, *self.relation.words(self.expected, self.read(view)))


class Header(Struct, frozen=True):
    """A value of a header, by its lower-case name, is in a relation to what is expected."""

    name: str
    relation: Relation
    expected: Any

    def holds(self, view: View) -> bool:
        values = view.headers.get(self.name, ())
        return any(self.relation.holds(self.expected, value) for value in values)

    def differences(self, view: View) -> Iterator[Difference]:
        values = view.headers.get(self.name)
        actual = None if values is None else ", ".join(values)
        yield Difference(f"header {self.name}", *self.relation.words(self.expected, actual))


class Hidden(Struct, frozen=True):
    """A claim about a secret, whose value no message may show."""

    claim: Claim

    def holds(self, view: View) -> bool:
        return self.claim.holds(view)

    def differences(self, view: View) -> Iterator[Difference]:
        for difference in self.claim.differences(view):
            is_there = difference.actual not in ("nothing", '""')
            yield replace(difference, actual="another" if is_there else "nothing")


class Ending(Struct, frozen=True):
    """The last user message is the last of the conversation. `name` is the key that says so."""

    name: str

    def holds(self, view: View) -> bool:
        return view.ending == "user"

    def differences(self, view: View) -> Iterator[Difference]:
        actual = f"a message of role {view.ending}" if view.ending else "no message"
        yield Difference(self.name, "the user to speak last, without after_tool", actual)


class Subset(Struct, frozen=True):
    """The body has these keys and values, at any depth."""

    expected: Any

    def holds(self, view: View) -> bool:
        return next(gaps(self.expected, view.body, subset=True), None) is None

    def differences(self, view: View) -> Iterator[Difference]:
        return (gap.told() for gap in gaps(self.expected, view.body, "body", subset=True))


class Predicate(Struct, frozen=True):
    """A function of the view says yes. A view is asked once, for the function may be slow, count
    its calls or fail."""

    function: Callable[[View], bool]

    def holds(self, view: View) -> bool:
        return view.judged(self.function)

    def differences(self, view: View) -> Iterator[Difference]:
        name = getattr(self.function, "__qualname__", repr(self.function))
        yield Difference("predicate", f"{name} to hold", "no")
