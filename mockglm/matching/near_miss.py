"""The interaction that comes nearest to a request nobody answers, and what keeps the two apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from msgspec import Struct

from mockglm.matching.difference import ABSENT, Difference, Gap, diff
from mockglm.matching.patterns import When, differences
from mockglm.matching.view import RequestView

LIMIT = 1_000
"""Interactions compared with a request; a miss must not cost seconds."""

_TIES = 200
"""Equally close interactions that are ranked by the likeness of their texts."""

_GAPS = 20
"""Differences counted of one recording."""

Told = Callable[[], tuple[Difference, ...]]


class NearMiss(Struct, frozen=True):
    """The position of the nearest interaction, and its differences, the most telling first."""

    index: int
    differences: tuple[Difference, ...]


class _Scored(Struct, frozen=True):
    """An interaction on trial; a smaller score is nearer."""

    score: tuple[int, ...]
    index: int
    told: Told


def find_near_miss(view: RequestView, whens: Sequence[When | None]) -> NearMiss | None:
    """The pattern that lacks least, of equals the one that more of holds; None without patterns.

    No differences means that the pattern matches: it is used up, or its chance did not come.
    Those that want the request's model are looked at first, LIMIT at most.
    """
    return _best(_scored(view, when, i) for i, when in islice(_promising(view, whens), LIMIT))


def find_near_recording(
    form: Mapping[str, Any], forms: Iterable[Mapping[str, Any]]
) -> NearMiss | None:
    """The recorded request nearest to a request, both in canonical form; None without any.

    LIMIT of `forms` are read at most, so it may be made as it is read; whoever has many gives
    those of the request's path and model first.
    """
    return _best(_recorded(form, other, i) for i, other in enumerate(islice(forms, LIMIT)))


def _promising(view: RequestView, whens: Sequence[When | None]) -> Iterator[tuple[int, When]]:
    likely = ((i, when) for i, when in enumerate(whens) if when and view.model in when.models)
    others = ((i, when) for i, when in enumerate(whens) if when and view.model not in when.models)
    return chain(likely, others)


def _scored(view: RequestView, when: When, index: int) -> _Scored:
    missed = when.failed(view)
    score = (len(missed), len(missed) - len(when.conditions))
    return _Scored(score, index, lambda: differences(missed, view))


def _recorded(form: Mapping[str, Any], other: Mapping[str, Any], index: int) -> _Scored:
    found = tuple(islice(_apart(other, form), _GAPS))
    elsewhere = sum(gap.at in ("method", "path") for gap in found)
    return _Scored(
        (elsewhere, len(found)), index, lambda: tuple(gap.to_difference() for gap in found)
    )


def _apart(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[Gap]:
    """The gaps between two forms; those of the JSON bodies have the paths that `ignore` takes."""
    for name in ("method", "path", "query", "json", "text", "parts", "bytes"):
        ours, theirs = expected.get(name, ABSENT), actual.get(name, ABSENT)
        yield from diff(ours, theirs, "$" if name == "json" else name)


def _best(scored: Iterable[_Scored]) -> NearMiss | None:
    found = sorted(scored, key=lambda one: (one.score, one.index))
    if not found:
        return None
    ties = [one for one in found[:_TIES] if one.score == found[0].score]
    told = [(one.index, one.told()) for one in ties]
    index, differences = max(told, key=lambda one: _likeness(one[1]))
    return NearMiss(index, differences)


def _likeness(differences: Iterable[Difference]) -> float:
    from difflib import SequenceMatcher

    pairs = ((difference.expected, difference.actual) for difference in differences)
    return sum(SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in pairs)
