"""The playlist of a session: scenarios indexed by pattern, recordings indexed by canonical key."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TypeVar

from msgspec import Struct

from mockglm.accounts import Account, Overload
from mockglm.exchange import JSONObject, Request
from mockglm.matching import PatternIndex, RequestView, canonical, meaning_key
from mockglm.models import Model
from mockglm.scenarios import Interaction, RecordedRequest, Scenario
from mockglm.surfaces import Surface
from mockglm.validation import Chat

log = logging.getLogger(__name__)

# Up to so many patterns are all tried: to look them up would cost more.
_FEW_PATTERNS = 8


class KeyOptions(Struct, frozen=True):
    """The options of a file for canonical keys: what it ignores and what it replaces."""

    ignore: tuple[str, ...]
    replace: tuple[tuple[str, str], ...]

    def key(self, request: Request) -> bytes:
        """Compute the canonical key of a request.

        It is empty, unlike that of any recording, if the patterns of `replace` take too long.
        """
        try:
            return canonical.key(
                request.method,
                request.path,
                query=request.query,
                body=request.body,
                ignore=self.ignore,
                replace=self.replace,
            )
        except TimeoutError as error:
            log.warning("no recording can answer this request: replace: %s", error)
            return b""

    def meaning(self, chat: Chat) -> bytes:
        """Compute the key of a conversation's meaning; empty if `replace` takes too long."""
        try:
            return meaning_key(chat, ignore=self.ignore, replace=self.replace)
        except TimeoutError as error:
            log.warning("no recording of another surface can answer: replace: %s", error)
            return b""

    def form(self, request: Request | RecordedRequest) -> JSONObject:
        """Compute the canonical form of a request; `replace` is left out if it takes too long."""
        try:
            return self._form(request, self.replace)
        except TimeoutError:
            return self._form(request, ())

    def _form(
        self, request: Request | RecordedRequest, replace: tuple[tuple[str, str], ...]
    ) -> JSONObject:
        return canonical.form(
            request.method,
            request.path,
            query=request.query,
            body=request.body,
            ignore=self.ignore,
            replace=replace,
        )


class Playlist:
    """Scenarios that play together: first those written by hand, then those recorded, each in the
    order given."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self.scenarios = tuple(sorted(scenarios, key=lambda one: one.provenance is not None))
        self.interactions = tuple(_all(one.interactions for one in self.scenarios))
        self.accounts: tuple[Account, ...] = tuple(_all(one.accounts for one in self.scenarios))
        self.overloads: tuple[Overload, ...] = tuple(_all(one.overload for one in self.scenarios))
        self.keys_listed = any(one.keys_listed for one in self.scenarios)
        self.models: Mapping[str, Model] = {
            id: model for one in self.scenarios for id, model in one.models.items()
        }
        self._unvalidated = _Patterns(self.interactions, validated=False)
        self._validated = _Patterns(self.interactions, validated=True)
        self.has_unvalidated = not self._unvalidated.is_empty
        self._recorded = _by_key(self.scenarios)
        self.has_recordings = bool(self._recorded)
        requests = (one.request for one in self.interactions if one.request is not None)
        self._surfaces = {
            request.surface for request in requests if request.path == request.surface.path
        }

    def candidates(self, view: RequestView, *, validated: bool) -> Iterator[Interaction]:
        """Find the interactions whose pattern may match, in order.

        `validated` selects those that answer only valid requests, or only the others.
        """
        return (self._validated if validated else self._unvalidated).candidates(view)

    def find_recordings(self, request: Request) -> tuple[Interaction, ...]:
        """Find the recordings of exactly that request, in the order recorded."""
        groups = (keys.get(options.key(request), ()) for options, keys in self._recorded.items())
        return tuple(_all(groups))

    def has_other_surfaces(self, surface: Surface) -> bool:
        """True if there is a recording of a conversation on another surface."""
        return any(recorded is not surface for recorded in self._surfaces)

    def find_equivalents(self, chat: Chat, surface: Surface) -> tuple[Interaction, ...]:
        """Find the recordings of the same conversation on other surfaces, in the order recorded."""
        others = (
            keys.get(options.meaning(chat), ())
            for (options, recorded), keys in self._meanings.items()
            if recorded is not surface
        )
        return tuple(_all(others))

    @cached_property
    def _meanings(self) -> dict[tuple[KeyOptions, Surface], dict[bytes, list[Interaction]]]:
        """The recordings of conversations by their meaning, computed when one is first sought."""
        keyed: dict[tuple[KeyOptions, Surface], dict[bytes, list[Interaction]]] = {}
        for options, recordings in self.recordings:
            for one in recordings:
                request = one.request
                if request is not None and request.path == request.surface.path and request.chat:
                    keys = keyed.setdefault((options, request.surface), {})
                    keys.setdefault(options.meaning(request.chat), []).append(one)
        return keyed

    @property
    def recordings(self) -> Iterator[tuple[KeyOptions, Sequence[Interaction]]]:
        """All recordings, by the key options of their files."""
        return ((options, tuple(_all(keys.values()))) for options, keys in self._recorded.items())


class _Patterns:
    """The interactions with a pattern, indexed if there are many."""

    def __init__(self, interactions: Sequence[Interaction], *, validated: bool) -> None:
        self._chosen = [
            one for one in interactions if one.when is not None and one.validate == validated
        ]
        whens = [one.when for one in self._chosen if one.when is not None]
        self._index = PatternIndex(whens) if len(whens) > _FEW_PATTERNS else None
        self.is_empty = not whens

    def candidates(self, view: RequestView) -> Iterator[Interaction]:
        if self._index is None:
            return iter(self._chosen)
        return map(self._chosen.__getitem__, self._index.candidates(view))


def _by_key(scenarios: Sequence[Scenario]) -> dict[KeyOptions, dict[bytes, list[Interaction]]]:
    """Index the recordings by canonical key, separately for each set of key options."""
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
