"""Texts that match a regular expression, and matching that ends soon.

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
from itertools import accumulate, islice
from typing import Any

from mockglm.clock import Ids
from mockglm.improvise.arguments.finder import is_found
from mockglm.improvise.arguments.refs import Fuel

__all__ = ["is_readable", "matches", "written"]

# `re._parser` has neither stubs nor a public name; it is the same from 3.11 to 3.14.
parser: Any = import_module("re._parser")

GROWTH = (3, 0, 1, 2, 5, 8, 13, 21, 34, 55, 128)
"""How many times more than they must loops go round, one text for each."""
LONGEST = 4096
"""Characters after which a text is no longer added to."""
LONGEST_PATTERN = 2000
"""Characters of a pattern that is read."""
DEEPEST = 30
"""Groups in groups of a pattern that is read."""
READING = 20
"""What reading a pattern costs besides its characters."""
STEPS = 4 * LONGEST
"""Parts of a pattern gone through for one text: a loop may go round without adding to it."""
CHECKED = 100
"""Characters of a pattern and a text matched by `re`, which alone knows what a group has taken."""

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
PROPERTIES = (("N", "0-9"), ("Lu", "A-Z"), ("", "a-zA-Z"))
STRONG = ("Example-Passw0rd!", "Aa1!Aa1!Aa1!", "Example1", "example", "EXAMPLE", "1", "-", "")
"""Tried last, for the looks ahead that a generator of texts cannot obey."""


def is_readable(pattern: str) -> bool:
    """Whether a text is a regular expression; True too where it is too long to find out."""
    return len(pattern) > LONGEST_PATTERN or _parsed(pattern) is not None


def matches(pattern: str, text: str, fuel: Fuel) -> bool:
    """Whether the pattern is found in the text; True where the fuel is spent first, or where the
    pattern cannot be read."""
    tree = _read(pattern, fuel)
    if tree is None:
        return True
    if _refers(tree):
        return _is_small(tree, pattern, text) and bool(_compiled(pattern).search(text))
    return is_found(tree, text, fuel) is not False


def written(pattern: str, ids: Ids, where: str, *, fuel: Fuel) -> Iterator[str]:
    """Texts made to match the pattern, of growing length; none when it cannot be read."""
    tree = _read(pattern, fuel)
    for growth in GROWTH if tree is not None else ():
        writer = _Writer(ids, f"{where}/{growth}", growth)
        writer.write(tree)
        text = "".join(writer.pieces)
        if not fuel.burn(writer.steps):
            return
        if SURROGATE.search(text) is None:
            yield text
    if tree is not None:
        yield from STRONG


SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half a character: JavaScript's patterns speak of such, JSON in UTF-8 cannot."""


TOKEN = re.compile(r"\\p\{(?P<kind>[^{}]*+)\}|\\(?P<escaped>.)|\[|\]|\(\?<(?=[A-Za-z_])", re.S)


def _python(pattern: str) -> str:
    """The pattern as Python spells it."""
    pieces: list[str] = []
    end = 0
    is_class = False
    for token in TOKEN.finditer(pattern):
        pieces += (pattern[end : token.start()], _spelled(token, is_class))
        end = token.end()
        is_class = {"[": True, "]": False}.get(token[0], is_class)
    return "".join((*pieces, pattern[end:]))


def _spelled(token: re.Match[str], is_class: bool) -> str:
    if token["kind"] is not None:
        ranges = next(held for start, held in PROPERTIES if token["kind"].startswith(start))
        return ranges if is_class else f"[{ranges}]"
    if token["escaped"] == "/":
        return "/"
    after = token.string[token.end() : token.end() + 1]
    if token["escaped"] in ("c", "u") and not (after.isascii() and after.isalnum()):
        return str(token["escaped"])
    return "(?P<" if token[0] == "(?<" else token[0]


def _read(pattern: str, fuel: Fuel) -> Any:
    """The tree of a pattern; None when Python cannot read it, or it costs too much to."""
    if len(pattern) > LONGEST_PATTERN or not fuel.burn(READING + len(pattern)):
        return None
    return _parsed(pattern)


@lru_cache(maxsize=64)
def _parsed(pattern: str) -> Any:
    if _depth(pattern) > DEEPEST:
        return None
    with warnings.catch_warnings(), suppress(re.error, OverflowError, RecursionError):
        warnings.simplefilter("ignore")
        return parser.parse(_python(pattern))
    return None


def _depth(pattern: str) -> int:
    """How many groups stand in each other, or more: marks that are no groups count too."""
    steps = ({"(": 1, ")": -1}.get(mark, 0) for mark in pattern)
    return max(accumulate(steps), default=0)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(_python(pattern))


def _is_small(tree: Any, pattern: str, text: str) -> bool:
    """Whether `re` has few ways through any text of this length: two choices, none in a loop."""
    choices = [*_choices(tree)]
    is_short = len(text) <= CHECKED and len(pattern) <= CHECKED
    return is_short and len(choices) <= 2 and not any(choices) and not tree.state.flags & re.I


def _choices(tree: Any, inside: bool = False) -> Iterator[bool]:
    """The places of a pattern that can be gone through in several ways, whether each is in a
    loop."""
    for op, argument in tree:
        name = str(op)
        if name == "BRANCH" or (name in LOOPS and argument[0] != argument[1]):
            yield inside
        for part in _parts(op, argument):
            yield from _choices(part, inside or name in LOOPS)


def _refers(tree: Any) -> bool:
    """Whether a pattern speaks of what one of its groups has taken."""
    return any(
        str(op).startswith("GROUPREF") or any(map(_refers, _parts(op, argument)))
        for op, argument in tree
    )


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
    if name == "GROUPREF_EXISTS":
        return tuple(filter(None, argument[1:]))
    return (argument,) if name == "ATOMIC_GROUP" else ()


class _Writer:
    """Writes one text for a parsed pattern; what is random comes from the ids."""

    def __init__(self, ids: Ids, where: str, growth: int) -> None:
        self.pieces: list[str] = []
        self.groups: dict[int, str] = {}
        self._ids, self._where, self._growth = ids, where, growth
        self._draws = 0
        self._size = 0
        self.steps = 0

    def write(self, tree: Any) -> None:
        for op, argument in tree:
            handler = WRITERS.get(str(op))
            self.steps += 1
            if handler is not None and self.is_going:
                handler(self, argument)

    @property
    def is_going(self) -> bool:
        return self._size < LONGEST and self.steps < STEPS

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
        allowed = _allowed(tuple(items))
        self.put(allowed[self.draw(len(allowed))] if allowed else "")

    def loop(self, argument: Any) -> None:
        low, high, tree = argument
        for _ in range(min(low + self._growth, high, LONGEST)):
            self.steps += 1
            if not self.is_going:
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


@lru_cache(maxsize=256)
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
