"""The relations of expected and actual values, and the words that contrast them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from typing import Any

from msgspec import Struct

from mockglm.matching.difference import ABSENT, contrast, show_value

_REGEX = re.compile(r"/(.+)/(i?)", re.DOTALL)
_WILDCARDS = frozenset("*?[")


class Relation(Struct, frozen=True):
    """A relation of what is expected to what is there, which is None where it is not there.

    `judge` is asked only of what is there; `words` puts the two for people.
    """

    judge: Callable[[Any, Any], bool]
    words: Callable[[Any, Any], tuple[str, str]]

    def holds(self, expected: Any, actual: Any) -> bool:
        return actual is not None and self.judge(expected, actual)


class Globs(Struct, frozen=True):
    """Shell patterns, one of which is to match all of a text; upper and lower case differ."""

    texts: tuple[str, ...]
    regex: re.Pattern[str]


def parse_regex(text: str) -> re.Pattern[str] | None:
    """The regular expression that `/…/` or `/…/i` is; None for plain text. Raises ValueError."""
    match = _REGEX.fullmatch(text)
    if match is None:
        return None
    try:
        return re.compile(match[1], re.IGNORECASE if match[2] else 0)
    except re.error as error:
        raise ValueError(f"{text} is no regular expression: {error}") from None


def within(text: str, plain: Relation) -> tuple[Relation, Any]:
    """Choose the relation of a text: FINDS for `/…/`, else the given one."""
    pattern = parse_regex(text)
    return (plain, text) if pattern is None else (FINDS, pattern)


def among(texts: tuple[str, ...]) -> tuple[Relation, Any]:
    """Choose the relation of names: LIKE if one has a wildcard, else ONE_OF."""
    if _WILDCARDS.isdisjoint("".join(texts)):
        return ONE_OF, texts
    return LIKE, Globs(texts, re.compile("|".join(map(translate, texts))))


def _beside(expected: Any, actual: Any) -> tuple[str, str]:
    return contrast(expected, ABSENT if actual is None else actual)


def _part(expected: str, actual: str | None) -> tuple[str, str]:
    return f"a text with {show_value(expected)}", _beside(None, actual)[1]


def _expression(expected: re.Pattern[str], actual: str | None) -> tuple[str, str]:
    flag = "i" if expected.flags & re.IGNORECASE else ""
    return f"what /{expected.pattern}/{flag} finds", _beside(None, actual)[1]


def _choice(expected: Iterable[str], actual: str | None) -> tuple[str, str]:
    return " or ".join(map(show_value, expected)), _beside(None, actual)[1]


def _listing(expected: Iterable[str], actual: Iterable[str]) -> tuple[str, str]:
    return ", ".join(map(show_value, expected)), ", ".join(map(show_value, actual)) or "nothing"


EQUALS = Relation(lambda expected, actual: bool(expected == actual), _beside)
CONTAINS = Relation(lambda expected, actual: expected in actual, _part)
FINDS = Relation(lambda expected, actual: expected.search(actual) is not None, _expression)
ONE_OF = Relation(lambda expected, actual: actual in expected, _choice)
LIKE = Relation(
    lambda expected, actual: expected.regex.match(actual) is not None,
    lambda expected, actual: _choice(expected.texts, actual),
)
ALL_OF = Relation(lambda expected, actual: set(expected).issubset(actual), _listing)
