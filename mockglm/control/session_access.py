"""Access of the control API to sessions: those of this process, or those that processes share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from mockglm.exchange import Request
from mockglm.journal import Entry, EntryFilter, Journal
from mockglm.scenarios import Interaction
from mockglm.server import Session, Sessions

if TYPE_CHECKING:
    from mockglm.server.replica import Replica
    from mockglm.server.shared_session import SharedSession
    from mockglm.server.worker import Worker

T = TypeVar("T")


def open_access(sessions: Sessions, replica: Replica | Worker | None) -> SessionAccess:
    """Return the access to sessions of this process, or those that a replica or worker shares."""
    if replica is None:
        return SessionAccess(sessions)
    from mockglm.server.replica import Replica

    if isinstance(replica, Replica):
        return SharedAccess(sessions, replica)
    return WorkerAccess(sessions, replica)


class SessionAccess:
    """Access to the sessions of this process."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def use(self, session: Session, function: Callable[[Session], T]) -> T:
        """Call a function that reads or changes a session, and return its result."""
        return function(session)

    async def list_sessions(self) -> list[dict[str, Any]]:
        """List the sessions, each with its numbers of requests and of queued replies."""
        return [
            {"session": one.name, "requests": one.requests, "queued": len(one.queue)}
            for one in self._sessions
        ]

    async def forget(self, name: str) -> bool:
        """Drop a session. Returns False if there was none."""
        return self._sessions.forget(name)

    async def summarize(
        self, session: Session | None, limit: int, wanted: EntryFilter
    ) -> list[dict[str, Any]]:
        """Summarize the newest wanted entries of a session, or of all sessions, oldest first."""
        journals = await self._read_journals(session)
        found = [
            (self.order(entry), number, entry, journal)
            for number, journal in enumerate(journals)
            for entry in journal.find_newest(
                limit, lambda one: wanted.matches(one, self.order(one))
            )
        ]
        if session is None:
            # Chosen before they are summarized, which costs far more.
            found.sort(key=itemgetter(0, 1))
        return [
            {**journal.summarize(entry), "serial": order}
            for order, _, entry, journal in found[max(0, len(found) - limit) :]
        ]

    async def find_entry(self, session: Session, ordinal: int) -> tuple[Entry, Request] | None:
        """Find an entry: redacted, and its request as it came, which is never to be shown."""
        (journal,) = await self._read_journals(session)
        entry = journal.get(ordinal)
        if entry is None:
            return None
        return entry, journal.get_request(ordinal) or entry.request

    async def clear_journal(self, session: Session) -> int:
        """Empty a journal; return the number of its entries."""
        dropped = len(session.journal)
        session.journal.clear()
        return dropped

    def order(self, entry: Entry) -> int:
        """Return a number that orders the entries of all sessions."""
        return entry.serial

    async def count_uses(self, session: Session) -> Mapping[Interaction, int]:
        """Return uses of interactions that the session itself does not count."""
        return {}

    async def watch(self) -> None:
        """Have the feed of the sessions show every exchange from now on."""

    async def _read_journals(self, session: Session | None) -> Sequence[Journal]:
        """Return the journal of a session, or those of all."""
        return [one.journal for one in (self._sessions if session is None else [session])]


class SharedAccess(SessionAccess):
    """Access to sessions whose state is in a store."""

    def __init__(self, sessions: Sessions, replica: Replica) -> None:
        super().__init__(sessions)
        self._replica = replica

    async def use(self, session: Session, function: Callable[[Session], T]) -> T:
        return await self._replica.update(_shared(session), function)

    async def list_sessions(self) -> list[dict[str, Any]]:
        return _describe(await self._replica.list_sessions())

    async def forget(self, name: str) -> bool:
        self._sessions.forget(name)
        return await self._replica.forget(name)

    def order(self, entry: Entry) -> int:
        # Processes number their entries apart, so that only times order those of all sessions.
        return entry.moment

    async def clear_journal(self, session: Session) -> int:
        (journal,) = await self._read_journals(session)
        await self._replica.clear_journal(_shared(session))
        return len(journal)

    async def count_uses(self, session: Session) -> Mapping[Interaction, int]:
        return await self._replica.count_uses(_shared(session))

    async def watch(self) -> None:
        self._replica.watch()

    async def _read_journals(self, session: Session | None) -> Sequence[Journal]:
        if session is not None:
            return [await self._replica.read_journal(session.name)]
        names = [name for name, _, _ in await self._replica.list_sessions()]
        return [await self._replica.read_journal(name) for name in names]


class WorkerAccess(SessionAccess):
    """Access to sessions that the workers of one machine share."""

    def __init__(self, sessions: Sessions, worker: Worker) -> None:
        super().__init__(sessions)
        self._worker = worker

    async def use(self, session: Session, function: Callable[[Session], T]) -> T:
        return await self._worker.update(session, function)

    async def list_sessions(self) -> list[dict[str, Any]]:
        return _describe(await self._worker.list_sessions())

    async def forget(self, name: str) -> bool:
        return self._worker.forget(name)

    async def summarize(
        self, session: Session | None, limit: int, wanted: EntryFilter
    ) -> list[dict[str, Any]]:
        name = None if session is None else session.name
        return await self._worker.journals.summarize(name, limit, wanted)

    async def find_entry(self, session: Session, ordinal: int) -> tuple[Entry, Request] | None:
        return await self._worker.journals.find_entry(session.name, ordinal)

    async def clear_journal(self, session: Session) -> int:
        return await self._worker.journals.clear(session.name)

    def order(self, entry: Entry) -> int:
        return entry.moment

    async def count_uses(self, session: Session) -> Mapping[Interaction, int]:
        uses = await self._worker.journals.count_uses(session.name)
        return {
            one: uses[name] for name, one in _shared(session).find_interactions() if name in uses
        }

    async def watch(self) -> None:
        await self._worker.journals.watch()


def _describe(rows: Iterable[tuple[str, int, int]]) -> list[dict[str, Any]]:
    return [
        {"session": name, "requests": requests, "queued": queued} for name, requests, queued in rows
    ]


def _shared(session: Session) -> SharedSession:
    from mockglm.server.shared_session import SharedSession

    assert isinstance(session, SharedSession), "these sessions make shared ones"
    return session
