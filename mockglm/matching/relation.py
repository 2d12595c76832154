"""The relations of expected and actual values, and the words that contrast them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from typing import Any

from msgspec import Struct

from mockglm.matching.difference import ABSENT, contrast, shorten, show_value
from mockglm.matching.expression import Expression, parse_expression

_EXPRESSION = re.compile(r"/(.+)/(i?)", re.DOTALL)
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


def is_expression(text: str) -> bool:
    """Recognise a text that is written `/…/` or `/…/i`."""
    return _EXPRESSION.fullmatch(text) is not None


def read_expression(text: str) -> Expression | None:
    """The regular expression that `/…/` or `/…/i` stands for; None for plain text. Raises
    ValueError."""
    match = _EXPRESSION.fullmatch(text)
    if match is None:
        return None
    try:
        return parse_expression(match[1], ignore_case=bool(match[2]))
    except ValueError as error:
        raise ValueError(f"{shorten(text)} is not a regular expression: {error}") from None


def among(texts: tuple[str, ...]) -> tuple[Relation, Any]:
    """Choose the relation of names: LIKE if one has a wildcard, else ONE_OF."""
    if _WILDCARDS.isdisjoint("".join(texts)):
        return ONE_OF, texts
    return LIKE, Globs(texts, re.compile("|".join(map(translate, texts))))


def _beside(expected: Any, actual: Any) -> tuple[str, str]:
    return contrast(expected, ABSENT if actual is None else actual)


def _part(expected: str, actual: str | None) -> tuple[str, str]:
    return f"a text with {show_value(expected)}", _beside(None, actual)[1]


def contrast_expression(expected: Expression, actual: str | None) -> tuple[str, str]:
    """An expression beside the text in which it finds nothing."""
    return f"what {expected.text} finds", _beside(None, actual)[1]


def _choice(expected: Iterable[str], actual: str | None) -> tuple[str, str]:
    return " or ".join(map(show_value, expected)), _beside(None, actual)[1]


def _listing(expected: Iterable[str], actual: Iterable[str]) -> tuple[str, str]:
    return ", ".join(map(show_value, expected)), ", ".join(map(show_value, actual)) or "nothing"


EQUALS = Relation(lambda expected, actual: bool(expected == actual), _beside)
CONTAINS = Relation(lambda expected, actual: expected in actual, _part)
ONE_OF = Relation(lambda expected, actual: actual in expected, _choice)
LIKE = Relation(
    lambda expected, actual: expected.regex.match(actual) is not None,
    lambda expected, actual: _choice(expected.texts, actual),
)
ALL_OF = Relation(lambda expected, actual: set(expected).issubset(actual), _listing)
