"""Scores of functions for a text, by shared words and by the values for their parameters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from mockglm.improvise.capabilities import ToolOffer
from mockglm.improvise.language import word_set
from mockglm.improvise.parameters import MAX_NAME
from mockglm.improvise.values import TextValues, find_values

THRESHOLD = 1.0
"""The score above which a function is called."""
NAME, DESCRIPTION, PARAMETER, VALUE = 2.0, 0.8, 0.5, 0.5
"""The weights of a shared word by its place, and of a value for a required parameter."""
WHOLE = 1.0
"""The weight of a whole name in the text."""
NAMED_ONLY = 6.0
"""The weight of a value that only one function accepts: a command, or a text to replace."""
READING_CONCEPTS = frozenset(("#read", "#fetch"))

Ranking = Callable[[str], list[tuple[float, ToolOffer]]]


def rank_functions(offers: Sequence[ToolOffer]) -> Ranking:
    """Return a function that scores all functions for a text, best first.

    Words that many functions have weigh less, and the verb at the beginning weighs twice.
    """
    weights = {offer.name: _weigh_words(offer) for offer in offers}
    shared = Counter(word for words in weights.values() for word in words)

    def rank(text: str) -> list[tuple[float, ToolOffer]]:
        values, words = find_values(text), word_set(text)
        verb = word_set(" ".join(text.split()[:1])) if text.isascii() else frozenset()

        def score(offer: ToolOffer) -> float:
            held = weights[offer.name]
            spoken = sum(_score_words(offer, held, one, shared=shared) for one in (words, verb))
            return spoken + _score_values(offer, values)

        return sorted(((score(offer), offer) for offer in offers), key=lambda pair: -pair[0])

    return rank


def name_set(offer: ToolOffer) -> frozenset[str]:
    return word_set(offer.name[:MAX_NAME].replace("-", " "))


def _weigh_words(offer: ToolOffer) -> Mapping[str, float]:
    named = " ".join(str(step) for one in offer.parameters for step in one.path)
    described = " ".join(one.description[:80] for one in offer.parameters)
    weighed = dict.fromkeys(word_set(f"{named} {described}"), PARAMETER)
    weighed |= dict.fromkeys(word_set((offer.function.description or "")[:300]), DESCRIPTION)
    return weighed | dict.fromkeys(name_set(offer), NAME)


def _score_words(
    offer: ToolOffer, held: Mapping[str, float], words: frozenset[str], *, shared: Mapping[str, int]
) -> float:
    common = words & held.keys()
    whole = WHOLE * len(common & name_set(offer)) / (len(name_set(offer)) or 1)
    return whole + sum(held[word] / math.sqrt(shared[word]) for word in common)


def _score_values(offer: ToolOffer, values: TextValues) -> float:
    """Score the values of a text for required parameters."""
    kinds = [one.kind for one in offer.required if one.kind]
    there = [kind for kind in kinds if values.of(kind)]
    # A text to replace cannot be invented.
    if any(kind in ("old", "new") and kind not in there for kind in kinds):
        return -math.inf
    if {"command", "old"} & {*there}:
        return NAMED_ONLY
    if len(there) == len(offer.required) > 0 and READING_CONCEPTS & name_set(offer):
        return THRESHOLD
    is_sought = values.of("sought") and any(one.is_search for one in offer.required)
    return THRESHOLD if is_sought else VALUE if there else 0.0
