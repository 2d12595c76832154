"""Candidates for strings and numbers that a plain JSON Schema describes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TypeVar

from msgspec import Struct

from mockglm.clock import Ids
from mockglm.improvise.schema.formats import FORMATS
from mockglm.improvise.schema.keywords import MAX_NUMBER, Schema
from mockglm.improvise.schema.patterns import write_matches
from mockglm.improvise.schema.references import WorkBudget
from mockglm.improvise.tables import table

MAX_STRING = 10_000
"""Characters of a string, even if a schema requires more."""
MAX_MULTIPLES = 200
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

Value = TypeVar("Value")


class ValuePlace(Struct, frozen=True):
    """The path of property names and indices from the root to a value."""

    path: tuple[str | int, ...] = ()

    def below(self, step: str | int) -> ValuePlace:
        return ValuePlace((*self.path, step))

    @property
    def name(self) -> str:
        """The name of the property; for an item of a list, that of the list."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")

    @property
    def number(self) -> int:
        """The index of the nearest item, by which items differ."""
        return next((step for step in reversed(self.path) if isinstance(step, int)), 0)


def split_name(name: str) -> tuple[str, ...]:
    """Split an identifier in snake, kebab or camel case into words in lower case."""
    return tuple(word.lower() for word in WORD.findall(name))


def find_sample(name: str, samples: Mapping[str, Value]) -> Value | None:
    """Find the sample for a parameter by the last word of its name that has one."""
    words = split_name(name)[::-1]
    singular = (word.removesuffix("s") for word in words)
    return next((samples[word] for word in (*words, *singular) if word in samples), None)


def string_candidates(
    schema: Schema, place: ValuePlace, ids: Ids, *, budget: WorkBudget
) -> Iterator[str]:
    """Yield texts for a string, the likeliest first."""
    low = int(schema.get("minLength", 0))
    high = min(int(schema.get("maxLength", MAX_STRING)), MAX_STRING)
    known = FORMATS.get(schema.get("format", ""))
    if known is not None:
        yield from map(known.sample, range(place.number, place.number + 8))
    if "pattern" in schema:
        # One after the other: the long texts of a nested loop can cost the whole budget, and when
        # that is spent every text is taken for a match.
        written = write_matches(schema["pattern"], ids, f"{place.path}", budget=budget)
        texts = chain(_usual_texts(place), written)
        yield from (text for text in texts if low <= len(text) <= high)
    elif known is None:
        yield from (_fit_length(text, low, high) for text in _usual_texts(place))


def _usual_texts(place: ValuePlace) -> Iterator[str]:
    usual = find_sample(place.name, table("samples")["texts"]) or "example"
    yield f"{usual} {place.number + 1}" if place.number else usual
    yield ALPHABET[place.number % len(ALPHABET)] + str(place.number // len(ALPHABET) or "")
    yield f"{usual} {place.number * 7919 % 46656:03x}"


def _fit_length(text: str, low: int, high: int) -> str:
    """Repeat or cut a text to a length in the range."""
    if len(text) < low:
        text = (f"{text} " * (min(low, MAX_STRING) // (len(text) + 1) + 1))[: min(low, MAX_STRING)]
    cut = text[:high].rstrip()
    return cut if len(cut) >= low else text[:high]


def number_candidates(schema: Schema, place: ValuePlace, *, is_whole: bool) -> Iterator[float]:
    """Yield numbers in the range, the likeliest first; whole numbers are int."""
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
    named = find_sample(place.name, table("samples")["numbers"])
    usual = (1 if named is None else named) + place.number
    base = next((edge for edge in (low, high) if math.isfinite(edge)), 0)
    middle = [(low + high) // 2, (low + high) / 2, low + (high - low) / 3]
    near = middle if math.isfinite(low) and math.isfinite(high) else []
    steps = _multiples(schema.get("multipleOf", 1), base)
    for value in (usual, *near, base, base + 0.5, base - 0.5, *steps):
        if abs(value) <= MAX_NUMBER and low <= value <= high:
            is_int = is_whole or (float(value).is_integer() and abs(value) < 2**53)
            yield int(value) if is_int else value


def _multiples(step: float, base: float) -> Iterator[float]:
    """Yield multiples above and below the start of the range."""
    ways = base / step
    first = math.ceil(ways) if math.isfinite(ways) else 0
    for way in range(MAX_MULTIPLES):
        yield from ((first + way) * step, (first - way) * step)
