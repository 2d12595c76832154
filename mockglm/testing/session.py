"""The session of one test, its unredacted journal, and the control of its clock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mockglm.clock import Clock
from mockglm.journal import Entry, EntryFeed, Journal
from mockglm.matching import When
from mockglm.scenarios import Interaction, Scenario
from mockglm.server import Playlist, Session, Sessions, Settings
from mockglm.testing.replies import CallbackErrors, ImprovisedReply

if TYPE_CHECKING:
    from mockglm.recorder import Recorder

MAX_ENTRIES = 10_000


class RecordingJournal(Journal):
    """A journal that also keeps its entries unredacted: the test's own client sent the requests.

    `entries` are the newest, oldest first; `unfinished` are those on their way, by ordinal;
    `concurrent` has, by ordinal, the ordinals of those on their way when a request came; `changed`
    is set whenever an entry comes or ends.
    """

    def __init__(self, feed: EntryFeed | None = None) -> None:
        super().__init__(feed=feed)
        self.entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self.unfinished: dict[int, Entry] = {}
        self.concurrent: dict[int, tuple[int, ...]] = {}
        self.changed = threading.Event()

    def add(self, entry: Entry) -> None:
        super().add(entry)
        unfinished = (one.ordinal for one in self.unfinished.values() if one.outcome == "open")
        self.concurrent[entry.ordinal] = tuple(unfinished)
        self.unfinished[entry.ordinal] = entry
        self.entries.append(entry)
        self.changed.set()

    def close(self, entry: Entry) -> None:
        super().close(entry)
        self.unfinished.pop(entry.ordinal, None)
        self.changed.set()


class TestSession(Session):
    """A session that belongs to one handle."""

    __test__ = False
    journal: RecordingJournal

    def __init__(self, label: str, settings: Settings, feed: EntryFeed | None = None) -> None:
        super().__init__(
            f"@{label}",
            Playlist(()),
            settings=settings,
            clock=Clock(),
            journal=RecordingJournal(feed),
        )
        self.label = label
        self.errors = CallbackErrors()
        self.recorder: Recorder | None = None
        self._fallback: tuple[Playlist, ...] = ()

    @property
    def playlists(self) -> tuple[Playlist, ...]:
        """The rules, the scenarios, and improvised replies if they were requested."""
        return (self.rules, self.playlist, *self._fallback)

    def improvise(self) -> None:
        """Improvise replies from now on where nothing else matches."""
        step = ImprovisedReply(session=self)
        any_request = Interaction(location="improvised", steps=(step,), when=When())
        self._fallback = (
            Playlist([Scenario(name="improvised", path="", interactions=(any_request,))]),
        )

    def record(self, recorder: Recorder) -> None:
        """Record from now on the requests that nothing matches."""
        self.recorder = recorder
        self.on_miss = "record"

    def carry_over(self, old: Interaction, new: Interaction) -> None:
        """Continue the count of an interaction in the one that replaces it."""
        self._used[new] = self._used.pop(old, 0)


class TestSessions(Sessions):
    """The sessions of a test server: those of tests by label, others as on any server."""

    __test__ = False

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.by_label: dict[str, TestSession] = {}

    def get(self, scenario: str = "", label: str = "") -> Session:
        session = None if scenario else self.by_label.get(label)
        return session or super().get(scenario, label)


class ClockControl:
    """Moves the session's clock; quotas, key expiry, ids and the client audit follow it.

    `call` runs every move in the server's loop.
    """

    def __init__(self, clock: Clock, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._clock = clock
        self._call = call

    def now(self) -> float:
        """The session's time in unix seconds."""
        return self._clock.now()

    def advance(self, seconds: float = 0.0, **units: float) -> None:
        """Move the clock forward, by seconds or the units of `timedelta`: `hours=5`, `days=7`."""
        total = timedelta(seconds=seconds, **units).total_seconds()
        self._call(lambda: self._clock.advance(total))

    def sleep(self, seconds: float) -> None:
        """Replace `time.sleep` in a client: return at once and move the clock instead.

        With `monkeypatch.setattr("my_client.time.sleep", glm.clock.sleep)` a test of retries takes
        no time, and the client audit still sees the back-off.
        """
        self.advance(max(seconds, 0.0))

    async def pause(self, seconds: float, result: object = None) -> object:
        """Replace `asyncio.sleep` in a client, as `sleep` replaces `time.sleep`."""
        self.sleep(seconds)
        return result
