"""The similarity of texts: vectors in which texts that share words lie near each other.

Each word, and each pair of neighbouring Chinese characters, is a feature; parts of words count a
little, so that `cats` is near `cat`. A feature is hashed to a few dimensions with signs, so that
unrelated texts are nearly orthogonal. The same text has the same vector in every process.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import log1p, sqrt

_WORD = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")

_COMMON_WORDS = """
a an and are as at be by can do does for from had has have how i if in into is it its my no not of
on or our so than that the their them then there these they this to up was we were what when where
which who why will with you your
"""
_COMMON_CHARACTERS = "的了是在和有我你他她它们这那吗呢吧啊什么怎哪谁为与及或也都就不一个"
_COMMON = frozenset((*_COMMON_WORDS.split(), *_COMMON_CHARACTERS))
"""Words and characters that say little of a subject."""

_COMMON_WEIGHT = 0.1
_CHARACTER_WEIGHT = 0.5
_PART_WEIGHT = 0.2
_PART = 4
"""Characters of a part of a word."""

_POSITIONS = 8
"""Dimensions in which a feature is not zero."""

_MAX_CHARACTERS = 8000
"""Characters of a text that count, so that no request takes long."""
_MAX_WORD = 40

_DIGITS = 8
"""Decimals of a vector's numbers."""


def embed(text: str, dimensions: int) -> list[float]:
    """Return the unit vector of a text; that of a text without words is the first axis."""
    vector = [0.0] * dimensions
    for feature, weight in _weigh(text).items():
        for position, sign in _places(feature):
            vector[position % dimensions] += sign * weight
    length = sqrt(sum(value * value for value in vector))
    if not length:
        return [1.0] + [0.0] * (dimensions - 1)
    return [round(value / length, _DIGITS) for value in vector]


def compare(query: str, documents: Sequence[str]) -> list[float]:
    """Return the cosine of each document with a query, from 0 to 1."""
    wanted = _weigh(query)
    length = _length(wanted)
    return [_cosine(wanted, length, _weigh(one)) for one in documents]


def _cosine(wanted: Mapping[str, float], length: float, weights: Mapping[str, float]) -> float:
    shared = sum(weight * weights[one] for one, weight in wanted.items() if one in weights)
    both = length * _length(weights)
    return min(1.0, shared / both) if both else 0.0


def _length(weights: Mapping[str, float]) -> float:
    return sqrt(sum(weight * weight for weight in weights.values()))


def _weigh(text: str) -> dict[str, float]:
    """Weigh the features of a text; repetition counts less and less."""
    weights: dict[str, float] = {}
    for (feature, weight), times in Counter(_features(text[:_MAX_CHARACTERS].lower())).items():
        weights[feature] = weights.get(feature, 0.0) + weight * log1p(times)
    return weights


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in (word[:_MAX_WORD] for word in _WORD.findall(text)):
        yield word, _COMMON_WEIGHT if word in _COMMON else 1.0
        for start in range(len(word) - _PART + 1):
            yield f"~{word[start : start + _PART]}", _PART_WEIGHT
    for run in _WIDE.findall(text):
        for character in run:
            yield character, _COMMON_WEIGHT if character in _COMMON else _CHARACTER_WEIGHT
        for start in range(len(run) - 1):
            yield run[start : start + 2], 1.0


@lru_cache(maxsize=16384)
def _places(feature: str) -> Sequence[tuple[int, int]]:
    """The dimensions of a feature and its sign in each."""
    digest = blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=4 * _POSITIONS).digest()
    numbers = (int.from_bytes(digest[at : at + 4], "big") for at in range(0, len(digest), 4))
    return tuple((number >> 1, 1 if number & 1 else -1) for number in numbers)
