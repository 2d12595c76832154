"""Sessions and playlists: isolated state, and the scenarios that play in it."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from functools import cached_property
from itertools import chain, repeat, starmap
from typing import Any, Literal, TypeVar

from msgspec import Struct, field

from mockglm.accounts import Account, Ledger, Overload
from mockglm.clock import Clock, Ids, IdSeries
from mockglm.error_codes import Language
from mockglm.errors import UsageError, nearest
from mockglm.exchange import JSONObject, Request
from mockglm.faults import MAX_FAULTS, FaultSpec, too_many
from mockglm.generations import Profile
from mockglm.journal import EntryFeed, Journal, MemoryBudget
from mockglm.matching import PatternIndex, RequestView, canonical, meaning_key
from mockglm.models import MODELS, Model
from mockglm.scenarios import (
    Interaction,
    RecordedRequest,
    Scenario,
    Step,
    index_by_name,
    load,
    shipped_scenarios,
    unknown_name,
)
from mockglm.scenarios.values import NamedPace
from mockglm.server.prompt_cache import count_cached_tokens, list_prefixes
from mockglm.surfaces import Surface
from mockglm.validation import Chat, Policy

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
        self.load = next((one.load for one in self.scenarios if one.load is not None), None)
        self.keys_listed = any(one.keys_listed for one in self.scenarios)
        self.models: Mapping[str, Model] = {
            id: model for one in self.scenarios for id, model in one.models.items()
        }
        self.as_of = next((one.as_of for one in self.scenarios if one.as_of is not None), None)
        self._unvalidated = _Patterns(self.interactions, validated=False)
        self._validated = _Patterns(self.interactions, validated=True)
        self.has_unvalidated: bool = not self._unvalidated.is_empty
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


MAX_SESSIONS = 10_000
MAX_QUEUED = 10_000
MAX_RULES = 10_000
MAX_PREFIXES = 100_000
MAX_ACCEPTED = 64
MAX_ACCEPTED_LENGTH = 256

OnMiss = Literal["improvise", "error", "record"]


class Settings(Struct, frozen=True, kw_only=True):
    """Settings shared by all sessions of a server, from the command line or the fixture.

    `accept` lists the accepted keys; None accepts any that is not empty. `speed` multiplies every
    pace, 0 sends at once; `latency` is the pace of replies that have none of their own. `on_miss`
    of None improvises if nothing is loaded, else refuses. With `has_language_model` a language
    model finds the words of improvised replies. `as_of` is the day whose form responses have, None
    the present one.
    """

    profile: Profile = "bigmodel"
    policy: Policy = "default"
    accept: frozenset[str] | None = None
    speed: float = 1.0
    latency: NamedPace = "model"
    on_miss: OnMiss | None = None
    seed: str = "mockglm"
    models: Mapping[str, Model] = field(default_factory=dict)
    has_language_model: bool = False
    as_of: date | None = None

    def language(self, accepted: str) -> Language:
        """Choose the language of error messages by the client's Accept-Language.

        open.bigmodel.cn is Chinese unless asked for English, api.z.ai English with no header at
        all (SamyRai/go-z-ai cassettes, 2026-07).
        """
        if self.profile == "zai" or accepted.lower().startswith("en"):
            return "en"
        return "zh"


class QueuedFaults(Struct, frozen=True):
    """Faults for one response, and where they were queued: a line of a test, or "".

    `written` is the JSON they were read from if they were queued through the control API.
    """

    faults: tuple[FaultSpec, ...]
    where: str = ""
    written: bytes = b""


class Session:
    """The state of one session; no other session can see it.

    `queue` holds one-shot replies and `rules` the interactions added at run time, which come before
    those of the playlist. `queued_faults` are used by one response each, `standing_faults` apply
    to every response. `keys` are the accepted keys, None accepts any. `accepted` are keys that
    were accepted and will be until the next load; `chat_handlers` are those that may answer a
    chat, None until they are looked for. `as_of` is the day whose form responses have. A journal is
    made unless one is given.
    """

    def __init__(
        self,
        name: str,
        playlist: Playlist,
        *,
        settings: Settings,
        clock: Clock,
        journal: Journal | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.clock = clock
        self.journal = Journal() if journal is None else journal
        self.queue: deque[Step] = deque()
        self.queued_faults: deque[QueuedFaults] = deque()
        self.standing_faults: tuple[FaultSpec, ...] = ()
        self._ids = IdSeries(settings.seed, name)
        self._standing: tuple[Interaction, ...] = ()
        self._rules: Playlist | None = None
        self._playlists: tuple[Playlist, ...] | None = None
        self.on_miss: OnMiss | None = settings.on_miss
        self.requests = 0
        self._prompt_prefixes: set[int] = set()
        self.load(playlist)

    def load(self, playlist: Playlist) -> None:
        """Replace the playlist and start all of its sequences, accounts and limits again."""
        self.playlist = playlist
        self._playlists = None
        self.chat_handlers: Sequence[Any] | None = None
        self.as_of = playlist.as_of or self.settings.as_of
        self.ledger = Ledger(
            playlist.accounts, playlist.overloads, self.clock.now(), load=playlist.load
        )
        self.keys = self._find_keys()
        self.accepted: set[str] = set()
        self._used: dict[Interaction, int] = {}
        self._drawn: Counter[Interaction] = Counter()

    def copy(self) -> Session:
        """Copy the session, to try a request that changes neither its state nor its journal."""
        other = Session(self.name, self.playlist, settings=self.settings, clock=self.clock)
        other.queue.extend(self.queue)
        other.set_rules(self._standing)
        other.on_miss, other.requests = self.on_miss, self.requests
        other.ledger = deepcopy(self.ledger)
        other._used, other._drawn = dict(self._used), Counter(self._drawn)
        return other

    def enqueue(self, steps: Iterable[Step]) -> None:
        """Queue one-shot replies, each as often as its `times`.

        Raises UsageError, and queues none of them, if the queue would become too long.
        """
        more = [(step, step.times or 1) for step in steps]
        if len(self.queue) + sum(times for _, times in more) > MAX_QUEUED:
            raise UsageError(f"at most {MAX_QUEUED} replies can be queued")
        self.queue.extend(chain.from_iterable(starmap(repeat, more)))

    def queue_faults(self, queued: QueuedFaults, times: int | None = 1) -> None:
        """Lay faults over the next responses, one after the other; with None over all from now on.

        Raises UsageError, and queues none of them, if there would be too many.
        """
        if times is None:
            count = len(self.standing_faults) + len(queued.faults)
            if count > MAX_FAULTS:
                raise UsageError(too_many(count))
            self.standing_faults += queued.faults
            return
        if len(self.queued_faults) + times > MAX_QUEUED:
            raise UsageError(f"faults for at most {MAX_QUEUED} responses can be queued")
        self.queued_faults.extend([queued] * times)

    def add(self, interactions: Iterable[Interaction]) -> None:
        """Add rules behind those that are there.

        Raises UsageError, and adds none of them, if there would be too many.
        """
        standing = (*self._standing, *interactions)
        if len(standing) > MAX_RULES:
            raise UsageError(f"at most {MAX_RULES} interactions can be added")
        self.set_rules(standing)

    def set_rules(self, interactions: Iterable[Interaction]) -> None:
        """Replace the rules; those that were there before keep their position in their sequence."""
        removed = set(self._standing).difference(interactions := tuple(interactions))
        self._standing = interactions
        self._rules = self._playlists = None
        self.chat_handlers = None
        for interaction in removed:
            self._used.pop(interaction, None)
            self._drawn.pop(interaction, None)

    @property
    def rules(self) -> Playlist:
        """The interactions added at run time, as a playlist."""
        if self._rules is None:
            rules = Scenario(name=self.name, path="", interactions=self._standing)
            self._rules = Playlist([rules])
        return self._rules

    @property
    def playlists(self) -> tuple[Playlist, ...]:
        """The playlists to search, in order."""
        if self._playlists is None:
            self._playlists = (self.rules, self.playlist) if self._standing else (self.playlist,)
        return self._playlists

    @property
    def has_files(self) -> bool:
        """True if there is any interaction, written or recorded."""
        return any(playlist.interactions for playlist in self.playlists)

    @property
    def has_recordings(self) -> bool:
        """True if there is any recorded interaction."""
        return self.playlist.has_recordings or bool(self._standing and self.rules.has_recordings)

    def accept(self, key: str) -> None:
        """Remember a key that will be accepted until the next load."""
        if len(key) > MAX_ACCEPTED_LENGTH:
            return
        if len(self.accepted) >= MAX_ACCEPTED:
            self.accepted.clear()
        self.accepted.add(key)

    def _find_keys(self) -> frozenset[str] | None:
        if self.settings.accept is None and (
            not self.playlist.keys_listed or self.ledger.takes_all
        ):
            return None
        return (self.settings.accept or frozenset()) | self.ledger.keys

    def model(self, id: str) -> Model | None:
        """Find a model by its id: of the command line, of a file, of the table."""
        return self.settings.models.get(id) or self.playlist.models.get(id) or MODELS.get(id)

    @property
    def listed(self) -> tuple[Model, ...]:
        """The models of `GET /models`: those the service lists and those added to this server."""
        listed = {id: model for id, model in MODELS.items() if model.is_listed}
        return tuple({**listed, **self.playlist.models, **self.settings.models}.values())

    @property
    def used_interactions(self) -> frozenset[Interaction]:
        """The interactions that have answered at least once."""
        return frozenset(one for one, count in self._used.items() if count)

    def use_count(self, interaction: Interaction) -> int:
        return self._used.get(interaction, 0)

    def peek(self, interaction: Interaction) -> Step | None:
        """Return the step an interaction would answer with next, None when it is used up."""
        return interaction.step(self.use_count(interaction))

    def is_exhausted(self, interaction: Interaction) -> bool:
        """True if only the last step is left, and it has been used before."""
        count, last = self.use_count(interaction), interaction.steps[-1]
        if not count or interaction.times is not None or last.times is not None:
            return False
        return interaction.step(count - 1) is interaction.step(count) is last

    def take_step(self, interaction: Interaction) -> tuple[Step | None, int]:
        """Advance an interaction; return its step, None when it is used up, and its uses."""
        count = self._used.get(interaction, 0)
        step = interaction.always or interaction.step(count)
        if step is not None:
            self._used[interaction] = count = count + 1
        return step, count

    def draw(self, interaction: Interaction) -> float:
        """Draw a number in [0, 1), determined by seed, session, interaction and number of draws."""
        self._drawn[interaction] += 1
        drawn = self._drawn[interaction]
        return Ids(self.settings.seed, self.name, drawn).chance(interaction.location)

    def remember(self, chat: Chat, prompt: int) -> int:
        """Remember a prompt's prefixes; return the number of its tokens the service would cache."""
        found = list_prefixes(chat)
        cached = count_cached_tokens(self._prompt_prefixes, found, prompt)
        if len(self._prompt_prefixes) > MAX_PREFIXES:
            self._prompt_prefixes.clear()
        self._prompt_prefixes.update(prefix.hash for prefix in found)
        return cached

    def ids(self) -> Ids:
        """Count the request and return the ids of its response."""
        self.requests += 1
        return self._ids.numbered(self.requests)


