"""The ASGI application: requests in, answers played, each in its session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from mockglm.exchange import Request
from mockglm.journal import Entry
from mockglm.limits import DEFAULT, Limits
from mockglm.player import CONNECTION, Connection, Player
from mockglm.server import Sessions, Visit, routes

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mockglm.recorder import Passed, Recorder

__all__ = ["App", "Log"]

Log = Callable[[Entry], None]

CONTROL = "/__mockglm__"
"""Below it is the control API."""

LONGEST_KEPT = 256
"""Characters of the longest header field, and of the longest path, that is kept as it was read."""

MOST_KEPT = 512
"""The most header fields that are kept as text."""


class App:
    """One server's application.

    `sessions` hold its state, `log` is told of each exchange; `token` opens the control API, None
    opens it to this machine only. `recorder` gives, by name, the recorder of a session that
    records. `limits` bound what its clients may send, and what is held of it.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        log: Log = lambda entry: None,
        token: str | None = None,
        recorder: Callable[[str], Recorder] | None = None,
        limits: Limits = DEFAULT,
    ) -> None:
        self.sessions = sessions
        self.limits = limits
        self._in_flight = 0
        self._recorder = recorder
        self.player = Player()
        self._log = log
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(CONTROL):
            await self._serve(scope, receive, send)
            return
        try:
            control = self._control
        except (ImportError, OSError) as error:
            # Without a file descriptor nothing can be imported; the next request tries again.
            await _unavailable(send, f"the control API cannot be loaded: {error}")
            return
        await control(scope, receive, send)

    @cached_property
    def _control(self) -> ASGIApp:
        """The control API, loaded when it is first asked for. Only it is routed by Starlette, whose
        middleware costs a tenth of an answer and whose import a fifth of the start."""
        from starlette.applications import Starlette
        from starlette.routing import Mount

        from mockglm.control import ControlAPI

        control = Mount(CONTROL, ControlAPI(self.sessions, self._token))
        return Starlette(routes=[control, Mount("/", self._serve)])

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = monotonic()
        wire = scope.get("extensions", {}).get(CONNECTION)
        read = await self._read(receive)
        if read is None:
            return
        body, held, unread = read
        try:
            visit = self._visit(scope, body, unread)
            if visit.entry.size > self.limits.small_answer + len(body):
                visit, held = self._hold_answer(visit, held)
            watch = _Watch(started, visit.entry)
            try:
                if visit.answer is None:
                    await self._forward(visit, send, watch, wire)
                else:
                    watch.close(await self.player.play(visit.answer, send, watch, wire))
            finally:
                watch.close(False)
                visit.close()
                self._log(visit.shown)
        finally:
            self._in_flight -= held

    async def _read(self, receive: Receive) -> tuple[bytes, int, routes.Unread | None] | None:
        """The body of a request, how many bytes of it are in flight now, and why it was not taken;
        None when the client left before its end."""
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body: bytes = message.get("body", b"")
            if len(body) <= self.limits.small_body:
                return body, 0, None
        return await self._collect(message, receive)

    async def _collect(
        self, message: Message, receive: Receive
    ) -> tuple[bytes, int, routes.Unread | None] | None:
        """As `_read`, of a body that is large or comes in pieces, from its first piece on. Of one
        that is not taken nothing is kept."""
        pieces: list[bytes] = []
        unread: routes.Unread | None = None
        size = 0
        try:
            while message["type"] == "http.request":
                piece = message.get("body", b"")
                size += len(piece)
                unread = self._why_not(size, len(piece)) or unread
                if unread:
                    self._in_flight -= sum(map(len, pieces))
                    pieces.clear()
                else:
                    self._in_flight += len(piece)
                    pieces.append(piece)
                if not message.get("more_body") or size > self.limits.discarded:
                    body = b"".join(pieces)
                    pieces.clear()
                    return body, len(body), unread
                message = await receive()
            return None
        finally:
            self._in_flight -= sum(map(len, pieces))

    def _why_not(self, size: int, more: int) -> routes.Unread | None:
        """Why a body of this size is not taken, of which so many bytes are new."""
        if size > self.limits.body:
            return "large"
        return "busy" if self._in_flight + more > self.limits.in_flight else None

    def _visit(self, scope: Scope, body: bytes, unread: routes.Unread | None) -> Visit:
        """Decide what a request gets, and have the journal know of it."""
        path = scope["path"]
        where = (routes.parse_route if len(path) <= LONGEST_KEPT else routes.read_route)(path)
        headers: Any = tuple(map(_KEPT.get, scope["headers"]))
        are_kept = None not in headers
        if not are_kept:
            headers = tuple(map(_header, scope["headers"]))
        query = scope["query_string"].decode("latin-1")
        request = Request(scope["method"], where.tail, query, headers, body)
        visit = routes.dispatch(self.sessions, where, request, unread)
        if not are_kept:
            visit.journal.recount(visit.entry)
        return visit

    def _hold_answer(self, visit: Visit, held: int) -> tuple[Visit, int]:
        """The visit, and the bytes in flight with its answer; where those are too many, it gets
        another answer."""
        size = visit.entry.size - len(visit.entry.request.body)
        if self._in_flight + size > self.limits.in_flight:
            return routes.crowd_out(visit), held
        self._in_flight += size
        return visit, held + size

    async def _forward(
        self, visit: Visit, send: Send, watch: _Watch, wire: Connection | None
    ) -> None:
        """Have the service answer, and the journal know of it before the client has the end."""
        assert self._recorder is not None, "a session that records has a recorder"
        request, recorder = visit.entry.request, self._recorder(visit.entry.session)

        def seen(passed: Passed) -> None:
            visit.record_response(passed.exchange, passed.notes)
            watch.on_first_chunk()
            watch.on_last_chunk()

        await recorder.forward(request, send, seen, wire)
        watch.close(wire is None or not wire.gone.done())


class _Watch(Struct):
    """Writes into an entry how far its answer is."""

    started: float
    entry: Entry
    is_closed: bool = False

    def on_first_chunk(self) -> None:
        if self.entry.first is None:
            self.entry.first = monotonic() - self.started

    def on_last_chunk(self) -> None:
        self.entry.total = monotonic() - self.started
        self.entry.outcome = "done" if self._is_whole() else "cut"

    def close(self, whole: bool) -> None:
        """Say how it ended, the first time it is called."""
        if self.is_closed:
            return
        self.is_closed = True
        if not whole and self._is_whole():
            self.entry.outcome = "gone"
        self.entry.total = self.entry.total or monotonic() - self.started

    def _is_whole(self) -> bool:
        return self.entry.response is None or self.entry.response.end == "done"


async def _unavailable(send: Send, reason: str) -> None:
    """Answer 503 in the words of the control API."""
    body = msgspec.json.encode({"error": reason})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


_KEPT: dict[tuple[bytes, bytes], tuple[str, str]] = {}
"""Header fields as text; a client sends the same ones with every request."""


def _header(pair: tuple[bytes, bytes]) -> tuple[str, str]:
    """A header field as text, kept if it is short."""
    field = _KEPT.get(pair)
    if field is not None:
        return field
    name, value = pair
    field = name.decode("latin-1"), value.decode("latin-1")
    if len(name) + len(value) <= LONGEST_KEPT:
        if len(_KEPT) >= MOST_KEPT:
            _KEPT.clear()
        _KEPT[pair] = field
    return field
