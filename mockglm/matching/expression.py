"""Regular expressions of files, searched within a time.

The language is that of Python's `re`, which checks every expression. An expression that can take
long (repeats, groups) is searched by the package `regex`, which can stop; all others, mostly plain
words, by `re`, for `regex` takes a while to import.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    import regex


SEARCH_SECONDS = 0.25
"""The longest search of one text for one expression, in seconds of CPU."""

REQUEST_SECONDS = 1.0
"""The longest that all searches for one request take together."""

LARGEST = 100_000
"""Elements of an expression with its counted repeats written out, as `regex` compiles them:
`(?:a{1000}){1000}` takes 274 MB."""

SHORT = 0.001
"""Seconds of a search that does not count."""

_SLOW = re.compile(r"[*+?{(]|\\[1-9]")
"""The parts of an expression that can take long."""

T = TypeVar("T")


class Expression(Struct, frozen=True):
    """An expression; `text` is how messages show it."""

    text: str
    plain: re.Pattern[str] | None
    bounded: regex.Pattern[str] | None

    def is_found(self, text: str, seconds: float) -> bool:
        """Search a text. Raises TimeoutError when that takes longer."""
        if self.bounded is None:
            assert self.plain is not None
            return self.plain.search(text) is not None
        return self.bounded.search(text, timeout=seconds) is not None

    def substitute(self, replacement: str, text: str, seconds: float) -> str:
        """Put the replacement, as it stands, in the place of everything that is found in a text.
        Raises TimeoutError when that takes longer."""
        if self.bounded is None:
            assert self.plain is not None
            return self.plain.sub(lambda _: replacement, text)
        return self.bounded.sub(lambda _: replacement, text, timeout=seconds)


class SearchBudget:
    """The time that is left for the searches of one request."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = REQUEST_SECONDS

    def spend(self, search: Callable[[float], T]) -> T:
        """The result of a search that is given the seconds it may take. Raises TimeoutError for
        one that takes longer, and for all when no time is left."""
        if self.left <= 0:
            raise TimeoutError
        started = perf_counter()
        try:
            return search(SEARCH_SECONDS)
        finally:
            # A machine that stands still for a while is not to cost more than a slow search.
            took = min(perf_counter() - started, SEARCH_SECONDS)
            if took > SHORT:
                self.left -= took


def parse_expression(source: str, *, ignore_case: bool = False) -> Expression:
    """An expression. Raises ValueError for one that `re` does not know, or that is too large."""
    return _parse(source, ignore_case=ignore_case)


@lru_cache(maxsize=512)
def _parse(source: str, *, ignore_case: bool) -> Expression:
    text = f"/{source}/{'i' * ignore_case}"
    try:
        plain = re.compile(source, re.IGNORECASE if ignore_case else 0)
        if not _SLOW.search(source):
            return Expression(text, plain, None)
        return Expression(text, None, compile_bounded(source, ignore_case=ignore_case))
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    except (re.error, OverflowError) as error:
        raise ValueError(str(error)) from error


@cache
def _token() -> re.Pattern[str]:
    """The smallest part of an expression that means something. Made when it is needed, for few
    runs have an expression with repeats."""
    return re.compile(
        r"""
        \\(?:[pP]\{[^{}]*\}|.)                        # an escape; `regex` has properties
      | \[\^?\]?(?:\\.|[^\]\\])*\]                   # a set
      | \{(?P<least>\d*)(?:,\d*)?\}(?<!\{\})[?+]?    # a repeat with counts
      | (?P<brace>\{)                                # a brace that is none
      | .
        """,
        re.VERBOSE | re.DOTALL,
    )


def compile_bounded(source: str, *, ignore_case: bool = False) -> regex.Pattern[str]:
    """Compile an expression that can be stopped. Raises ValueError for one that is too large, or
    that `regex` does not know."""
    import regex  # imported here: few files have an expression with repeats

    if _count_elements(source) > LARGEST:
        raise ValueError(f"more than {LARGEST:,} elements with its repeats written out")
    try:
        return regex.compile(
            _translate(source), regex.VERSION0 | (regex.IGNORECASE if ignore_case else 0)
        )
    except regex.error as error:
        raise ValueError(str(error)) from error


def _translate(source: str) -> str:
    """The expression as `regex` has to read it to understand what `re` does.

    For `regex` a brace that is no repeat can ask for a fuzzy search, and a bracket within a set
    can begin a class of POSIX.
    """
    return _token().sub(_translate_token, source)


def _translate_token(token: re.Match[str]) -> str:
    text = token[0]
    if token["brace"]:
        return r"\{"
    if len(text) > 1 and text[0] == "[":
        return "[" + re.sub(r"(\\.)|\[", lambda found: found[1] or r"\[", text[1:], flags=re.DOTALL)
    return text


def _count_elements(source: str) -> int:
    """The elements of an expression when every repeat is written as often as it must be there."""
    sizes = [0]
    last = 0
    for token in _token().finditer(source):
        text = token[0]
        if text == "(":
            sizes.append(0)
            last = 0
        elif text == ")" and len(sizes) > 1:
            last = sizes.pop()
            sizes[-1] += last
        elif token["least"] is not None:
            times = max(int(token["least"] or 0), 1)
            sizes[-1] += last * (times - 1)
        else:
            last = 1
            sizes[-1] += 1
    return sum(sizes)
