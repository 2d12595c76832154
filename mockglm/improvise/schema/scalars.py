"""Candidates for strings and numbers, and the formats of strings."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from typing import TypeVar

from mockglm.clock import Ids
from mockglm.improvise.schema.keywords import Schema, WorkBudget, clamp, strictest
from mockglm.improvise.schema.patterns import write_matches
from mockglm.improvise.tables import table

ValuePath = tuple[str | int, ...]

MAX_STRING = 10_000
"""Characters of a string, even if a schema requires more."""
MAX_MULTIPLES = 200
MAX_NAME = 200
FIRST_DAY = date(2026, 1, 1)
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

Value = TypeVar("Value")


@lru_cache(maxsize=4096)
def split_name(name: str) -> tuple[str, ...]:
    """Split an identifier in snake, kebab or camel case into words in lower case."""
    return tuple(word.lower() for word in WORD.findall(name))


def last_index(path: ValuePath) -> int:
    """The index of the nearest item, by which items differ."""
    return next((step for step in reversed(path) if isinstance(step, int)), 0)


def find_sample(path: ValuePath, samples: Mapping[str, Value], default: Value) -> Value:
    """Find the sample for a property or its items by the last word of its name that has one."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    words = split_name(name)[::-1] if len(name) <= MAX_NAME else ()
    singular = (word.removesuffix("s") for word in words)
    return next((samples[word] for word in (*words, *singular) if word in samples), default)


def make_sample(name: str, number: int) -> str:
    """Make a text of a known format, another one for each number below 250."""
    day, clock = FIRST_DAY + timedelta(number), f"{9 + number // 60:02}:{number % 60:02}"
    template = table("formats")["samples"][name]
    return str(template.format(n=number or "", count=number + 1, day=day, clock=clock))


def string_candidates(
    schemas: Sequence[Schema], path: ValuePath, ids: Ids, *, budget: WorkBudget
) -> Iterator[str]:
    """Yield texts of an allowed length, the likeliest first."""
    low = min(int(strictest(schemas, "minLength", 0)), MAX_STRING)
    high = min(int(strictest(schemas, "maxLength", MAX_STRING)), MAX_STRING)
    known = [one["format"] for one in schemas if one.get("format") in table("formats")["samples"]]
    patterns = [one["pattern"] for one in schemas if "pattern" in one]
    number = last_index(path)
    samples = (make_sample(name, number + more) for name in known for more in range(8))
    usual = _usual_texts(find_sample(path, table("samples")["texts"], "example"), number)
    yield from (text for text in samples if low <= len(text) <= high)
    if patterns:
        written = write_matches(patterns[0], ids, f"{path}", budget=budget, least=low)
        # Written one after the other: each costs work.
        for texts in (usual, written):
            yield from (text for text in texts if low <= len(text) <= high)
    elif not known:
        yield from (_fit_length(text, low, high) for text in usual)


def _usual_texts(usual: str, number: int) -> Iterator[str]:
    yield f"{usual} {number + 1}" if number else usual
    yield ALPHABET[number % len(ALPHABET)] + str(number // len(ALPHABET) or "")
    yield f"{usual} {number * 7919 % 46656:03x}"


def _fit_length(text: str, low: int, high: int) -> str:
    """Repeat or cut a text to a length in the range."""
    if len(text) < low:
        text = (f"{text} " * low)[:low]
    cut = text[:high].rstrip()
    return cut if len(cut) >= low else text[:high]


def number_candidates(
    schemas: Sequence[Schema], path: ValuePath, *, is_whole: bool
) -> Iterator[float]:
    """Yield numbers in the range, the likeliest first; whole numbers are int."""
    low = max(strictest(schemas, key, -math.inf) for key in ("minimum", "exclusiveMinimum"))
    high = min(strictest(schemas, key, math.inf) for key in ("maximum", "exclusiveMaximum"))
    base = next((edge for edge in (low, high) if abs(edge) < clamp(math.inf)), 0)
    step = strictest(schemas, "multipleOf", 1) or 1
    index = last_index(path)
    first = math.ceil(clamp(base / step)) + index
    usual = find_sample(path, table("samples")["numbers"], 1) + index
    middle = (low + high) / 2
    ways = (step * (first + way) for n in range(MAX_MULTIPLES) for way in (n, -n))
    for value in chain((usual, base, middle, base + 0.5, base - 0.5), ways):
        if low <= value <= high:
            is_int = isinstance(value, int) or (value.is_integer() and abs(value) < 2**53)
            if is_int or not is_whole:
                yield int(value) if is_int else value
