"""A session that several processes share: its state is taken out after a request and put back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, groupby, repeat
from typing import Any

import msgspec
from msgspec.structs import replace

from mockglm import faults
from mockglm._version import __version__
from mockglm.accounts import SharedLedger
from mockglm.errors import MockGLMError, UnreadableStateError
from mockglm.faults import FaultSpec
from mockglm.journal import Journal
from mockglm.scenarios import Interaction, Scenario, Step, parse_interaction
from mockglm.server.prompt_cache import list_prefixes
from mockglm.server.sessions import Playlist, QueuedFaults, Session
from mockglm.store import LedgerState, SessionState, decode_state, encode_state
from mockglm.store.interface import HeldSlot
from mockglm.validation import Chat


class SharedSession(Session):
    """A session whose state is `restore`d before a request, and `capture`d after it.

    Replies, rules and faults that are added at run time must have `written`, the JSON they were
    read from. `state` is the state that was last known to be in the store, with its `version`; both
    are empty for a session that the store does not have. `is_contended` is True while requests
    change more than the journal: they then wait for one another, by `lock`, for the store would
    accept only one of them.
    """

    ledger: SharedLedger
    _held: bytes | None = None
    _digest = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._names: dict[Interaction, str] = {}
        self._next_rule = 0
        self._standing_written: list[QueuedFaults] = []
        self._new_prefixes: set[int] = set()
        self.uses: list[str] = []
        self._may_differ = False
        self.state = self.version = b""
        self.is_contended = False
        self.lock = asyncio.Lock()
        super().__init__(*arguments, **options)
        # The journal of all processes is in the store.
        self.journal = Journal(self.journal.budget, max_entries=0)

    def load(self, playlist: Playlist) -> None:
        super().load(playlist)
        self.ledger = self._open_ledger()
        self.keys = self._find_keys()
        self._digest = digest_scenarios(playlist.scenarios)
        self._held = None
        self._file_names = {one: f"f{index}" for index, one in enumerate(playlist.interactions)}

    def set_rules(self, interactions: Iterable[Interaction]) -> None:
        super().set_rules(interactions := tuple(interactions))
        names = {one: self._names.get(one) for one in interactions}
        for one, name in names.items():
            if name is None:
                names[one], self._next_rule = f"r{self._next_rule}", self._next_rule + 1
        self._names = {one: name for one, name in names.items() if name}

    def queue_faults(self, queued: QueuedFaults, times: int | None = 1) -> None:
        super().queue_faults(queued, times)
        if times is None:
            self._standing_written.append(queued)

    def take_step(self, interaction: Interaction) -> tuple[Step | None, int]:
        """Advance an interaction; one that answers always without a count is tallied apart."""
        if interaction.always is None or interaction.always.template is not None:
            self._may_differ = True
            return super().take_step(interaction)
        self.uses.append(self._name(interaction))
        return interaction.always, 1

    def draw(self, interaction: Interaction) -> float:
        self._may_differ = True
        return super().draw(interaction)

    def remember(self, chat: Chat, prompt: int) -> int:
        found = {prefix.hash for prefix in list_prefixes(chat)}
        self._new_prefixes = found - self._prompt_prefixes
        return super().remember(chat, prompt)

    def accept_state(self, version: bytes, state: bytes | None) -> None:
        """Learn what the store has; a state of None is the one that is known."""
        if state is not None:
            self.version, self.state = version, state

    def begin(self, slots: Sequence[tuple[str, str]]) -> None:
        """Go on from the state in the store, whatever was done since and not committed."""
        if self._held != self.state:
            try:
                self._restore(self.state)
            except (MockGLMError, LookupError, ValueError) as error:
                raise UnreadableStateError(error) from error
        self._held = None
        if self.ledger.is_open:
            self._may_differ = bool(self.queue or self.queued_faults)
        else:
            self.ledger.restore_slots(slots)
            self.ledger.taken = None
            self._may_differ = True
        if self.uses:
            self.uses = []
        if self._new_prefixes:
            self._new_prefixes = set()

    def undo(self) -> None:
        """Forget what a request did that has to be decided again, as far as it is not state."""
        self._prompt_prefixes -= self._new_prefixes

    def end(self, *, is_forced: bool = False, is_request: bool = True) -> bytes | None:
        """Return the state if it has changed, or anyway if `is_forced`; None otherwise.

        A request changes only what it takes; an operation of the control API can change anything.
        """
        if is_request and not is_forced and not self._may_differ:
            self._held = self.state
            return None
        state = encode_state(self._capture())
        is_same = state == self.state or (not self.state and self._is_initial())
        if is_same and not is_forced:
            self._held = self.state
            return None
        self._held = state
        return state

    def find_interactions(self) -> Iterator[tuple[str, Interaction]]:
        """All interactions, those added at run time included, with their names in the store."""
        names = chain(self._file_names.items(), self._names.items())
        return ((name, interaction) for interaction, name in names)

    def _open_ledger(self) -> SharedLedger:
        playlist, now = self.playlist, self.clock.now()
        return SharedLedger(playlist.accounts, playlist.overloads, now, load=playlist.load)

    def _name(self, interaction: Interaction) -> str:
        return self._file_names.get(interaction) or self._names[interaction]

    def _is_initial(self) -> bool:
        return self.ledger.is_open and not (
            self._used
            or self._drawn
            or self.queue
            or self._names
            or self.queued_faults
            or self.standing_faults
            or self.clock.offset
        )

    def _capture(self) -> SessionState:
        standing = self._standing_written if self.standing_faults else []
        return SessionState(
            digest=self._digest,
            used={self._name(one): count for one, count in self._used.items() if count},
            drawn={self._name(one): count for one, count in self._drawn.items()},
            queue=_count_runs(step.written for step in self.queue),
            rules=[(name, one.written) for one, name in self._names.items()],
            next_rule=self._next_rule,
            faults=_count_runs(one.written for one in self.queued_faults),
            standing=[one.written for one in standing],
            offset=self.clock.offset,
            ledger=None if self.ledger.is_open else LedgerState(*self.ledger.capture()),
        )

    def _restore(self, data: bytes) -> None:
        state = decode_state(data) if data else SessionState(self._digest)
        known = {name: one for one, name in self._names.items()}
        rules = {
            name: known.get(name) or _parse_rule(name, written) for name, written in state.rules
        }
        self._names = {one: name for name, one in rules.items()}
        self._next_rule = state.next_rule
        if tuple(self._names) != self._standing:
            super().set_rules(self._names)
        self.queue.clear()
        self.queue.extend(_repeat((_parse_reply(text), times) for text, times in state.queue))
        self.queued_faults.clear()
        self.queued_faults.extend(
            _repeat((_parse_faults(text), times) for text, times in state.faults)
        )
        self._standing_written = [_parse_faults(text) for text in state.standing]
        standing = (one.faults for one in self._standing_written)
        self.standing_faults: tuple[FaultSpec, ...] = tuple(chain.from_iterable(standing))
        self.clock.offset = state.offset
        self._restore_counts(state)

    def _restore_counts(self, state: SessionState) -> None:
        """Restore counts and accounts; those of other files begin again, as after a reload."""
        self._used.clear()
        self._drawn.clear()
        ledger = state.ledger
        if state.digest != self._digest or (ledger is None and not self.ledger.is_open):
            self.ledger = self._open_ledger()
            return
        by_name = dict(self.find_interactions())
        self._used.update({by_name[name]: count for name, count in state.used.items()})
        self._drawn.update({by_name[name]: count for name, count in state.drawn.items()})
        if ledger is not None:
            self.ledger.restore((ledger.began, ledger.windows, ledger.left))


class WorkerSession(SharedSession):
    """A session that the workers of one machine share. Each has the journal of its own requests.

    `serial` and `slots` are those of the payload that was read last, `incarnation` is that of its
    file. `tally` counts the uses of interactions that answer always, by their names. `counted` are
    the ordinals of requests that could not be decided yet: the next ones take them.
    """

    def __init__(self, *arguments: Any, journal: Journal, **options: Any) -> None:
        self.serial = 0
        self.incarnation = b""
        self.slots: list[HeldSlot] = []
        self.tally: Counter[str] = Counter()
        self.counted: list[int] = []
        super().__init__(*arguments, journal=journal, **options)
        self.journal = journal

    def load(self, playlist: Playlist) -> None:
        super().load(playlist)
        self.tally.clear()


def digest_scenarios(scenarios: Iterable[Scenario]) -> str:
    """Digest what a process serves: the version of mockglm, and names and texts of files."""
    found = blake2b(__version__.encode(), digest_size=16)
    for one in scenarios:
        found.update(f"\0{one.name}\0{one.digest}".encode())
    return found.hexdigest()


def _count_runs(written: Iterable[bytes]) -> list[tuple[bytes, int]]:
    return [(text, sum(1 for _ in run)) for text, run in groupby(written)]


def _repeat(pairs: Iterable[tuple[Any, int]]) -> Iterator[Any]:
    return chain.from_iterable(repeat(one, times) for one, times in pairs)


@lru_cache(maxsize=1024)
def _parse_reply(written: bytes) -> Step:
    interaction = parse_interaction({"reply": msgspec.json.decode(written)}, "body")
    return replace(interaction.steps[0], written=written)


def _parse_rule(name: str, written: bytes) -> Interaction:
    return replace(parse_interaction(msgspec.json.decode(written), "body"), written=written)


@lru_cache(maxsize=1024)
def _parse_faults(written: bytes) -> QueuedFaults:
    return QueuedFaults(faults.parse(msgspec.json.decode(written)), written=written)
