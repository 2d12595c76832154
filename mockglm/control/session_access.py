"""Access of the control API to sessions: those of this process, or those that processes share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from mockglm.journal import Entry, Journal
from mockglm.scenarios import Interaction
from mockglm.server import Session, Sessions

if TYPE_CHECKING:
    from mockglm.server.replica import Replica
    from mockglm.server.shared_session import SharedSession

T = TypeVar("T")


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

    async def read_journal(self, session: Session) -> Journal:
        return session.journal

    async def read_journals(self) -> list[Journal]:
        """Return the journals of all sessions."""
        return [session.journal for session in self._sessions]

    def order(self, entry: Entry) -> int:
        """Return a number that orders the entries of all sessions."""
        return entry.serial

    async def clear_journal(self, session: Session) -> None:
        session.journal.clear()

    async def count_uses(self, session: Session) -> Mapping[Interaction, int]:
        """Return uses of interactions that the session itself does not count."""
        return {}

    def watch(self) -> None:
        """Have the feed of the sessions show every exchange from now on."""


class SharedAccess(SessionAccess):
    """Access to sessions whose state is in a store."""

    def __init__(self, sessions: Sessions, replica: Replica) -> None:
        super().__init__(sessions)
        self._replica = replica

    async def use(self, session: Session, function: Callable[[Session], T]) -> T:
        return await self._replica.update(_shared(session), function)

    async def list_sessions(self) -> list[dict[str, Any]]:
        return [
            {"session": name, "requests": requests, "queued": queued}
            for name, requests, queued in await self._replica.list_sessions()
        ]

    async def forget(self, name: str) -> bool:
        self._sessions.forget(name)
        return await self._replica.forget(name)

    async def read_journal(self, session: Session) -> Journal:
        return await self._replica.read_journal(session.name)

    async def read_journals(self) -> list[Journal]:
        names = [name for name, _, _ in await self._replica.list_sessions()]
        return [await self._replica.read_journal(name) for name in names]

    def order(self, entry: Entry) -> int:
        # Processes number their entries apart, so that only times order those of all sessions.
        return int(entry.at * 1e4)

    async def clear_journal(self, session: Session) -> None:
        await self._replica.clear_journal(_shared(session))

    async def count_uses(self, session: Session) -> Mapping[Interaction, int]:
        return await self._replica.count_uses(_shared(session))

    def watch(self) -> None:
        self._replica.watch()


def _shared(session: Session) -> SharedSession:
    from mockglm.server.shared_session import SharedSession

    assert isinstance(session, SharedSession), "these sessions make shared ones"
    return session
