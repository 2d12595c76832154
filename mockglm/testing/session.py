"""The session of one test, its unredacted journal, and the control of its clock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mockglm.clock import Clock
from mockglm.faults import FaultSpec
from mockglm.journal import Entry, Feed, Journal, Source
from mockglm.matching import When
from mockglm.scenarios import Interaction, Scenario
from mockglm.server import Asked, Played, Playlist, Session, Sessions, Settings, apply_url_faults
from mockglm.testing.replies import CallbackErrors, ImprovisedReply

if TYPE_CHECKING:
    from mockglm.recorder import Recorder

MOST_ENTRIES = 10_000


class RecordingJournal(Journal):
    """A journal that also keeps its entries unredacted: the test's own client sent the requests.

    `entries` are the newest, oldest first; `unfinished` are those on their way, by ordinal;
    `concurrent` has, by ordinal, the ordinals of those on their way when a request came; `changed`
    is set whenever an entry comes or ends.
    """

    def __init__(self, feed: Feed | None = None) -> None:
        super().__init__(feed=feed)
        self.entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
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


class QueuedFaults(Struct, frozen=True):
    """Faults for one response, and the line of the test that queued them."""

    faults: tuple[FaultSpec, ...]
    where: str


class TestSession(Session):
    """A session that belongs to one handle.

    `queued_faults` are used one by one, each by one response; `standing_faults` apply to all.
    """

    __test__ = False
    journal: RecordingJournal

    def __init__(self, label: str, settings: Settings, feed: Feed | None = None) -> None:
        super().__init__(f"@{label}", Playlist(()), settings, Clock(), RecordingJournal(feed))
        self.label = label
        self.errors = CallbackErrors()
        self.queued_faults: deque[QueuedFaults] = deque()
        self.standing_faults: tuple[FaultSpec, ...] = ()
        self.recorder: Recorder | None = None
        self._fallback: tuple[Playlist, ...] = ()

    @property
    def stages(self) -> tuple[Playlist, ...]:
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
        self._used[id(new)] = self._used.pop(id(old), 0)

    def strike(self, played: Played, asked: Asked) -> Played:
        """Apply the faults that are due, whether the response is a reply, a refusal or a 404.

        Queued faults that this response cannot have, such as faults of streams on an error, wait
        for the next one.
        """
        played = apply_url_faults(played, self.standing_faults, asked)
        if not self.queued_faults or played.source is Source.MISS:
            return played
        struck = apply_url_faults(played, self.queued_faults[0].faults, asked)
        is_unchanged = struck.answer is played.answer
        if not is_unchanged or struck.notes == played.notes:
            self.queued_faults.popleft()
        return struck


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
