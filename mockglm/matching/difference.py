"""Differences: the expected and the actual value, short enough to read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Final
from unicodedata import category, east_asian_width

from msgspec import Struct

WIDTH = 64
"""Columns a value may take in a message; a Chinese character takes two."""

_JOINER = "\u200d"


class _Absent:
    """The value of a key that is not there."""


ABSENT: Final = _Absent()


class Difference(Struct, frozen=True):
    """One thing that keeps a request from an interaction.

    `field` is the key of `when` or the JSON path (one that `ignore` takes); `expected` and
    `actual` are for people: quoted, on one line, at most WIDTH columns wide or little more.
    """

    field: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, got {self.actual}"


class Gap(Struct, frozen=True):
    """Two JSON values that differ and the path where they do; ABSENT is a key or item not there."""

    at: str
    expected: Any
    actual: Any

    def to_difference(self) -> Difference:
        """The gap in words; of two long texts, the place where they part."""
        return Difference(self.at, *contrast(self.expected, self.actual))


def diff(expected: Any, actual: Any, at: str = "$", *, subset: bool = False) -> Iterator[Gap]:
    """Yield the differences of two JSON values, leaf by leaf; null and absent are equal.

    With `subset`, keys of mappings that are not expected do not count, at any depth; lists are
    held item against item and must be of one length. 1 and 1.0 are equal, 1 and true are not.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in sorted(expected if subset else {**expected, **actual}, key=str):
            ours, theirs = expected.get(name, ABSENT), actual.get(name, ABSENT)
            yield from diff(ours, theirs, at + step(name), subset=subset)
    elif isinstance(expected, list) and isinstance(actual, list):
        for i, (ours, theirs) in enumerate(zip_longest(expected, actual, fillvalue=ABSENT)):
            yield from diff(ours, theirs, f"{at}[{i}]", subset=subset)
    elif not _same(expected, actual):
        yield Gap(at, expected, actual)


def step(name: Any) -> str:
    """A key as the step of a JSON path."""
    text = str(name)
    return f".{text}" if text.replace("-", "_").isidentifier() else f"['{text}']"


def show_value(value: Any) -> str:
    """A JSON value on one line, cut where it is wide; what cannot be seen is escaped."""
    if value is ABSENT:
        return "nothing"
    # A text is cut before it is quoted, so that a long prompt costs no more than a short one.
    if isinstance(value, str):
        return _quote(_cut(value))
    return _cut(_visible(json.dumps(value, ensure_ascii=False, default=str)))


def shorten(text: str) -> str:
    """A text on one line, cut where it is wide, without quotes."""
    return _visible(_cut(text))


def contrast(expected: Any, actual: Any) -> tuple[str, str]:
    """Two values side by side; of two texts that begin alike, what stands where they part."""
    if not isinstance(expected, str) or not isinstance(actual, str):
        return show_value(expected), show_value(actual)
    start = _parting(expected, actual) - WIDTH // 4
    if start <= WIDTH // 4:
        return show_value(expected), show_value(actual)
    start = _boundary(expected, start)
    return show_value("…" + expected[start:]), show_value("…" + actual[start:])


def _parting(expected: str, actual: str) -> int:
    """The place where two texts stop being the same."""
    pairs = enumerate(zip(expected, actual, strict=False))
    return next(
        (i for i, (ours, theirs) in pairs if ours != theirs), min(len(expected), len(actual))
    )


def _same(expected: Any, actual: Any) -> bool:
    if expected is None or expected is ABSENT:
        return actual is None or actual is ABSENT
    return bool(expected == actual) and isinstance(expected, bool) == isinstance(actual, bool)


def _cut(text: str) -> str:
    columns = 0
    for i, character in enumerate(text):
        columns += _columns(character)
        if columns > WIDTH:
            return text[: _boundary(text, i)] + "…"
    return text


def _columns(character: str) -> int:
    if _is_attached(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _boundary(text: str, at: int) -> int:
    """The last place up to `at` where the text can be cut without tearing a letter or an emoji."""
    while 0 < at < len(text) and (_is_attached(text[at]) or text[at - 1] == _JOINER):
        at -= 1
    return at


def _is_attached(character: str) -> bool:
    """True for characters drawn with the one before: accents, joiners, skin tones."""
    if category(character) in ("Mn", "Me", "Cf"):
        return True
    return "\U0001f3fb" <= character <= "\U0001f3ff"


def _quote(text: str) -> str:
    return _visible(json.dumps(text, ensure_ascii=False))


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == _JOINER else ascii(c)[1:-1] for c in text)
