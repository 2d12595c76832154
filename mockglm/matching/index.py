"""Patterns filed so that finding those that can match costs the same for ten as for 100,000."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import merge

from mockglm.matching.view import View
from mockglm.matching.when import When

__all__ = ["Index"]

_GRAM = 3
"""How many neighbouring characters tell texts apart; numbers and Chinese words need no more."""

_Mark = tuple[str, str] | None
"""What a request must show for a pattern to be tried: ("text", all of the user's text), ("user", a
few characters that are in it), or nothing in particular."""


class Index:
    """Patterns in the order of their priority, by model and by what the user says.

    A pattern bound to a `text` is filed under it, one with a plain `user` text under those
    characters of it that the fewest others have; all other patterns are always tried.
    """

    def __init__(self, whens: Sequence[When | None]) -> None:
        """File the patterns; a place with None is never a candidate."""
        self._shelves: dict[tuple[str | None, _Mark], list[int]] = {}
        spread = Counter(gram for when in whens if when for gram in _words(when))
        for position, when in enumerate(whens):
            if when is not None:
                mark = _mark(when, spread)
                for model in when.models:
                    self._shelves.setdefault((model, mark), []).append(position)
        marks = {mark for _, mark in self._shelves}
        self._grams = frozenset(mark[1] for mark in marks if mark and mark[0] == "user")

    def candidates(self, view: View) -> Iterator[int]:
        """The positions of the patterns that can match, first things first; each is still to be
        asked whether it does."""
        marks, models = self._marks(view.text), {view.model, None}
        keys = [(model, mark) for mark in marks for model in models]
        shelves = [self._shelves[key] for key in keys if key in self._shelves]
        return iter(shelves[0]) if len(shelves) == 1 else merge(*shelves)

    def _marks(self, text: str | None) -> list[_Mark]:
        if text is None:
            return [None]
        # A prompt can be long and the patterns few, or the other way round.
        if len(self._grams) < len(text):
            found = [gram for gram in self._grams if gram in text]
        else:
            found = list(self._grams & _grams(text, 2, _GRAM))
        return [None, ("text", text), *[("user", gram) for gram in found]]


def _mark(when: When, spread: Counter[str]) -> _Mark:
    if when.text is not None:
        return "text", when.text
    grams = _words(when)
    return ("user", min(grams, key=lambda gram: (spread[gram], gram))) if grams else None


def _words(when: When) -> set[str]:
    """The pieces of what the user must say, one of which the pattern can be filed under."""
    return {gram for text in when.words for gram in _grams(text, min(len(text), _GRAM))}


def _grams(text: str, *sizes: int) -> set[str]:
    """Each so many neighbouring characters of a text; one alone tells nothing apart."""
    return {text[i : i + n] for n in sizes if n > 1 for i in range(len(text) - n + 1)}
