"""The journals of the workers of one machine, read as one: each asks the others for theirs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mockglm.exchange import Request
from mockglm.journal import Entry, EntryFilter, Journal
from mockglm.server.forwarding import ForwardedRequest
from mockglm.server.sessions import Sessions
from mockglm.server.shared_session import WorkerSession
from mockglm.server.siblings import TIMEOUT, Siblings
from mockglm.store import decode_notice, encode_record
from mockglm.store.state_folder import StateFolder

BACKLOG = 1000
"""Exchanges that wait for a worker that reads slowly."""

LOOK = 1.0
"""Seconds between two looks if anybody still listens to the exchanges of other workers."""

RETRY = 0.2
"""Seconds until a worker is followed again that has ended."""

Learned = tuple[tuple[str, int], ...]


class _ListQuestion(Struct, frozen=True, tag="list"):
    """The newest wanted entries of a session, or of all sessions if it is None."""

    session: str | None
    limit: int
    wanted: EntryFilter


class _EntryQuestion(Struct, frozen=True, tag="entry"):
    """One entry."""

    session: str
    ordinal: int


class _ClearQuestion(Struct, frozen=True, tag="clear"):
    """Empty a journal."""

    session: str


class _UsesQuestion(Struct, frozen=True, tag="uses"):
    """The uses of interactions that answer always."""

    session: str


class _FollowQuestion(Struct, frozen=True, tag="follow"):
    """All exchanges from now on."""


_Question = (
    _ListQuestion
    | _EntryQuestion
    | _ClearQuestion
    | _UsesQuestion
    | _FollowQuestion
    | ForwardedRequest
)


class _Part(Struct, frozen=True):
    """Summaries of a session's entries, and the keys that its worker has learned from requests.

    Keys are told so that each worker can redact what the others have; they never leave the sockets.
    """

    session: str
    learned: Learned
    rows: list[dict[str, Any]]


class _Found(Struct, frozen=True):
    """An entry, redacted and encoded as a record, and its request as it came."""

    learned: Learned
    record: bytes = b""
    request: Request | None = None


_QUESTION = msgspec.msgpack.Decoder(_Question)
_PARTS = msgspec.msgpack.Decoder(list[_Part])
_FOUND = msgspec.msgpack.Decoder(_Found)
_USES = msgspec.msgpack.Decoder(dict[str, int])
_COUNT = msgspec.msgpack.Decoder(int)
_encode = msgspec.msgpack.encode


class WorkerJournals:
    """The journals of all workers, as one of them reads them.

    `find` finds a session that was used in this process and was not dropped since, `play` decides a
    request for another worker. A worker that does not answer in time is left out, and `report` is
    called with a sentence.
    """

    def __init__(
        self,
        sessions: Sessions,
        folder: StateFolder,
        *,
        find: Callable[[str], WorkerSession | None],
        play: Callable[[ForwardedRequest], Awaitable[bytes]],
        report: Callable[[str], None],
    ) -> None:
        self._sessions = sessions
        self._find_session = find
        self._play = play
        self._feed = sessions.feed
        self.siblings = Siblings(folder.path, folder.index, self._answer, report=report)
        self._followed: dict[Path, asyncio.Task[None]] = {}
        self._followers = 0
        self._is_relaying = False
        self._look: asyncio.Task[None] | None = None

    async def summarize(
        self, session: str | None, limit: int, wanted: EntryFilter
    ) -> list[dict[str, Any]]:
        """Summarize the newest wanted entries of a session, or of all sessions, oldest first."""
        question = _encode(_ListQuestion(session, limit, wanted))
        answers = map(_PARTS.decode, await self.siblings.ask(question))
        rows = [row for parts in answers for part in parts for row in self._redact(part)]
        rows += (row for part in self._list(session, limit, wanted) for row in part.rows)
        rows.sort(key=itemgetter("ordinal") if session is not None else itemgetter("serial"))
        return rows[max(0, len(rows) - limit) :]

    async def find_entry(self, session: str, ordinal: int) -> tuple[Entry, Request] | None:
        """Find an entry: redacted, and its request as it came, which is never to be shown."""
        answers = await self.siblings.ask(_encode(_EntryQuestion(session, ordinal)))
        own = self._find(session, ordinal)
        found = [_FOUND.decode(answer) for answer in answers]
        journal = self._journal(session)
        for one in found:
            journal.learn_all(one.learned)
        for one in (own, *found):
            entry = decode_notice(one.record) if one.record else None
            if entry is not None and one.request is not None:
                return journal.redact_entry(entry), one.request
        return None

    async def clear(self, session: str) -> int:
        """Empty a journal; return the number of its entries."""
        answers = await self.siblings.ask(_encode(_ClearQuestion(session)))
        return self._clear(session) + sum(map(_COUNT.decode, answers))

    async def count_uses(self, session: str) -> Counter[str]:
        """Count the uses of interactions that answer always, by their names."""
        uses = Counter(self._count_uses(session))
        for answer in await self.siblings.ask(_encode(_UsesQuestion(session))):
            uses.update(_USES.decode(answer))
        return uses

    async def watch(self) -> None:
        """Publish the exchanges of all workers to the feed, while anybody listens to it."""
        started: list[asyncio.Task[bool]] = []
        for path in self.siblings.list_others():
            task = self._followed.get(path)
            if task is None or task.done():
                is_followed = asyncio.Event()
                self._followed[path] = asyncio.create_task(self._follow(path, is_followed))
                started.append(asyncio.create_task(is_followed.wait()))
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._end_when_unheard())
        if started:
            _, waiting = await asyncio.wait(started, timeout=TIMEOUT)
            for one in waiting:
                one.cancel()

    async def run(self) -> None:
        """Answer the other workers until cancelled."""
        try:
            await self.siblings.run()
        finally:
            self._stop()

    async def close(self) -> None:
        self._stop()
        await self.siblings.close()

    async def _answer(self, message: bytes) -> bytes | AsyncIterator[bytes]:
        question = _QUESTION.decode(message)
        match question:
            case _ListQuestion(session, limit, wanted):
                return _encode(list(self._list(session, limit, wanted)))
            case _EntryQuestion(session, ordinal):
                return _encode(self._find(session, ordinal))
            case _ClearQuestion(session):
                return _encode(self._clear(session))
            case _UsesQuestion(session):
                return _encode(self._count_uses(session))
            case _FollowQuestion():
                return self._list_exchanges()
            case ForwardedRequest():
                return await self._play(question)

    def _list(self, session: str | None, limit: int, wanted: EntryFilter) -> Iterator[_Part]:
        """Summarize the newest wanted entries of this worker, oldest first."""
        names = [one.name for one in self._sessions] if session is None else [session]
        known = filter(None, map(self._find_session, names))
        found = [
            (entry.moment, entry, one)
            for one in known
            for entry in one.journal.find_newest(limit, _filter(wanted))
        ]
        found.sort(key=itemgetter(0))
        rows: dict[str, list[dict[str, Any]]] = {}
        for moment, entry, one in found[max(0, len(found) - limit) :]:
            row = {**one.journal.summarize(entry), "serial": moment}
            rows.setdefault(one.name, []).append(row)
        for name, summaries in rows.items():
            yield _Part(name, self._journal(name).learned, summaries)

    def _redact(self, part: _Part) -> Iterator[dict[str, Any]]:
        """Redact the keys that this worker knows and the other did not."""
        journal = self._journal(part.session)
        journal.learn_all(part.learned)
        if not set(journal.learned) - set(part.learned):
            return iter(part.rows)
        return (journal.redact_summary(row) for row in part.rows)

    def _find(self, session: str, ordinal: int) -> _Found:
        one = self._find_session(session)
        if one is None:
            return _Found(())
        entry, request = one.journal.get(ordinal), one.journal.get_request(ordinal)
        if entry is None:
            return _Found(one.journal.learned)
        return _Found(one.journal.learned, encode_record(entry, longest=None), request)

    def _clear(self, session: str) -> int:
        one = self._find_session(session)
        if one is None:
            return 0
        dropped = len(one.journal)
        one.journal.clear()
        return dropped

    def _count_uses(self, session: str) -> dict[str, int]:
        one = self._find_session(session)
        return dict(one.tally) if one else {}

    def _journal(self, session: str) -> Journal:
        return self._sessions.get_by_name(session).journal

    async def _list_exchanges(self) -> AsyncIterator[bytes]:
        """Yield the exchanges of this worker from now on; a slow reader misses the oldest."""
        entries: asyncio.Queue[Entry] = asyncio.Queue(BACKLOG)

        def put(entry: Entry) -> None:
            if self._is_relaying:
                return
            if entries.full():
                entries.get_nowait()
            entries.put_nowait(entry)

        unsubscribe = self._feed.subscribe(put)
        self._followers += 1
        try:
            yield b""
            while True:
                yield encode_record(await entries.get())
        finally:
            self._followers -= 1
            unsubscribe()

    async def _follow(self, path: Path, is_followed: asyncio.Event) -> None:
        question = _encode(_FollowQuestion())
        while True:
            with suppress(OSError):
                async for record in self.siblings.follow(path, question):
                    is_followed.set()
                    self._relay(record)
            is_followed.set()
            await asyncio.sleep(RETRY)

    def _relay(self, record: bytes) -> None:
        entry = decode_notice(record) if record else None
        if entry is None:
            return
        self._journal(entry.session)  # the session by which it will be summarized
        self._is_relaying = True
        try:
            self._feed.publish(entry)
        finally:
            self._is_relaying = False

    async def _end_when_unheard(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            if self._feed.count <= self._followers:
                for task in self._followed.values():
                    task.cancel()
                self._followed.clear()
                return

    def _stop(self) -> None:
        for task in (*self._followed.values(), *([self._look] if self._look else ())):
            task.cancel()
        self._followed.clear()


def _filter(wanted: EntryFilter) -> Callable[[Entry], bool]:
    return lambda entry: wanted.matches(entry, entry.moment)
