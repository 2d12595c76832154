"""What is loaded, made ready to be searched: patterns by model and text, recordings by key."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from msgspec import Struct

from mockglm.accounts import Account, Overload
from mockglm.exchange import JSONObject, Request
from mockglm.matching import PatternIndex, RequestView, canonical
from mockglm.models import Model
from mockglm.scenarios import Interaction, RecordedRequest, Scenario

__all__ = ["KeyOptions", "Playlist"]

log = logging.getLogger(__name__)

FEW = 8
"""Patterns that are all asked: to look them up would cost more."""


class KeyOptions(Struct, frozen=True):
    """How a file has requests compared: what it ignores and what it replaces."""

    ignore: tuple[str, ...]
    replace: tuple[tuple[str, str], ...]

    def key(self, asked: Request) -> bytes:
        """The canonical key of a request; empty, as that of no recording, where the patterns of
        `replace` take too long."""
        place = asked.method, asked.path, asked.query, asked.body
        try:
            return canonical.key(*place, ignore=self.ignore, replace=self.replace)
        except TimeoutError as error:
            log.warning("no recording can answer this request: replace: %s", error)
            return b""

    def form(self, asked: Request | RecordedRequest) -> JSONObject:
        """The canonical form of a request; without `replace` where its patterns take too long."""
        place = asked.method, asked.path, asked.query, asked.body
        try:
            return canonical.form(*place, ignore=self.ignore, replace=self.replace)
        except TimeoutError:
            return canonical.form(*place, ignore=self.ignore)


class Playlist:
    """Scenarios that play together, in the order in which they answer: those written by hand
    before those recorded, else as they are given."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self.scenarios = tuple(sorted(scenarios, key=lambda one: one.provenance is not None))
        self.interactions = tuple(_all(one.interactions for one in self.scenarios))
        self.accounts: tuple[Account, ...] = tuple(_all(one.accounts for one in self.scenarios))
        self.overloads: tuple[Overload, ...] = tuple(_all(one.overload for one in self.scenarios))
        self.keys_listed = any(one.keys_listed for one in self.scenarios)
        self.models: Mapping[str, Model] = {
            id: model for one in self.scenarios for id, model in one.models.items()
        }
        self._early = _Patterns(self.interactions, validated=False)
        self._scripted = _Patterns(self.interactions, validated=True)
        self._recorded = _by_key(self.scenarios)
        self.has_recordings = bool(self._recorded)

    def early(self, view: RequestView) -> Iterator[Interaction]:
        """The interactions whose pattern may hold and comes before validation, in order."""
        return self._early.candidates(view)

    def scripted(self, view: RequestView) -> Iterator[Interaction]:
        """The interactions whose pattern may hold, in order."""
        return self._scripted.candidates(view)

    def recorded(self, request: Request) -> tuple[Interaction, ...]:
        """The recordings of exactly that request, in the order recorded."""
        groups = (keys.get(how.key(request), ()) for how, keys in self._recorded.items())
        return tuple(_all(groups))

    @property
    def recordings(self) -> Iterator[tuple[KeyOptions, Sequence[Interaction]]]:
        """All recordings, by how their files have requests compared."""
        return ((how, tuple(_all(keys.values()))) for how, keys in self._recorded.items())


class _Patterns:
    """The interactions with a pattern, before validation or after it, indexed if there are many."""

    def __init__(self, interactions: Sequence[Interaction], *, validated: bool) -> None:
        self._chosen = [
            one for one in interactions if one.when is not None and one.validate == validated
        ]
        whens = [one.when for one in self._chosen if one.when is not None]
        self._index = PatternIndex(whens) if len(whens) > FEW else None

    def candidates(self, view: RequestView) -> Iterator[Interaction]:
        if self._index is None:
            return iter(self._chosen)
        return map(self._chosen.__getitem__, self._index.candidates(view))


def _by_key(scenarios: Sequence[Scenario]) -> dict[KeyOptions, dict[bytes, list[Interaction]]]:
    """The recordings by their key, for each way of keying that a file declares."""
    keyed: dict[KeyOptions, dict[bytes, list[Interaction]]] = {}
    for scenario in scenarios:
        for interaction in scenario.interactions:
            if interaction.request is not None:
                keys = keyed.setdefault(KeyOptions(scenario.ignore, scenario.replace), {})
                keys.setdefault(interaction.request.key, []).append(interaction)
    return keyed


T = TypeVar("T")


def _all(groups: Iterable[Iterable[T]]) -> Iterator[T]:
    return chain.from_iterable(groups)
