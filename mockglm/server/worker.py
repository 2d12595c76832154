"""A worker: one of several processes of one machine that handle the requests of shared sessions.

States are in files that all workers map, so that a request whose session nobody else has changed
costs little more than in a single process, and is decided without waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from time import monotonic
from typing import Literal, TypeVar

import msgspec

from mockglm.errors import MockGLMError, ScenariosDifferError, StoreError
from mockglm.exchange import Request
from mockglm.server.context import RequestContext, release_nothing
from mockglm.server.forwarding import (
    KEEPER,
    ForwardedRequest,
    accept_response,
    encode_response,
)
from mockglm.server.replica import PATIENCE, is_instant, respond_unavailable
from mockglm.server.routes import (
    UNKNOWN,
    FindHandlers,
    Route,
    Unread,
    dispatch,
    format_route,
    parse_route,
)
from mockglm.server.sessions import Session, Sessions
from mockglm.server.shared_session import WorkerSession, digest_scenarios
from mockglm.server.worker_journals import WorkerJournals
from mockglm.store import count_queued
from mockglm.store.interface import HeldSlot
from mockglm.store.session_file import DELETED, HELD, Payload, SessionFile
from mockglm.store.state_folder import StateFolder

TIMEOUT = 2.0
"""Seconds that a request waits for a session that another worker holds and does not change."""

MAX_WAIT = 60.0
"""Seconds that it waits while others change the session again and again."""

PAUSE = 0.02
"""Seconds between two attempts of a request that waits."""

MAX_FAILING = 100
"""Sessions whose failure is reported at a time."""

T = TypeVar("T")

Decide = Callable[[], RequestContext]


class Worker:
    """Decides requests in sessions whose state is in a folder.

    `sessions` make sessions of the class WorkerSession. `report` is called with a sentence when a
    session cannot be used, and when it can again. `find_handlers` and `keeps_state` are set to the
    functions of the endpoints beside chats.
    """

    decides_at_once: Literal[True] = True
    """Requests need not wait for the store, unless another process holds their session."""

    def __init__(
        self, sessions: Sessions, folder: StateFolder, *, report: Callable[[str], None]
    ) -> None:
        self.sessions = sessions
        self.folder = folder
        self._report = report
        self._failing: set[str] = set()
        self._numbers = count()
        self._is_closed = False
        self.find_handlers: FindHandlers = lambda route, method: None
        self.keeps_state: Callable[[Route], bool] = lambda route: False
        self.journals = WorkerJournals(
            sessions, folder, find=self._find_current, play=self._play, report=report
        )

    def dispatch(
        self,
        sessions: Sessions,
        route: Route,
        request: Request,
        *,
        unread: Unread | None = None,
        started: float | None = None,
        find_handlers: FindHandlers | None = None,
    ) -> RequestContext:
        """Handle a request at once, as `routes.dispatch` does.

        Raises StoreError if its session cannot be used now, or if another worker has to answer:
        `decide` waits for that.
        """
        if self._is_kept_elsewhere(route) and unread is None:
            raise StoreError("another worker answers this request")

        decide = partial(
            dispatch,
            sessions,
            route,
            request,
            unread=unread,
            started=started,
            find_handlers=find_handlers,
        )
        try:
            return self._decide(self._find_session(route), decide)
        except OSError as error:
            raise StoreError(str(error)) from error

    async def decide(
        self,
        route: Route,
        request: Request,
        *,
        unread: Unread | None = None,
        started: float | None = None,
        find_handlers: FindHandlers | None = None,
    ) -> RequestContext:
        """Decide the response to a request; it is 503, marked as mockglm's, without its session."""
        began = monotonic()
        decide = partial(
            self.dispatch,
            self.sessions,
            route,
            request,
            unread=unread,
            started=started,
            find_handlers=find_handlers,
        )
        has_tried = False
        while True:
            try:
                if self._is_kept_elsewhere(route) and unread is None:
                    return await self._forward(route, request, started or began)
                return await self._decide_alone(route, decide) if has_tried else decide()
            except StoreError as error:
                failure = error
            has_tried = True
            if monotonic() - began > (PATIENCE if _is_other_files(failure) else TIMEOUT):
                break
            await asyncio.sleep(PAUSE)
        session = self._find_session(route)
        self._note_failure(session.name, failure)
        context = respond_unavailable(session, route, request, reason=str(failure), started=started)
        session.journal.withdraw(context.entry)
        return context

    async def update(self, session: Session, function: Callable[[WorkerSession], T]) -> T:
        """Call a function with a session as all processes see it, and keep what it changes."""
        async with self._locked(session.name) as (current, file):
            self._read(current, file)
            current.begin(self.folder.list_slots(current.slots))
            result = function(current)
            state = current.end(is_request=False)
            if state is not None:
                self._write(current, file, state)
            self._note_success(current.name)
            return result

    async def list_sessions(self) -> list[tuple[str, int, int]]:
        """List the sessions of all processes: name, requests, queued replies."""
        try:
            found = await asyncio.to_thread(self.folder.list_sessions)
        except OSError as error:
            raise StoreError(str(error)) from error
        return [(one.name, requests, count_queued(one.state)) for requests, one in found]

    def forget(self, name: str) -> bool:
        """Drop a session of all processes. Returns False if there was none.

        The others notice when they use it next.
        """
        self.sessions.forget(name)
        try:
            return self.folder.delete(name)
        except OSError as error:
            raise StoreError(str(error)) from error

    def _find_current(self, name: str) -> WorkerSession | None:
        """Find a session that was used in this process, and was not dropped by another since."""
        session = self.sessions.find(name)
        if session is None:
            return None
        try:
            return self._open(session)[0]
        except (StoreError, OSError):
            return _own(session)

    def adopt_scenarios(self) -> None:
        """Use only states of the scenarios that were loaded last."""
        self.folder.digest = digest_scenarios(self.sessions.loaded)

    def declare_scenarios(self) -> None:
        """Declare the scenarios that were loaded last as those that all workers have to serve."""
        self.folder.publish_digest()

    async def check(self) -> str:
        """Return the reason why no request can be decided, "" if there is none."""
        try:
            self.folder.check_digest()
        except ScenariosDifferError as error:
            return str(error)
        return ""

    async def close(self) -> None:
        self._is_closed = True
        await self.journals.close()
        self.folder.close()

    def _is_kept_elsewhere(self, route: Route) -> bool:
        """True for an endpoint whose files and tasks another worker has."""
        is_other = route.post_kind in UNKNOWN and self.folder.index != KEEPER
        return is_other and self.keeps_state(route)

    async def _forward(self, route: Route, request: Request, started: float) -> RequestContext:
        """Have the worker that has the files and tasks answer."""
        question = msgspec.msgpack.encode(ForwardedRequest(format_route(route), request))
        answer = await self.journals.siblings.ask_one(KEEPER, question)
        session = self._find_session(route)
        return accept_response(answer, session, route, request=request, started=started)

    async def _play(self, asked: ForwardedRequest) -> bytes:
        """Decide a request for another worker, which sends the response."""
        route = parse_route(asked.path)
        context = await self.decide(route, asked.request, find_handlers=self.find_handlers)
        answer = encode_response(context)
        context.complete()
        context.finish()
        return answer

    def _find_session(self, route: Route) -> WorkerSession:
        try:
            return _own(self.sessions.get(route.scenario, route.label))
        except MockGLMError:
            return _own(self.sessions.get(""))  # it answers that there is no such scenario

    async def _decide_alone(self, route: Route, decide: Decide) -> RequestContext:
        """Wait for the session of a request, and decide it while no other process can change it.

        To decide it first and to find that the session has changed would take too long, again and
        again, where many want the session.
        """
        async with self._locked(self._find_session(route).name) as (session, file):
            if not session.counted:
                session.counted.append(file.count_locked())
            return decide()

    def _decide(self, session: WorkerSession, decide: Decide) -> RequestContext:
        self.folder.check_digest()
        session, file = self._open(session)
        if session.counted:
            serial, ordinal = file.serial, session.counted.pop()
        else:
            serial, ordinal = file.count()
        try:
            return self._decide_counted(session, file, decide, serial=serial, ordinal=ordinal)
        except (StoreError, OSError):
            session.counted.append(ordinal)
            raise

    def _decide_counted(
        self,
        session: WorkerSession,
        file: SessionFile,
        decide: Decide,
        *,
        serial: int,
        ordinal: int,
    ) -> RequestContext:
        folder = self.folder
        if serial != session.serial:
            with file.locked():
                self._read(session, file)
        session.begin(folder.list_slots(session.slots) if session.slots else ())
        session.requests = ordinal - 1
        context = decide()
        context.release = release_nothing  # slots are restored before each request
        state = session.end()
        if state is not None or _taken_slot(session, context) is not None:
            context = self._commit(session, file, context, decide=decide, state=state)
        if self._failing:
            self._note_success(session.name)
        for name in session.uses:
            session.tally[name] += 1
        return context

    def _commit(
        self,
        session: WorkerSession,
        file: SessionFile,
        context: RequestContext,
        *,
        decide: Decide,
        state: bytes | None,
    ) -> RequestContext:
        """Write what a request changed; it is decided again if another process was faster."""
        ordinal = session.requests
        try:
            with file.locked():
                if file.serial != session.serial:
                    self._withdraw(session, context)
                    self._read(session, file)
                    session.begin(self.folder.list_slots(session.slots))
                    session.requests = ordinal - 1
                    context = decide()
                    state = session.end()
                slot = _taken_slot(session, context)
                held = self._hold(session, slot)
                if held or state is not None:
                    self._write(session, file, state)
        except (StoreError, OSError):
            self._withdraw(session, context)
            raise
        context.release = partial(self._release, session.name, held) if held else release_nothing
        return context

    def _hold(self, session: WorkerSession, slot: tuple[str, str] | None) -> HeldSlot | None:
        if slot is None:
            return None
        held = (self.folder.index, self.folder.generation, next(self._numbers), *slot)
        session.slots = [*session.slots, held]
        return held

    def _withdraw(self, session: WorkerSession, context: RequestContext) -> None:
        """Undo a request that is decided again, or that could not be committed."""
        session.undo()
        session.serial = 0
        session.journal.withdraw(context.entry)
        context.release = release_nothing

    def _release(self, name: str, held: HeldSlot) -> None:
        """Give a slot back; if another process holds the session, as soon as it does not."""
        if self._is_closed:
            return
        try:
            file = self.folder.open(name)
            with file.locked():
                _, payload = file.read()
                if held in payload.slots:
                    payload.slots.remove(held)
                    file.write(payload)
        except (StoreError, OSError):
            asyncio.get_running_loop().call_later(PAUSE, self._release, name, held)

    def _open(self, session: Session) -> tuple[WorkerSession, SessionFile]:
        """Open the file of a session; if it was dropped meanwhile, of a new session."""
        file = self.folder.open(session.name)
        current = _own(session)
        if current.incarnation != file.incarnation:
            if current.incarnation:
                self.sessions.forget(session.name)
                current = _own(self.sessions.get_by_name(session.name))
            current.incarnation, current.serial = file.incarnation, 0
        return current, file

    def _read(self, session: WorkerSession, file: SessionFile) -> None:
        """Read the payload of a locked file."""
        serial, payload = file.read()
        session.accept_state(b"", payload.state)
        session.serial, session.slots = serial, payload.slots

    def _write(self, session: WorkerSession, file: SessionFile, state: bytes | None) -> None:
        """Write the payload of a locked file; without the slots of processes that died."""
        alive = self.folder.drop_dead(session.slots)
        payload = Payload(session.name, session.state if state is None else state, alive)
        session.serial = file.write(payload)
        session.slots = alive
        session.accept_state(b"", payload.state)

    @asynccontextmanager
    async def _locked(self, name: str) -> AsyncIterator[tuple[WorkerSession, SessionFile]]:
        """Lock a session, waiting for a bounded time."""
        began = changed = monotonic()
        seen: tuple[int, int] | None = None
        failure = StoreError(HELD)
        while True:
            try:
                session, file, is_locked = self._try_lock(name)
                if is_locked:
                    break
                if seen != (seen := (file.serial, file.requests)):
                    changed = monotonic()
            except (StoreError, OSError) as error:
                failure = StoreError(str(error))
            now = monotonic()
            if now - changed > TIMEOUT or now - began > MAX_WAIT:
                self._note_failure(name, failure)
                raise failure
            await asyncio.sleep(PAUSE)
        try:
            yield session, file
        except OSError as error:
            raise StoreError(str(error)) from error
        finally:
            file.unlock()

    def _try_lock(self, name: str) -> tuple[WorkerSession, SessionFile, bool]:
        """Open a session and try to lock its file, unless it is dropped just now."""
        session, file = self._open(self.sessions.get_by_name(name))
        is_locked = file.try_lock()
        if is_locked and file.serial == DELETED:
            file.unlock()
            is_locked = False
        return session, file, is_locked

    def _note_failure(self, name: str, failure: StoreError) -> None:
        if _is_other_files(failure) or name in self._failing or len(self._failing) >= MAX_FAILING:
            return
        self._failing.add(name)
        self._report(f"mockglm: session {name!r} cannot be used, its requests get 503: {failure}")

    def _note_success(self, name: str) -> None:
        if name in self._failing:
            self._failing.remove(name)
            self._report(f"mockglm: session {name!r} can be used again")


def _own(session: Session) -> WorkerSession:
    assert isinstance(session, WorkerSession), "these sessions are those of a worker"
    return session


def _taken_slot(session: WorkerSession, context: RequestContext) -> tuple[str, str] | None:
    """The slot that a request holds while its response is sent, None if that is sent at once."""
    taken = session.ledger.taken
    return None if taken is None or is_instant(context.response) else taken


def _is_other_files(failure: StoreError) -> bool:
    return isinstance(failure, ScenariosDifferError)
