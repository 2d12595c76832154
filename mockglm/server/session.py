"""One session: the state of its sequences, queue, rules, accounts, clock and journal."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from itertools import chain, repeat, starmap

from mockglm.accounts import Ledger
from mockglm.clock import Clock, Ids
from mockglm.errors import UsageError
from mockglm.improvise import cached_tokens, prefixes
from mockglm.journal import Journal
from mockglm.models import MODELS, Model
from mockglm.scenarios import Interaction, Scenario, Step
from mockglm.server.context import Asked
from mockglm.server.playlist import Playlist
from mockglm.server.responses import Played
from mockglm.server.settings import OnMiss, Settings
from mockglm.validation import Chat

__all__ = ["Session"]

LONGEST_QUEUE = 10_000
MOST_RULES = 10_000
MOST_SEEN = 100_000
"""Prefixes of prompts that a session keeps, for the tokens the service would have cached."""


class Session:
    """State of its own: what one client did is unknown to the next session.

    `queue` holds one-shot replies, `rules` standing interactions that come before the stage's,
    `journal` what was asked; one of its own unless given.
    """

    def __init__(
        self,
        name: str,
        stage: Playlist,
        settings: Settings,
        clock: Clock,
        journal: Journal | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.clock = clock
        self.journal = Journal() if journal is None else journal
        self.queue: deque[Step] = deque()
        self._standing: tuple[Interaction, ...] = ()
        self._rules: Playlist | None = None
        self.on_miss: OnMiss | None = settings.on_miss
        self.requests = 0
        self._prompt_prefixes: set[bytes] = set()
        self.load(stage)

    def load(self, stage: Playlist) -> None:
        """Play from now on what is on that stage, from its beginning."""
        self.playlist = stage
        self.ledger = Ledger(stage.accounts, stage.overloads, self.clock.now())
        self._used: Counter[int] = Counter()
        self._drawn: Counter[int] = Counter()

    def enqueue(self, steps: Iterable[Step]) -> None:
        """Queue one-shot replies, each as often as its `times`. Raises UsageError, and queues none
        of them, where they are too many."""
        more = [(step, step.times or 1) for step in steps]
        if len(self.queue) + sum(times for _, times in more) > LONGEST_QUEUE:
            raise UsageError(f"at most {LONGEST_QUEUE} replies can be queued")
        self.queue.extend(chain.from_iterable(starmap(repeat, more)))

    def add(self, interactions: Iterable[Interaction]) -> None:
        """Have more standing interactions; those added first come first. Raises UsageError, and
        adds none of them, where they are too many."""
        standing = (*self._standing, *interactions)
        if len(standing) > MOST_RULES:
            raise UsageError(f"at most {MOST_RULES} interactions can stand")
        self.set_rules(standing)

    def set_rules(self, interactions: Iterable[Interaction]) -> None:
        """Have these standing interactions and no others; those that stood go on."""
        before, self._standing = self._standing, tuple(interactions)
        self._rules = None
        staying = {id(one) for one in self._standing}
        for gone in (id(one) for one in before if id(one) not in staying):
            # Another interaction may come to be where this one was.
            self._used.pop(gone, None)
            self._drawn.pop(gone, None)

    @property
    def rules(self) -> Playlist:
        """The standing interactions, made ready when they are first asked."""
        if self._rules is None:
            alone = Scenario(name=self.name, path="", interactions=self._standing)
            self._rules = Playlist([alone])
        return self._rules

    @property
    def playlists(self) -> tuple[Playlist, ...]:
        """What plays here, in the order it is asked."""
        return (self.rules, self.playlist) if self._standing else (self.playlist,)

    @property
    def has_files(self) -> bool:
        """Whether anything plays here that somebody wrote or recorded."""
        return any(stage.interactions for stage in self.playlists)

    @property
    def has_recordings(self) -> bool:
        """Whether a recorded request is among what plays here."""
        return self.playlist.has_recordings or bool(self._standing and self.rules.has_recordings)

    @property
    def keys(self) -> frozenset[str] | None:
        """The keys that are let in; None for any."""
        if self.settings.accept is None and (
            not self.playlist.keys_listed or self.ledger.takes_all
        ):
            return None
        return (self.settings.accept or frozenset()) | self.ledger.keys

    def model(self, id: str) -> Model | None:
        """A model by its id: as the command line, a file or the table has it."""
        return self.settings.models.get(id) or self.playlist.models.get(id) or MODELS.get(id)

    @property
    def listed(self) -> tuple[Model, ...]:
        """The models `GET /models` names: those the service lists, and what was added here."""
        listed = {id: model for id, model in MODELS.items() if model.is_listed}
        return tuple({**listed, **self.playlist.models, **self.settings.models}.values())

    @property
    def used_interactions(self) -> frozenset[int]:
        """The identities of the interactions that have answered here."""
        return frozenset(one for one, count in self._used.items() if count)

    def use_count(self, interaction: Interaction) -> int:
        """How often an interaction has answered here."""
        return self._used[id(interaction)]

    def peek(self, interaction: Interaction) -> Step | None:
        """The step an interaction would answer with; None when it is used up."""
        return interaction.step(self.use_count(interaction))

    def is_exhausted(self, interaction: Interaction) -> bool:
        """Whether all that an interaction would still say is its last step, again and again."""
        count, last = self.use_count(interaction), interaction.steps[-1]
        if not count or interaction.times is not None or last.times is not None:
            return False
        return interaction.step(count - 1) is interaction.step(count) is last

    def take_step(self, interaction: Interaction) -> Step | None:
        """Take the next step of an interaction."""
        step = self.peek(interaction)
        if step is not None:
            self._used[id(interaction)] += 1
        return step

    def draw(self, interaction: Interaction) -> float:
        """A number in [0, 1) from seed, session, interaction and how often it was asked for."""
        self._drawn[id(interaction)] += 1
        drawn = self._drawn[id(interaction)]
        return Ids(self.settings.seed, self.name, drawn).chance(interaction.location)

    def remember(self, chat: Chat, prompt: int) -> int:
        """Keep the prefixes of a prompt; how many of its tokens were in one seen before."""
        found = prefixes(chat)
        cached = cached_tokens(self._prompt_prefixes, found, prompt)
        if len(self._prompt_prefixes) > MOST_SEEN:
            self._prompt_prefixes.clear()
        self._prompt_prefixes.update(prefix.digest for prefix in found)
        return cached

    def apply_faults(self, played: Played, asked: Asked) -> Played:
        """The answer as it goes out, whatever it comes from; who owns a session may break it."""
        return played

    def ids(self) -> Ids:
        """The ids of the next answer."""
        self.requests += 1
        return Ids(self.settings.seed, self.name, self.requests)