class Sessions:
    """All sessions of a server, made on first use; the least recently used one is dropped.

    All loaded scenarios play together in the session without a scenario name. Each loaded or
    shipped scenario also plays alone, in sessions with its name. Sessions are made of
    `session_type`.
    """

    def __init__(
        self,
        settings: Settings,
        loaded: Sequence[Scenario] = (),
        *,
        most: int = MAX_SESSIONS,
        session_type: type[Session] = Session,
    ) -> None:
        self.settings = settings
        self._session_type = session_type
        self._most = most
        self.budget = MemoryBudget()
        self.feed = EntryFeed()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self.load(loaded)

    def load(self, scenarios: Sequence[Scenario]) -> None:
        """Replace the loaded scenarios and restart every session; queues and journals stay.

        Sessions whose scenario no longer exists are dropped. If this raises, nothing has changed.
        """
        scenarios = tuple(scenarios)
        by_name = index_by_name(scenarios)
        playlists = {"": Playlist(scenarios)}
        gone = []
        for session in self:
            name = _scenario(session)
            try:
                playlists[name] = playlists.get(name) or Playlist([_find(name, by_name, scenarios)])
            except UsageError:
                gone.append(session.name)
        for name in gone:
            self.forget(name)
        self.loaded: Sequence[Scenario] = scenarios
        self.named: Mapping[str, Scenario] = by_name
        self._playlists: dict[str, Playlist] = playlists
        self._used: frozenset[Interaction] = frozenset()
        for session in self:
            session.load(playlists[_scenario(session)])

    def get(self, scenario: str = "", label: str = "") -> Session:
        """Return the session of a path. Raises UsageError for an unknown scenario."""
        name = f"{scenario}@{label}" if label else scenario
        session = self._sessions.get(name)
        if session is None:
            playlist = self._playlist(scenario)
            journal = Journal(self.budget, self.feed)
            session = self._session_type(
                name, playlist, settings=self.settings, clock=Clock(), journal=journal
            )
            session = self._sessions.setdefault(name, session)
            if len(self._sessions) > self._most:
                self.forget(next(iter(self._sessions)))
        else:
            self._sessions.move_to_end(name)
        return session

    def get_by_name(self, name: str) -> Session:
        """Return the session `SCENARIO@LABEL`. Raises UsageError for an unknown scenario."""
        scenario, _, label = name.partition("@")
        return self.get(scenario, label)

    def find_scenario(self, name: str) -> Scenario:
        """Find a loaded scenario, else a shipped one. Raises UsageError for an unknown name."""
        return _find(name, self.named, self.loaded)

    def find(self, name: str) -> Session | None:
        """Find a session that was used, by its name."""
        return self._sessions.get(name)

    def forget(self, name: str) -> bool:
        """Drop a session and its journal. Returns False if there was none of that name."""
        session = self._sessions.pop(name, None)
        if session is None:
            return False
        self._used |= session.used_interactions
        session.journal.clear()
        return True

    def clear(self) -> None:
        """Drop every session."""
        for name in tuple(self._sessions):
            self.forget(name)

    def unused(self) -> tuple[Interaction, ...]:
        """The loaded interactions that have not answered in any session, dropped ones included."""
        used = self._used.union(*(session.used_interactions for session in self))
        return tuple(one for one in self._playlists[""].interactions if one not in used)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def _playlist(self, scenario: str) -> Playlist:
        if scenario not in self._playlists:
            self._playlists[scenario] = Playlist([_find(scenario, self.named, self.loaded)])
        return self._playlists[scenario]


def _scenario(session: Session) -> str:
    """Return the scenario's name; empty for all loaded ones together."""
    return session.name.partition("@")[0]


def _find(name: str, loaded: Mapping[str, Scenario], all_loaded: Sequence[Scenario]) -> Scenario:
    """Find a loaded scenario by its unique name, else a shipped one. Raises UsageError."""
    if name in loaded:
        return loaded[name]
    if reason := unknown_name(name, all_loaded):
        raise UsageError(reason)
    paths = shipped_scenarios()
    if name in paths:
        return load(paths[name])
    near = nearest(name, (*loaded, *paths))
    hint = f"did you mean {near}?" if near else "`mockglm scenarios` lists them"
    raise UsageError(f"there is no scenario {name!r}; {hint}")
