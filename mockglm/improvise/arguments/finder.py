"""Whether a pattern is found in a text, in work that grows with both and no faster.

`re` tries one way after another and there may be exponentially many. Here all ways are gone at
once: a part of the pattern takes the set of places it may begin at to the set it may end at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mockglm.improvise.arguments.refs import Fuel

__all__ = ["is_found"]

Places = set[int]

CLASSES: Mapping[str, re.Pattern[str]] = {
    "CATEGORY_DIGIT": re.compile(r"\d"),
    "CATEGORY_NOT_DIGIT": re.compile(r"\D"),
    "CATEGORY_SPACE": re.compile(r"\s"),
    "CATEGORY_NOT_SPACE": re.compile(r"\S"),
    "CATEGORY_WORD": re.compile(r"\w"),
    "CATEGORY_NOT_WORD": re.compile(r"\W"),
}
LAST = ("AT_END", "AT_END_STRING")
FIRST = ("AT_BEGINNING", "AT_BEGINNING_STRING")


def is_found(tree: Any, text: str, fuel: Fuel) -> bool | None:
    """Whether a tree of `re._parser` matches anywhere in the text; None when the fuel is spent
    before that is known.

    What a group has taken is not kept, so that a reference to it stands for any text.
    """
    finder = _Finder(text, fuel, is_caseless=bool(tree.state.flags & re.I))
    ends = finder.ends(tree, set(range(len(text) + 1)))
    return bool(ends) if fuel.left >= 0 else None


class _Finder:
    """The ways of one pattern through one text."""

    def __init__(self, text: str, fuel: Fuel, *, is_caseless: bool) -> None:
        self.text, self.fuel, self.is_caseless = text, fuel, is_caseless

    def ends(self, tree: Any, starts: Places) -> Places:
        """Where a sequence may end that begins at one of the places."""
        for op, argument in tree:
            if not starts or not self.fuel.burn(len(starts)):
                return set()
            starts = FINDERS[str(op)](self, argument, starts)
        return starts

    def one(self, starts: Places, test: Callable[[str], bool]) -> Places:
        """Past one character, where it passes."""
        held = ((at, self.text[at]) for at in starts if at < len(self.text))
        if self.is_caseless:
            return {at + 1 for at, char in held if any(map(test, {char.lower(), char.upper()}))}
        return {at + 1 for at, char in held if test(char)}

    def literal(self, code: int, starts: Places) -> Places:
        return self.one(starts, chr(code).__eq__)

    def other(self, code: int, starts: Places) -> Places:
        return self.one(starts, chr(code).__ne__)

    def any(self, _: object, starts: Places) -> Places:
        return self.one(starts, "\n".__ne__)

    def one_of(self, items: Any, starts: Places) -> Places:
        return self.one(starts, lambda char: _is_in(items, char))

    def loop(self, argument: Any, starts: Places) -> Places:
        low, high, tree = argument
        for _ in range(low):
            before, starts = starts, self.ends(tree, starts)
            if starts == before or not starts:
                break
        reached = frontier = starts
        for _ in range(high - low):
            # a place reached before is not gone on from again: fewer rounds leave more to go
            frontier = self.ends(tree, frontier) - reached
            if not frontier:
                break
            reached = reached | frontier
        return reached

    def branch(self, argument: Any, starts: Places) -> Places:
        return set().union(*(self.ends(tree, starts) for tree in argument[1]))

    def group(self, argument: Any, starts: Places) -> Places:
        return self.ends(argument[3], starts)

    def ahead(self, argument: Any, starts: Places) -> Places:
        return {at for at in starts if self.looks(argument, at)}

    def not_ahead(self, argument: Any, starts: Places) -> Places:
        return {at for at in starts if not self.looks(argument, at)}

    def looks(self, argument: Any, at: int) -> bool:
        """Whether a look ahead or behind from a place sees what it looks for."""
        way, tree = argument
        if way > 0:
            return bool(self.ends(tree, {at}))
        low, high = tree.getwidth()
        behind = range(max(at - high, 0), at - low + 1)
        return at in self.ends(tree, set(behind))

    def at(self, where: Any, starts: Places) -> Places:
        return {at for at in starts if self.is_at(str(where), at)}

    def is_at(self, where: str, at: int) -> bool:
        if where in FIRST:
            return at == 0
        if where in LAST:
            return at == len(self.text)
        edge = self.is_word(at - 1) != self.is_word(at)
        return edge == (where == "AT_BOUNDARY")

    def is_word(self, at: int) -> bool:
        held = self.text[at] if 0 <= at < len(self.text) else ""
        return held.isalnum() or held == "_"

    def again(self, _: object, starts: Places) -> Places:
        return set(range(min(starts), len(self.text) + 1))

    def either(self, argument: Any, starts: Places) -> Places:
        _, one, two = argument
        return self.ends(one, starts) | (self.ends(two, starts) if two else starts)

    def never(self, _: object, __: Places) -> Places:
        return set()


FINDERS: Mapping[str, Callable[[_Finder, Any, Places], Places]] = {
    "LITERAL": _Finder.literal,
    "NOT_LITERAL": _Finder.other,
    "ANY": _Finder.any,
    "IN": _Finder.one_of,
    "MAX_REPEAT": _Finder.loop,
    "MIN_REPEAT": _Finder.loop,
    "POSSESSIVE_REPEAT": _Finder.loop,
    "BRANCH": _Finder.branch,
    "SUBPATTERN": _Finder.group,
    "ATOMIC_GROUP": _Finder.ends,
    "ASSERT": _Finder.ahead,
    "ASSERT_NOT": _Finder.not_ahead,
    "AT": _Finder.at,
    "GROUPREF": _Finder.again,
    "GROUPREF_EXISTS": _Finder.either,
    "FAILURE": _Finder.never,
}


def _is_in(items: Any, char: str) -> bool:
    negated = str(items[0][0]) == "NEGATE"
    return any(_is_one(op, argument, char) for op, argument in items[negated:]) != negated


def _is_one(op: Any, argument: Any, char: str) -> bool:
    match str(op):
        case "LITERAL":
            return bool(ord(char) == argument)
        case "RANGE":
            low, high = argument
            return bool(low <= ord(char) <= high)
    return CLASSES[str(argument)].match(char) is not None
