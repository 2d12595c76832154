"""A replica: one of several processes that handle the requests of shared sessions."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import Literal, TypeVar
from uuid import uuid4

from mockglm.completions import MISS_HEADER
from mockglm.errors import (
    MockGLMError,
    ScenariosDifferError,
    StoreError,
    UnreadableStateError,
)
from mockglm.exchange import APIError, Request, Response
from mockglm.journal import Entry, Journal, Source
from mockglm.scenarios import Interaction
from mockglm.server.context import RequestContext, release_nothing
from mockglm.server.pipeline import handle
from mockglm.server.responses import respond_with_error
from mockglm.server.routes import FindHandlers, Route, Unread, dispatch
from mockglm.server.sessions import Sessions
from mockglm.server.shared_session import SharedSession, digest_scenarios
from mockglm.store import (
    Change,
    Loaded,
    Store,
    count_queued,
    decode_journal,
    decode_notice,
    encode_record,
)

MAX_ATTEMPTS = 200
"""Attempts to commit a request, while other replicas change the same session."""

MAX_PAUSE = 0.004
"""Seconds of the longest pause before another attempt."""

BREAK = 0.1
"""Seconds after a failure of the store in which it is not tried again."""

PATIENCE = 1.5
"""Seconds in which a replica that serves other files than declared may load the same."""

UNAVAILABLE = 503

MAX_UNREADABLE = 100
"""Sessions with something that cannot be read that are reported."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Replica:
    """Decides requests in sessions whose state is in a store.

    `sessions` make sessions of the class SharedSession. `report` is called with a sentence when the
    store is away, and when it is back.
    """

    decides_at_once: Literal[False] = False
    """A request waits for the store."""

    def __init__(
        self, sessions: Sessions, store: Store, *, report: Callable[[str], None] = log.warning
    ) -> None:
        self.sessions = sessions
        self.store = store
        self._report = report
        self._failure = ""
        self._failed_at = 0.0
        self._unreadable: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._is_closed = False

    async def decide(
        self,
        route: Route,
        request: Request,
        *,
        unread: Unread | None = None,
        started: float | None = None,
        find_handlers: FindHandlers | None = None,
    ) -> RequestContext:
        """Decide the response to a request; it is 503, marked as mockglm's, without the store."""
        session = self._find_session(route)
        decide = partial(
            dispatch,
            self.sessions,
            route,
            request,
            unread=unread,
            started=started,
            find_handlers=find_handlers,
        )
        try:
            if not session.is_contended:
                return await self._decide(session, decide)
            async with session.lock:
                return await self._decide(session, decide)
        except StoreError as error:
            if isinstance(error, UnreadableStateError):
                self._note_unreadable("the state", session.name)
            return respond_unavailable(session, route, request, reason=str(error), started=started)

    async def update(self, session: SharedSession, function: Callable[[SharedSession], T]) -> T:
        """Call a function with a session as all processes see it, and keep what it changes."""
        async with session.lock:
            loaded = await self._load(session, counts=False)
            for _ in range(MAX_ATTEMPTS):
                loaded = await self._catch_up(session, loaded)
                session.begin(loaded.slots)
                result = function(session)
                state = session.end(is_request=False)
                if state is None:
                    return result
                change = Change(expected=session.version, state=state)
                conflict = await self._commit(session, change)
                if conflict is None:
                    return result
                loaded = conflict
        raise StoreError("too many other changes of this session")

    def get(self, scenario: str, label: str = "") -> SharedSession:
        """Return a session; its state is that of its last use in this process."""
        session = self.sessions.get(scenario, label)
        assert isinstance(session, SharedSession), "these sessions make shared ones"
        return session

    async def read_journal(self, name: str) -> Journal:
        """Return the journal of all processes, as of now."""
        await self.flush()
        journal = Journal()
        records = await self._guard(self.store.read_journal(name))
        for entry in decode_journal(records, partial(self._note_unreadable, "a record", name)):
            journal.add(entry)
        return journal

    async def list_sessions(self) -> list[tuple[str, int, int]]:
        """List the sessions of all processes: name, requests, queued replies."""
        await self.flush()
        rows = await self._guard(self.store.list_sessions())
        return [(name, count, count_queued(state)) for name, count, state in rows]

    async def forget(self, name: str) -> bool:
        """Drop a session of all processes. Returns False if there was none."""
        await self.flush()
        return await self._guard(self.store.forget(name))

    async def clear_journal(self, session: SharedSession) -> None:
        await self.flush()
        await self._guard(self.store.clear_journal(session.name))

    async def count_uses(self, session: SharedSession) -> dict[Interaction, int]:
        """Return the uses of interactions that answer always, which are no part of the state."""
        uses = await self._guard(self.store.count_uses(session.name))
        return {one: uses[name] for name, one in session.find_interactions() if name in uses}

    def adopt_scenarios(self) -> None:
        """Use only states of the scenarios that were loaded last."""
        self.store.digest = digest_scenarios(self.sessions.loaded)

    async def declare_scenarios(self) -> None:
        """Declare the scenarios that were loaded last as those that all replicas have to serve."""
        await self._guard(self.store.publish_digest())

    async def check(self) -> str:
        """Return the reason why no request can be decided, "" if there is none."""
        try:
            declared = await self._guard(self.store.read_digest())
        except StoreError as error:
            return f"the store is away: {error}"
        own = self.store.digest
        return "" if declared in ("", own) else str(ScenariosDifferError(own, declared))

    def watch(self) -> None:
        """Publish the exchanges of all processes to the feed, from now on."""
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Wait for what is still to be written, and close the store."""
        self._is_closed = True
        if self._watcher is not None:
            self._watcher.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self.store.close()

    async def flush(self) -> None:
        """Wait until the ends of all exchanges of this process are written."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _find_session(self, route: Route) -> SharedSession:
        try:
            return self.get(route.scenario, route.label)
        except MockGLMError:
            return self.get("")  # it answers that there is no such scenario

    async def _decide(
        self, session: SharedSession, decide: Callable[[], RequestContext]
    ) -> RequestContext:
        loaded = await self._load(session, counts=True)
        ordinal = loaded.ordinal
        for attempt in range(MAX_ATTEMPTS):
            loaded = await self._catch_up(session, loaded)
            session.begin(loaded.slots)
            session.requests = ordinal - 1
            context = decide()
            change = self._describe_change(session, context)
            session.is_contended = change.state is not None
            conflict = await self._commit(session, change)
            if conflict is None:
                self._prepare_end(session, context, change.slot_id)
                return context
            session.undo()
            loaded = conflict
            await asyncio.sleep(random.random() * MAX_PAUSE * min(attempt / 10, 1))
        raise StoreError("too many other changes of this session")

    def _describe_change(self, session: SharedSession, context: RequestContext) -> Change:
        taken = session.ledger.taken
        if is_instant(context.response):
            context.complete()
            taken = None
        # A slot is taken against the version, so that no other process takes it, too.
        state = session.end(is_forced=taken is not None)
        entry = session.journal.redact_entry(context.entry)
        return Change(
            expected=session.version,
            state=state,
            slot_id=uuid4().hex if taken else "",
            slot=taken,
            record=encode_record(entry),
            uses=session.uses,
        )

    def _prepare_end(self, session: SharedSession, context: RequestContext, slot_id: str) -> None:
        """Have the end of a response written when it has been sent."""
        context.release = release_nothing
        if not slot_id and is_instant(context.response):
            return

        def end() -> None:
            context.release = release_nothing
            entry = session.journal.redact_entry(context.entry)
            task = asyncio.create_task(self._finish(session.name, slot_id, entry))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        context.release = end

    async def _finish(self, name: str, slot_id: str, entry: Entry) -> None:
        record, notice = encode_record(entry, is_end=True), encode_record(entry)
        try:
            await self._guard(
                self.store.finish(name, slot_id=slot_id, record=record, notice=notice)
            )
        except StoreError:
            return  # the lease of the slot ends by itself

    async def _load(self, session: SharedSession, *, counts: bool) -> Loaded:
        if self._failure and monotonic() - self._failed_at < BREAK:
            raise StoreError(self._failure)
        deadline = monotonic() + PATIENCE
        while True:
            call = self.store.load(session.name, session.version, counts=counts)
            try:
                loaded = await self._guard(call)
                break
            except ScenariosDifferError:
                # After a change of the files, all replicas have the same soon.
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(PATIENCE / 20)
        session.accept_state(loaded.version, loaded.state)
        return loaded

    async def _catch_up(self, session: SharedSession, loaded: Loaded) -> Loaded:
        """Load a session again if another request of this process has changed it since.

        Slots are those of the version that was loaded, and must not be used with another one.
        """
        while loaded.version != session.version:
            loaded = await self._load(session, counts=False)
        return loaded

    async def _commit(self, session: SharedSession, change: Change) -> Loaded | None:
        """Commit a change; return the session as it is in the store if it is another version."""
        found = await self._guard(self.store.commit(session.name, change))
        if isinstance(found, Loaded):
            session.accept_state(found.version, found.state)
            return found
        if change.state is not None:
            session.accept_state(found, change.state)
        return None

    async def _guard(self, call: Awaitable[T]) -> T:
        """Await an operation of the store; report when it begins to fail, and when it is back."""
        try:
            result = await call
        except ScenariosDifferError:
            raise
        except StoreError as error:
            self._failed_at = monotonic()
            if not self._failure:
                self._report(f"mockglm: the store is away, requests get 503: {error}")
            self._failure = str(error)
            raise
        if self._failure:
            self._failure = ""
            self._report("mockglm: the store is back")
        return result

    def _note_unreadable(self, part: str, session: str) -> None:
        """Report once what cannot be read; it was damaged, or another version wrote it."""
        if (part, session) in self._unreadable or len(self._unreadable) >= MAX_UNREADABLE:
            return
        self._unreadable.add((part, session))
        self._report(f"mockglm: {part} of session {session!r} cannot be read")

    async def _watch(self) -> None:
        # A time-out within the client can hide that the task was cancelled.
        while not self._is_closed:
            try:
                async for notice in self.store.watch():
                    self._publish(decode_notice(notice))
            except StoreError:
                await asyncio.sleep(1.0)

    def _publish(self, entry: Entry | None) -> None:
        if entry is not None:
            self.sessions.feed.publish(entry)


def respond_unavailable(
    session: SharedSession, route: Route, request: Request, *, reason: str, started: float | None
) -> RequestContext:
    """Answer a request by 503, marked as mockglm's."""
    return handle(
        session,
        request,
        (partial(_unavailable, reason),),
        surface=route.surface,
        base=route.base,
        started=started,
    )


def _unavailable(reason: str, context: RequestContext) -> Response:
    context.source = Source.MISS
    message = f"mockglm: the state of sessions cannot be used: {reason}"
    error = APIError(str(UNAVAILABLE), status=UNAVAILABLE, message=message)
    return respond_with_error(context, error, ((MISS_HEADER, "1"),))


def is_instant(response: Response | None) -> bool:
    """True if a response is sent whole at once."""
    if response is None or response.head != 0 or response.end != "done":
        return False
    return not response.chunks or not response.chunks[-1][0]
