"""Texts that match a regular expression, and matching that ends.

The expression is read with the parser of the standard library's `re`; what ECMA-262 has and
Python has not (`\\p{…}`, `\\/`, named groups) is rewritten first.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import Any

from mockglm.clock import Ids

__all__ = ["matches", "written"]

# `re._parser` has neither stubs nor a public name; it is the same from 3.11 to 3.14.
parser: Any = import_module("re._parser")

GROWTH = (3, 0, 1, 2, 5, 8, 13, 21, 34, 55, 128)
"""How many times more than they must loops go round, one text for each."""
LONGEST = 4096
"""Characters after which a text is no longer added to."""
CHECKED = 512
"""Characters a text may have to be matched against a pattern at all."""
CHECKED_NESTED = 20
"""The same where loops are nested: matching may take a time exponential in them."""

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CATEGORIES: Mapping[str, str] = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_NOT_DIGIT": LETTERS,
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": LETTERS + "0123456789",
    "CATEGORY_WORD": LETTERS + "0123456789",
    "CATEGORY_NOT_WORD": "-.",
}
PROPERTIES = ((r"\p{N", "0-9"), (r"\p{Lu", "A-Z"), (r"\p{", "a-zA-Z"))
STRONG = ("Example-Passw0rd!", "Aa1!Aa1!Aa1!", "Example1", "example", "EXAMPLE", "1", "-", "")
"""Tried last, for the looks ahead that a generator of texts cannot obey."""


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text; False too when finding out could take too long."""
    read = _read(pattern)
    if read is None:
        return True
    tree, compiled = read
    longest = CHECKED_NESTED if _is_nested(tree) else CHECKED
    return len(text) <= longest and compiled.search(text) is not None


def written(pattern: str, ids: Ids, where: str) -> Iterator[str]:
    """Texts made to match the pattern, of growing length; none when it cannot be read."""
    read = _read(pattern)
    if read is None:
        return
    for growth in GROWTH:
        writer = _Writer(ids, f"{where}/{growth}", growth)
        writer.write(read[0])
        yield "".join(writer.pieces)
    yield from STRONG


def _python(pattern: str) -> str:
    """The pattern as Python spells it."""
    pattern = re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern).replace(r"\/", "/")
    pattern = re.sub(r"\\([cu])(?![0-9A-Za-z])", r"\1", pattern)
    for start, ranges in PROPERTIES:
        bare = re.escape(start) + r"[^}]*\}"
        pattern = re.sub(rf"(\[[^\]]*){bare}", rf"\g<1>{ranges}", pattern)
        pattern = re.sub(bare, f"[{ranges}]", pattern)
    return pattern


@lru_cache(maxsize=256)
def _read(pattern: str) -> tuple[Any, re.Pattern[str]] | None:
    """The tree of a pattern and what it compiles to; None when Python cannot read it."""
    if len(pattern) > LONGEST:
        return None
    with warnings.catch_warnings(), suppress(re.error, OverflowError, RecursionError):
        warnings.simplefilter("ignore")
        spelled = _python(pattern)
        return parser.parse(spelled), re.compile(spelled)
    return None


def _is_nested(tree: Any, inside: bool = False) -> bool:
    """Whether a loop without an end stands within another."""
    for op, argument in tree:
        endless = str(op) in LOOPS and argument[1] > 16
        if endless and inside:
            return True
        if any(_is_nested(part, inside or endless) for part in _parts(op, argument)):
            return True
    return False


LOOPS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def _parts(op: Any, argument: Any) -> Iterable[Any]:
    """The trees below a node."""
    name = str(op)
    if name in LOOPS:
        return (argument[2],)
    if name == "SUBPATTERN":
        return (argument[3],)
    if name == "BRANCH":
        return tuple(argument[1])
    if name in ("ASSERT", "ASSERT_NOT"):
        return (argument[1],)
    return (argument,) if name == "ATOMIC_GROUP" else ()


class _Writer:
    """Writes one text for a parsed pattern; what is random comes from the ids."""

    def __init__(self, ids: Ids, where: str, growth: int) -> None:
        self.pieces: list[str] = []
        self.groups: dict[int, str] = {}
        self._ids, self._where, self._growth = ids, where, growth
        self._draws = 0
        self._size = 0

    def write(self, tree: Any) -> None:
        for op, argument in tree:
            handler = WRITERS.get(str(op))
            if handler is not None and self._size < LONGEST:
                handler(self, argument)

    def put(self, text: str) -> None:
        self.pieces.append(text)
        self._size += len(text)

    def draw(self, count: int) -> int:
        """A number below count."""
        self._draws += 1
        return int(self._ids.chance(f"{self._where}#{self._draws}") * count)

    def literal(self, code: int) -> None:
        self.put(chr(code))

    def other(self, code: int) -> None:
        self.put("a" if code != ord("a") else "b")

    def any(self, _: object) -> None:
        self.put(LETTERS[self.draw(26)])

    def one_of(self, items: Any) -> None:
        allowed = _allowed(items)
        self.put(allowed[self.draw(len(allowed))] if allowed else "")

    def loop(self, argument: Any) -> None:
        low, high, tree = argument
        for _ in range(min(low + self._growth, high, LONGEST)):
            if self._size >= LONGEST:
                return
            self.write(tree)

    def branch(self, argument: Any) -> None:
        choices = argument[1]
        self.write(choices[self.draw(len(choices))])

    def group(self, argument: Any) -> None:
        number, _, _, tree = argument
        start = len(self.pieces)
        self.write(tree)
        self.groups[number] = "".join(self.pieces[start:])

    def again(self, number: int) -> None:
        self.put(self.groups.get(number, ""))


WRITERS: Mapping[str, Any] = {
    "LITERAL": _Writer.literal,
    "NOT_LITERAL": _Writer.other,
    "ANY": _Writer.any,
    "IN": _Writer.one_of,
    "MAX_REPEAT": _Writer.loop,
    "MIN_REPEAT": _Writer.loop,
    "POSSESSIVE_REPEAT": _Writer.loop,
    "BRANCH": _Writer.branch,
    "SUBPATTERN": _Writer.group,
    "ATOMIC_GROUP": _Writer.write,
    "GROUPREF": _Writer.again,
}


def _allowed(items: Any) -> str:
    """The characters of a class, letters and digits first where it has them."""
    negated = str(items[0][0]) == "NEGATE"
    listed = "".join(_listed(items))
    if negated:
        kept = [char for char in PRINTABLE if char not in listed]
        listed = "".join(kept) or "\u4e2d"
    plain = "".join(char for char in listed if char.isascii() and char.isalnum())
    return plain or listed


def _listed(items: Any) -> Iterator[str]:
    for op, argument in items:
        match str(op):
            case "LITERAL":
                yield chr(argument)
            case "RANGE":
                yield from map(chr, islice(range(argument[0], argument[1] + 1), 128))
            case "CATEGORY":
                yield CATEGORIES[str(argument)]
