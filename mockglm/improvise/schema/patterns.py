"""Regular expressions: texts that match one, and matching in bounded time.

The `regex` package matches, for it has a timeout. To write a text, a pattern is rewritten from
ECMA-262 and parsed by the parser of the standard library's `re`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from itertools import accumulate, islice
from typing import Any

from mockglm.clock import Ids
from mockglm.improvise.schema.keywords import WorkBudget

# `re._parser` has neither stubs nor a public name; it is the same from 3.11 to 3.14.
parser: Any = import_module("re._parser")

EXTRA_REPEATS = (3, 0, 1, 2, 5, 8, 13, 21, 34, 55, 128)
"""Repeats of a loop beyond its minimum, one text for each."""
MAX_TEXT = 4096
MAX_STEPS = 4 * MAX_TEXT
"""Parts of a pattern visited for one text; a loop may add no characters."""
MAX_PATTERN = 2000
MAX_DEPTH = 30
TIMEOUT = 0.05
"""Seconds of one search; a timeout costs a quarter of the budget of a request."""
TIMEOUT_PRICE = 1500
SEARCH_PRICE = 3
"""Units of work of a search, most of them for compiling the pattern."""
CHARACTERS_PER_UNIT = 500
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = LETTERS + "0123456789"
CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_SPACE": " ",
    "CATEGORY_WORD": WORDS,
    "CATEGORY_NOT_DIGIT": LETTERS,
    "CATEGORY_NOT_SPACE": WORDS,
    "CATEGORY_NOT_WORD": "-.",
}
PROPERTIES = (("N", "0-9"), ("Lu", "A-Z"), ("", "a-zA-Z"))
FALLBACK_TEXTS = (
    *("Example-Passw0rd!", "Aa1!Aa1!Aa1!", "Example1", "example", "EXAMPLE", "1", "-", ""),
)
"""Texts to try for patterns with lookaheads, which the writer ignores."""
SURROGATE = re.compile(r"[\ud800-\udfff]")
PROPERTY = re.compile(r"\\[pP]\{([^{}]*+)\}")
TOKEN = re.compile(r"\[\^?\]?(?:\\.|[^]\\])*+\]|\\[pP]\{[^{}]*+\}|\\.|\(\?<(?=[A-Za-z_])", re.S)
UNREADABLE = (ValueError, OverflowError, RecursionError, KeyError, IndexError)


def is_readable(pattern: str) -> bool:
    """True for a valid regular expression, and for one that is too long to test."""
    return len(pattern) > MAX_PATTERN or _compile(pattern) is not None


def matches(pattern: str, text: str, budget: WorkBudget) -> bool:
    """True if the pattern is found in the text, is invalid, or if the budget is spent."""
    price = SEARCH_PRICE + (len(pattern) + len(text)) // CHARACTERS_PER_UNIT
    if len(pattern) > MAX_PATTERN or not budget.spend(price):
        return True
    compiled = _compile(pattern)
    try:
        return compiled is None or compiled.search(text, timeout=TIMEOUT) is not None
    except TimeoutError:
        budget.spend(TIMEOUT_PRICE)
        return False


@lru_cache(maxsize=64)
def _compile(pattern: str) -> Any:
    import regex

    tree = _parse(pattern)
    # Compiling takes time in proportion to the least length of a match; no candidate is that long.
    if _depth(pattern) > MAX_DEPTH or (tree is not None and tree.getwidth()[0] > MAX_TEXT):
        return None
    return _quietly(lambda: regex.compile(pattern, cache_pattern=False), regex.error)


@lru_cache(maxsize=64)
def _parse(pattern: str) -> Any:
    if len(pattern) > MAX_PATTERN or _depth(pattern) > MAX_DEPTH:
        return None
    return _quietly(lambda: parser.parse(TOKEN.sub(_spell_as_python, pattern)), re.error)


def _quietly(read: Callable[[], Any], error: type[Exception]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read()
        except (error, *UNREADABLE):
            return None


def _depth(pattern: str) -> int:
    """An upper bound of the nesting of groups; brackets in classes count, too."""
    return max(accumulate({"(": 1, ")": -1}.get(mark, 0) for mark in pattern), default=0)


def _spell_as_python(token: re.Match[str]) -> str:
    """Spell a token of ECMA-262 as Python does, which has no properties of characters."""
    if token[0] == "(?<":
        return "(?P<"
    is_class = token[0].startswith("[")
    spelled = PROPERTY.sub(_ranges, token[0])
    return spelled if is_class or spelled == token[0] else f"[{spelled}]"


def _ranges(named: re.Match[str]) -> str:
    return next(held for start, held in PROPERTIES if named[1].startswith(start))


def write_matches(pattern: str, ids: Ids, where: str, *, budget: WorkBudget) -> Iterator[str]:
    """Write texts that match the pattern, of growing length; none for an invalid pattern."""
    tree = _parse(pattern)
    for growth in EXTRA_REPEATS if tree is not None else ():
        if budget.left <= 0:
            return
        writer = _PatternWriter(ids, f"{where}/{growth}", growth)
        writer.write(tree)
        budget.spend(1 + writer.steps // 4)
        text = "".join(writer.pieces)
        if SURROGATE.search(text) is None:
            yield text
    if tree is not None and budget.left > 0:
        yield from FALLBACK_TEXTS


class _PatternWriter:
    """Writes one text that matches a parsed pattern."""

    def __init__(self, ids: Ids, where: str, growth: int) -> None:
        self.pieces: list[str] = []
        self.steps = 0
        self._groups: dict[int, str] = {}
        self._ids, self._where, self._growth = ids, where, growth
        self._draws = self._size = 0

    def write(self, tree: Any) -> None:
        for op, argument in tree:
            if self._is_full():
                return
            self._write_one(str(op), argument)

    def _is_full(self) -> bool:
        self.steps += 1
        return self.steps > MAX_STEPS or self._size >= MAX_TEXT

    def _write_one(self, op: str, argument: Any) -> None:
        match op:
            case "LITERAL":
                self._put(chr(argument))
            case "NOT_LITERAL":
                self._put("b" if argument == ord("a") else "a")
            case "ANY":
                self._put(self._draw(LETTERS))
            case "IN":
                self._put(self._draw(_allowed(tuple(argument))))
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                low, high, tree = argument
                for _ in range(min(low + self._growth, high, MAX_TEXT)):
                    if self._is_full():
                        break
                    self.write(tree)
            case "BRANCH":
                self.write(self._draw(argument[1]))
            case "SUBPATTERN":
                start = len(self.pieces)
                self.write(argument[3])
                self._groups[argument[0]] = "".join(self.pieces[start:])
            case "ATOMIC_GROUP":
                self.write(argument)
            case "GROUPREF":
                self._put(self._groups.get(argument, ""))

    def _put(self, text: str) -> None:
        self.pieces.append(text)
        self._size += len(text)

    def _draw(self, choices: Any) -> Any:
        self._draws += 1
        chance = self._ids.chance(f"{self._where}#{self._draws}")
        return choices[int(chance * len(choices))] if choices else ""


@lru_cache(maxsize=256)
def _allowed(items: Any) -> str:
    """The characters of a class, only letters and digits if it has some."""
    listed = "".join(_list_characters(items))
    if str(items[0][0]) == "NEGATE":
        printable = map(chr, range(0x20, 0x7F))
        listed = "".join(char for char in printable if char not in listed) or "\u4e2d"
    return "".join(char for char in listed if char.isascii() and char.isalnum()) or listed


def _list_characters(items: Any) -> Iterator[str]:
    for op, argument in items:
        match str(op):
            case "LITERAL":
                yield chr(argument)
            case "RANGE":
                yield from map(chr, islice(range(argument[0], argument[1] + 1), 128))
            case "CATEGORY":
                yield CATEGORIES[str(argument)]
