"""Scores of functions for a text, by the words that both have and the values it has for them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from mockglm.improvise.capabilities import ToolOffer
from mockglm.improvise.language import word_set
from mockglm.improvise.parameters import LONGEST_NAME
from mockglm.improvise.values import TextValues, find_values

THRESHOLD = 1.0
"""The score that a function needs for a text to call it."""
NAME, DESCRIPTION, PARAMETER, VALUE = 2.0, 0.8, 0.5, 0.5
"""The weight of a shared word by its place, and of a value that a required parameter can take."""
WHOLE = 1.0
"""The weight of a whole name that is said."""
NAMED_ONLY = 6.0
"""The weight of a value that only one function takes: a command, a text to replace."""
LOOKING = frozenset(("#read", "#fetch"))

Ranking = Callable[[str], list[tuple[float, ToolOffer]]]


def rank_functions(offers: Sequence[ToolOffer]) -> Ranking:
    """Scores of all functions for a text, best first; a word that many share weighs less, and the
    verb it begins with most."""
    weights = {offer.name: _weigh(offer) for offer in offers}
    shared = Counter(word for words in weights.values() for word in words)

    def rank(text: str) -> list[tuple[float, ToolOffer]]:
        values, words = find_values(text), word_set(text)
        verb = word_set(" ".join(text.split()[:1])) if text.isascii() else frozenset()

        def score(offer: ToolOffer) -> float:
            held = weights[offer.name]
            spoken = _score(offer, held, words, shared) + _score(offer, held, verb, shared)
            return spoken + _score_values(offer, values)

        return sorted(((score(offer), offer) for offer in offers), key=lambda pair: -pair[0])

    return rank


def name_set(offer: ToolOffer) -> frozenset[str]:
    return word_set(offer.name[:LONGEST_NAME].replace("-", " "))


def _weigh(offer: ToolOffer) -> Mapping[str, float]:
    named = " ".join(str(step) for one in offer.parameters for step in one.path)
    described = " ".join(one.description[:80] for one in offer.parameters)
    weighed = dict.fromkeys(word_set(f"{named} {described}"), PARAMETER)
    weighed |= dict.fromkeys(word_set((offer.function.description or "")[:300]), DESCRIPTION)
    return weighed | dict.fromkeys(name_set(offer), NAME)


def _score(
    offer: ToolOffer, held: Mapping[str, float], words: frozenset[str], shared: Mapping[str, int]
) -> float:
    common = words & held.keys()
    whole = WHOLE * len(common & name_set(offer)) / (len(name_set(offer)) or 1)
    return whole + sum(held[word] / math.sqrt(shared[word]) for word in common)


def _score_values(offer: ToolOffer, values: TextValues) -> float:
    """The weight of values that the text has for required parameters, and of those it lacks."""
    kinds = [one.kind for one in offer.required if one.kind]
    there = [kind for kind in kinds if values.of(kind)]
    # a text to replace cannot be made up
    if any(kind in ("old", "new") and kind not in there for kind in kinds):
        return -math.inf
    if {"command", "old"} & {*there}:
        return NAMED_ONLY
    if len(there) == len(offer.required) > 0 and LOOKING & name_set(offer):
        return THRESHOLD
    is_sought = values.of("sought") and any(one.is_search for one in offer.required)
    return THRESHOLD if is_sought else VALUE if there else 0.0
