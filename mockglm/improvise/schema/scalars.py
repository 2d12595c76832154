"""Candidates for strings and numbers, and the formats of strings."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any

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
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@lru_cache(maxsize=4096)
def split_name(name: str) -> tuple[str, ...]:
    """Split an identifier in snake, kebab or camel case into words in lower case."""
    return tuple(word.lower() for word in WORD.findall(name))


def last_index(path: ValuePath) -> int:
    """The index of the nearest item, by which items differ."""
    return next((step for step in reversed(path) if isinstance(step, int)), 0)


def find_sample(path: ValuePath, samples: Mapping[str, Any], default: Any) -> Any:
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
    usual = find_sample(path, table("samples")["texts"], "example")
    samples = (make_sample(name, number + more) for name in known for more in range(8))
    texts = [f"{usual} {number + 1}", f"{number + 10:x}"]
    texts = texts if number else [usual, *texts]
    if not known and not patterns:
        yield from ((f"{text} " * low)[:low] if len(text) < low else text[:high] for text in texts)
    # Written one after the other: each costs work.
    written = (write_matches(one, ids, f"{path}", budget=budget, least=low) for one in patterns[:1])
    for text in chain(samples, texts if patterns else (), *written):
        if low <= len(text) <= high:
            yield text


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
    for value in chain((usual, base, middle, base + 0.5), ways):
        if low <= value <= high:
            is_int = isinstance(value, int) or (value.is_integer() and abs(value) < 2**53)
            if is_int or not is_whole:
                yield int(value) if is_int else value
