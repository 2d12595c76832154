"""The values in a text: places, numbers, dates, addresses, paths, quotes, commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from mockglm.improvise.tables import pattern, table


class TextValues(Struct, frozen=True):
    """The values of a text, by kind and in the order of the text."""

    text: str
    kinds: Mapping[str, tuple[str, ...]]
    numbers: tuple[float, ...]

    def of(self, kind: str) -> tuple[str, ...]:
        return self.kinds.get(kind, ())

    def first(self, kind: str) -> str:
        return next(iter(self.of(kind)), "")

    def within(self, whole: TextValues, count: int) -> TextValues:
        """Fill in the values that this part of a text lacks from those of the whole text.

        The numbers of the whole are taken if the part has fewer than are needed.
        """
        kinds = {kind: found or whole.of(kind) for kind, found in self.kinds.items()}
        enough = len(self.numbers) >= min(count, len(whole.numbers))
        return TextValues(self.text, kinds, self.numbers if enough else whole.numbers)


OVERLAPPING = frozenset(("id", "person", "relative"))
"""Kinds whose texts may also be values of the kinds after them."""
QUOTES = " `\"'“”‘’「」"
NUMERAL = pattern("values", "numeral")
MAX_NUMERAL = 30
PLACES = pattern("values", "places")
AND = pattern("values", "and")
_NO_NAME = "I The A An My Our This That It What There Who He She They Python JavaScript JSON"
NO_NAME = frozenset(_NO_NAME.split())
"""Capitalized words that are neither places nor persons."""


@lru_cache(maxsize=64)
def find_values(text: str) -> TextValues:
    """Find all values in a text."""
    # Cached, for a clause is compared with every function.
    rest = text
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, form in _patterns("kinds", re.S | re.A).items():
        kinds[kind] = _list_groups(form, rest)
        if kinds[kind] and kind not in OVERLAPPING:
            rest = form.sub(_blank_out, rest)
    kinds["place"] = tuple(dict.fromkeys(_find_places(rest)))
    is_place = _place_pattern().fullmatch
    persons = (name for name in kinds["person"] if not is_place(name))
    kinds["person"] = tuple(name for name in persons if name not in NO_NAME)
    numbers = [one.replace(",", "") for one in NUMERAL.findall(rest) if len(one) <= MAX_NUMERAL]
    found = (float(one) if "." in one else int(one) for one in numbers)
    return TextValues(text, {**kinds, **find_changes(text)}, tuple(found))


@lru_cache(maxsize=8)
def _patterns(section: str, flags: re.RegexFlag) -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile(one, flags) for name, one in table("patterns")[section].items()}


def _list_groups(form: re.Pattern[str], text: str) -> tuple[str, ...]:
    """List the texts that a pattern matches, each once, or those of its first group with one."""
    found = (next(filter(None, match.groups()), match[0]).strip() for match in form.finditer(text))
    return tuple(dict.fromkeys(filter(None, found)))


def _blank_out(match: re.Match[str]) -> str:
    return " " * len(match[0])


def find_changes(text: str) -> Mapping[str, tuple[str, ...]]:
    """Find the old and new text of a change, and the text to search for."""
    found: dict[str, str] = {}
    for section, kinds in (("edits", ("old", "new")), ("sought", ("sought",))):
        matches = (form.search(text) for form in _patterns(section, re.I).values())
        match = next(filter(None, matches), None)
        found |= dict(zip(kinds, match.groups(), strict=True)) if match else {}
    bare = {kind: value.strip(QUOTES) for kind, value in found.items()}
    return {kind: (value,) for kind, value in bare.items() if value}


@lru_cache(maxsize=1)
def _place_pattern() -> re.Pattern[str]:
    """The pattern of known places and of those after a preposition, which are in a group."""
    held = table("places")
    latin = "|".join(map(re.escape, held["en"]))
    han = "|".join(held["zh"].split())
    return re.compile(rf"{PLACES.pattern}|\b(?:{latin})\b|{han}")


def _find_places(text: str) -> Iterator[str]:
    for match in _place_pattern().finditer(text):
        named = match[1] or match[0]
        # `Florence, Italy` is one place.
        is_list = " and " in named or " or " in named
        names = AND.split(named) if is_list else [named]
        yield from (name for name in names if name.split(" ")[0] not in NO_NAME)
