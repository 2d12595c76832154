"""All sessions of a server, by what their path names; the least recently used goes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence

from mockglm.clock import Clock
from mockglm.errors import UsageError, nearest
from mockglm.journal import Feed, Journal, MemoryBudget
from mockglm.scenarios import (
    Interaction,
    Scenario,
    index_by_name,
    load,
    shipped_scenarios,
    unknown_name,
)
from mockglm.server.playlist import Playlist
from mockglm.server.session import Session
from mockglm.server.settings import Settings

__all__ = ["Sessions"]

MOST = 10_000


class Sessions:
    """Makes a session when it is first asked for.

    `loaded` plays at the root; of `shipped`, and of what is loaded, each plays alone under its
    name.
    """

    def __init__(
        self,
        settings: Settings,
        loaded: Sequence[Scenario] = (),
        *,
        most: int = MOST,
    ) -> None:
        self.settings = settings
        self._most = most
        self._budget = MemoryBudget()
        self.feed = Feed()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self.load(loaded)

    def load(self, scenarios: Sequence[Scenario]) -> None:
        """Play these from now on; every session begins anew, queues and journals stay. Sessions
        whose scenario is gone go with it. Where this raises, all is as it was."""
        scenarios = tuple(scenarios)
        by_name = index_by_name(scenarios)
        stages = {"": Playlist(scenarios)}
        gone = []
        for session in self:
            name = _scenario(session)
            try:
                stages[name] = stages.get(name) or Playlist([_find(name, by_name, scenarios)])
            except UsageError:
                gone.append(session.name)
        for name in gone:
            self.forget(name)
        self.loaded: Sequence[Scenario] = scenarios
        self.named: Mapping[str, Scenario] = by_name
        self._stages: dict[str, Playlist] = stages
        self._answered: frozenset[int] = frozenset()
        for session in self:
            session.load(stages[_scenario(session)])

    def get(self, scenario: str = "", label: str = "") -> Session:
        """The session of a path. Raises UsageError for a scenario that is not there."""
        name = f"{scenario}@{label}" if label else scenario
        session = self._sessions.get(name)
        if session is None:
            stage = self._stage(scenario)
            journal = Journal(self._budget, self.feed)
            session = Session(name, stage, self.settings, Clock(), journal)
            session = self._sessions.setdefault(name, session)
            if len(self._sessions) > self._most:
                self.forget(next(iter(self._sessions)))
        else:
            self._sessions.move_to_end(name)
        return session

    def forget(self, name: str) -> bool:
        """Drop a session with all it holds; whether there was one."""
        session = self._sessions.pop(name, None)
        if session is None:
            return False
        self._answered |= session.used_interactions
        session.journal.clear()
        return True

    def clear(self) -> None:
        """Drop every session."""
        for name in tuple(self._sessions):
            self.forget(name)

    def unused(self) -> tuple[Interaction, ...]:
        """What is loaded and has answered in no session since, forgotten ones included."""
        answered = self._answered.union(*(session.used_interactions for session in self))
        return tuple(one for one in self._stages[""].interactions if id(one) not in answered)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def _stage(self, scenario: str) -> Playlist:
        if scenario not in self._stages:
            self._stages[scenario] = Playlist([_find(scenario, self.named, self.loaded)])
        return self._stages[scenario]


def _scenario(session: Session) -> str:
    """The name of the scenario that plays in a session; empty for all that is loaded."""
    return session.name.partition("@")[0]


def _find(name: str, loaded: Mapping[str, Scenario], all_loaded: Sequence[Scenario]) -> Scenario:
    """A scenario that is loaded, by the name that is its alone, or shipped. Raises UsageError for
    one that is neither."""
    if name in loaded:
        return loaded[name]
    if reason := unknown_name(name, all_loaded):
        raise UsageError(reason)
    paths = shipped_scenarios()
    if name in paths:
        return load(paths[name])
    near = nearest(name, (*loaded, *paths))
    hint = f"did you mean {near}?" if near else "`mockglm scenarios` lists them"
    raise UsageError(f"no scenario is called {name!r}; {hint}")
