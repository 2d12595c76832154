"""Patterns filed so that finding those that can match costs the same for ten as for 100,000."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import merge

from mockglm.matching.view import RequestView
from mockglm.matching.when import When

_TRIGRAM = 3
"""How many neighbouring characters tell texts apart; numbers and Chinese words need no more."""

_Bucket = dict[str | None, list[int]]
"""The positions of patterns by the model they are bound to, None for any."""


class PatternIndex:
    """Patterns in the order of their priority, by model and by what the user says.

    A pattern bound to a `text` is filed under it, one with a plain `user` text under those
    characters of it that the fewest others have; all other patterns are always tried.
    """

    def __init__(self, whens: Sequence[When | None]) -> None:
        """File the patterns; a place with None is never a candidate."""
        self._by_text: dict[str, _Bucket] = {}
        self._by_gram: dict[str, _Bucket] = {}
        self._others: _Bucket = {}
        spread = Counter(gram for when in whens if when for gram in _words(when))
        for position, when in enumerate(whens):
            if when is not None:
                shelf = self._bucket(when, spread)
                for model in when.models:
                    shelf.setdefault(model, []).append(position)

    def candidates(self, view: RequestView) -> Iterator[int]:
        """The positions of the patterns that can match, first things first; each is still to be
        asked whether it does."""
        models = {view.model, None}
        found = [
            shelf[model] for shelf in self._buckets(view.text) for model in models if model in shelf
        ]
        return iter(found[0]) if len(found) == 1 else merge(*found)

    def _buckets(self, text: str | None) -> list[_Bucket]:
        if text is None:
            return [self._others]
        # A prompt can be long and the patterns few, or the other way round.
        if len(self._by_gram) < len(text):
            found = [shelf for gram, shelf in self._by_gram.items() if gram in text]
        else:
            grams = self._by_gram.keys() & _trigrams(text, 2, _TRIGRAM)
            found = [self._by_gram[gram] for gram in grams]
        return [self._others, self._by_text.get(text, {}), *found]

    def _bucket(self, when: When, spread: Counter[str]) -> _Bucket:
        """Where a pattern is filed."""
        if when.text is not None:
            return self._by_text.setdefault(when.text, {})
        grams = _words(when)
        if not grams:
            return self._others
        rarest = min(grams, key=lambda gram: (spread[gram], gram))
        return self._by_gram.setdefault(rarest, {})


def _words(when: When) -> set[str]:
    """The pieces of what the user must say, one of which the pattern can be filed under."""
    return {gram for text in when.words for gram in _trigrams(text, min(len(text), _TRIGRAM))}


def _trigrams(text: str, *sizes: int) -> set[str]:
    """Each so many neighbouring characters of a text; one alone tells nothing apart."""
    return {text[i : i + n] for n in sizes if n > 1 for i in range(len(text) - n + 1)}
