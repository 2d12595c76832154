"""Candidates for strings and numbers that a plain JSON Schema describes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import Struct

from mockglm.clock import Ids
from mockglm.improvise.arguments import patterns, samples
from mockglm.improvise.arguments.formats import FORMATS
from mockglm.improvise.arguments.refs import Fuel
from mockglm.improvise.arguments.shapes import LARGEST, Schema

__all__ = ["LONGEST", "Place", "numbers", "strings"]

LONGEST = 10_000
"""Characters of the longest string made, however many a schema asks for."""
TRIED = 400
"""Multiples tried one after another."""
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class Place(Struct, frozen=True):
    """Where a value goes: the path of property names and indices from the root."""

    path: tuple[str | int, ...] = ()

    def below(self, step: str | int) -> Place:
        return Place((*self.path, step))

    @property
    def name(self) -> str:
        """The property it belongs to, the nearest one for an item."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")

    @property
    def number(self) -> int:
        """The index of the item it is or is in, so that items differ."""
        return next((step for step in reversed(self.path) if isinstance(step, int)), 0)

    @property
    def text(self) -> str:
        return "/".join(map(str, self.path))


def strings(schema: Schema, place: Place, ids: Ids, *, fuel: Fuel) -> Iterator[str]:
    """Texts for a string, the likeliest first, all of the length asked for."""
    low = int(schema.get("minLength", 0))
    high = min(int(schema.get("maxLength", LONGEST)), LONGEST)
    for text in _texts(schema, place, ids, fuel=fuel):
        if low <= len(text) <= high:
            yield text
    if "format" not in schema and "pattern" not in schema:
        yield from (_sized(text, low, high) for text in _plain(place))


def _texts(schema: Schema, place: Place, ids: Ids, *, fuel: Fuel) -> Iterator[str]:
    known = FORMATS.get(schema.get("format", ""))
    if known is not None:
        yield from map(known.sample, range(place.number, place.number + 8))
    if "pattern" in schema:
        yield from _plain(place)
        yield from patterns.written(schema["pattern"], ids, place.text, fuel=fuel)
    elif known is None:
        yield from _plain(place)


def _plain(place: Place) -> Iterator[str]:
    """The usual text of a parameter of this name, then others."""
    usual = samples.text(place.name)
    yield f"{usual} {place.number + 1}" if place.number else usual
    yield ALPHABET[place.number % len(ALPHABET)] + str(place.number // len(ALPHABET) or "")
    yield f"{usual} {_code(place.number)}"


def _code(number: int) -> str:
    """A short code of a number, as identifiers have it."""
    return f"{number * 7919 % 46656:03x}"


def _sized(text: str, low: int, high: int) -> str:
    """The text, repeated or cut until its length is in range."""
    if len(text) < low:
        text = (f"{text} " * (min(low, LONGEST) // (len(text) + 1) + 1))[: min(low, LONGEST)]
    return text[:high].rstrip() if len(text[:high].rstrip()) >= low else text[:high]


def numbers(schema: Schema, place: Place, *, whole: bool) -> Iterator[float]:
    """Numbers in the range, the likeliest first; whole ones as int."""
    low, high = _edges(schema)
    usual = samples.number(place.name) + place.number
    for value in (usual, *_within(low, high), *_multiples(schema, low, high)):
        if abs(value) <= LARGEST and low <= value <= high:
            yield _tidy(value, whole)


def _edges(schema: Schema) -> tuple[float, float]:
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
    return low, high


def _within(low: float, high: float) -> Iterator[float]:
    """Numbers in the middle and at the edges of a range."""
    if math.isfinite(low) and math.isfinite(high):
        middle = (low + high) // 2 if high - low > 2 else (low + high) / 2
        yield from (middle, low + (high - low) / 4, low + (high - low) / 3)
    base = _base(low, high)
    yield from (base, base + 0.5, base - 0.5)


def _multiples(schema: Schema, low: float, high: float) -> Iterator[float]:
    """Multiples of what is asked for, upwards and downwards from where the range begins."""
    step = schema.get("multipleOf", 1)
    ways = _base(low, high) / step
    first = math.ceil(ways) if math.isfinite(ways) else 0
    for way in range(TRIED):
        yield from ((first + way) * step, (first - way) * step)


def _base(low: float, high: float) -> float:
    return next((edge for edge in (low, high) if math.isfinite(edge)), 0)


def _tidy(value: float, whole: bool) -> float:
    if whole or (isinstance(value, float) and value.is_integer() and abs(value) < 2**53):
        return int(value)
    return value
