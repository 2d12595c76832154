"""The pattern index: finding the candidates costs the same for ten patterns as for 100,000."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import merge

from mockglm.matching.patterns import When
from mockglm.matching.view import RequestView

_TRIGRAM = 3
"""Length of the character sequences that patterns are indexed by; enough for Chinese words."""

_Bucket = dict[str | None, list[int]]
"""Positions of patterns by model, None for any."""


class PatternIndex:
    """Patterns in order of priority, indexed by model and by the user's text.

    A pattern with `text` is indexed under it, one with a plain `user` text under its rarest
    trigram; all other patterns are always candidates.
    """

    def __init__(self, whens: Sequence[When | None]) -> None:
        """Index the patterns; None at a position is never a candidate."""
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
        """Return the positions of the patterns that can match, in order."""
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
        """Return the bucket of a pattern."""
        if when.text is not None:
            return self._by_text.setdefault(when.text, {})
        grams = _words(when)
        if not grams:
            return self._others
        rarest = min(grams, key=lambda gram: (spread[gram], gram))
        return self._by_gram.setdefault(rarest, {})


def _words(when: When) -> set[str]:
    """Return the trigrams of the texts that the user must say."""
    return {gram for text in when.words for gram in _trigrams(text, min(len(text), _TRIGRAM))}


def _trigrams(text: str, *sizes: int) -> set[str]:
    """Return the sequences of so many characters; single characters distinguish nothing."""
    return {text[i : i + n] for n in sizes if n > 1 for i in range(len(text) - n + 1)}
