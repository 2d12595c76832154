"""All sessions of a server, by what their path names; the least recently used goes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from mockglm.clock import Clock
from mockglm.errors import UsageError
from mockglm.journal import Budget
from mockglm.scenario import Interaction, Scenario, load, shipped
from mockglm.session.session import Session
from mockglm.session.settings import Settings
from mockglm.session.stage import Stage

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
        self._budget = Budget()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self.load(loaded)

    def load(self, scenarios: Sequence[Scenario]) -> None:
        """Play these from now on; every session begins anew, queues and journals stay."""
        self.loaded: Mapping[str, Scenario] = {one.name: one for one in scenarios}
        self._root = Stage(scenarios)
        self._stages: dict[str, Stage] = {"": self._root}
        for session in self._sessions.values():
            session.play(self._stage(session.name.partition("@")[0]))

    def get(self, scenario: str = "", label: str = "") -> Session:
        """The session of a path. Raises UsageError for a scenario that is not there."""
        name = f"{scenario}@{label}" if label else scenario
        session = self._sessions.get(name)
        if session is None:
            stage = self._stage(scenario)
            session = Session(name, stage, self.settings, Clock(), self._budget)
            session = self._sessions.setdefault(name, session)
            if len(self._sessions) > self._most:
                self._sessions.popitem(last=False)[1].journal.clear()
        else:
            self._sessions.move_to_end(name)
        return session

    def forget(self, name: str) -> bool:
        """Drop a session with all it holds; whether there was one."""
        session = self._sessions.pop(name, None)
        if session is not None:
            session.journal.clear()
        return session is not None

    def clear(self) -> None:
        """Drop every session."""
        for name in tuple(self._sessions):
            self.forget(name)

    def unused(self) -> tuple[Interaction, ...]:
        """What is loaded and has answered in no session since."""
        used = {
            id(one) for session in self for one in session.stage.interactions if session.used(one)
        }
        return tuple(one for one in self._root.interactions if id(one) not in used)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def _stage(self, scenario: str) -> Stage:
        if scenario not in self._stages:
            self._stages[scenario] = Stage([self._find(scenario)])
        return self._stages[scenario]

    def _find(self, name: str) -> Scenario:
        if name in self.loaded:
            return self.loaded[name]
        paths = shipped()
        if name in paths:
            return load(paths[name])
        raise UsageError(self._unknown(name, (*self.loaded, *paths)))

    def _unknown(self, name: str, known: Sequence[str]) -> str:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`mockglm scenarios` lists them"
        return f"no scenario is called {name!r}; {hint}"
