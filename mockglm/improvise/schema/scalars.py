"""Candidates for strings and numbers that a plain JSON Schema describes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import TypeVar

from mockglm.clock import Ids
from mockglm.improvise.schema.formats import FORMATS
from mockglm.improvise.schema.keywords import MAX_NUMBER, Schema, WorkBudget
from mockglm.improvise.schema.patterns import write_matches
from mockglm.improvise.tables import table

ValuePath = tuple[str | int, ...]

MAX_STRING = 10_000
"""Characters of a string, even if a schema requires more."""
MAX_MULTIPLES = 200
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

Value = TypeVar("Value")


@lru_cache(maxsize=4096)
def split_name(name: str) -> tuple[str, ...]:
    """Split an identifier in snake, kebab or camel case into words in lower case."""
    return tuple(word.lower() for word in WORD.findall(name))


def last_name(path: ValuePath) -> str:
    """The name of the property at a path; for an item of a list, that of the list."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def last_index(path: ValuePath) -> int:
    """The index of the nearest item, by which items differ."""
    return next((step for step in reversed(path) if isinstance(step, int)), 0)


def find_sample(name: str, samples: Mapping[str, Value]) -> Value | None:
    """Find the sample for a parameter by the last word of its name that has one."""
    words = split_name(name)[::-1] if len(name) <= MAX_MULTIPLES else ()
    singular = (word.removesuffix("s") for word in words)
    return next((samples[word] for word in (*words, *singular) if word in samples), None)


def string_candidates(
    schema: Schema, path: ValuePath, ids: Ids, *, budget: WorkBudget
) -> Iterator[str]:
    """Yield texts for a string, the likeliest first."""
    low = int(schema.get("minLength", 0))
    high = min(int(schema.get("maxLength", MAX_STRING)), MAX_STRING)
    known = FORMATS.get(schema.get("format", ""))
    if known is not None:
        yield from map(known.sample, range(last_index(path), last_index(path) + 8))
    if "pattern" in schema:
        # One after the other: the long texts of a nested loop can cost the whole budget, and when
        # that is spent every text is taken for a match.
        written = write_matches(schema["pattern"], ids, f"{path}", budget=budget)
        yield from (one for one in chain(_usual_texts(path), written) if low <= len(one) <= high)
    elif known is None:
        yield from (_fit_length(text, low, high) for text in _usual_texts(path))


def _usual_texts(path: ValuePath) -> Iterator[str]:
    usual, number = (
        find_sample(last_name(path), table("samples")["texts"]) or "example",
        last_index(path),
    )
    yield f"{usual} {number + 1}" if number else usual
    yield ALPHABET[number % len(ALPHABET)] + str(number // len(ALPHABET) or "")
    yield f"{usual} {number * 7919 % 46656:03x}"


def _fit_length(text: str, low: int, high: int) -> str:
    """Repeat or cut a text to a length in the range."""
    if len(text) < low:
        text = (f"{text} " * (min(low, MAX_STRING) // (len(text) + 1) + 1))[: min(low, MAX_STRING)]
    cut = text[:high].rstrip()
    return cut if len(cut) >= low else text[:high]


def number_candidates(schema: Schema, path: ValuePath, *, is_whole: bool) -> Iterator[float]:
    """Yield numbers in the range, the likeliest first; whole numbers are int."""
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
    named = find_sample(last_name(path), table("samples")["numbers"])
    usual = (1 if named is None else named) + last_index(path)
    base = next((edge for edge in (low, high) if math.isfinite(edge)), 0)
    middle = [(low + high) // 2, (low + high) / 2, low + (high - low) / 3]
    near = middle if math.isfinite(low) and math.isfinite(high) else []
    step = schema.get("multipleOf", 1)
    first = math.ceil(base / step) if math.isfinite(base / step) else 0
    ways = (way for step in range(MAX_MULTIPLES) for way in (first + step, first - step))
    for value in chain((usual, *near, base, base + 0.5, base - 0.5), (way * step for way in ways)):
        if abs(value) <= MAX_NUMBER and low <= value <= high:
            is_int = is_whole or (float(value).is_integer() and abs(value) < 2**53)
            yield int(value) if is_int else value
