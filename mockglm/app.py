"""The ASGI application: requests in, answers played, each in its session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from time import monotonic
from typing import TYPE_CHECKING

from msgspec import Struct

from mockglm.exchange import Request
from mockglm.journal import Entry
from mockglm.player import CONNECTION, Connection, Player
from mockglm.server import Sessions, Visit, routes

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mockglm.recorder import Passed, Recorder

__all__ = ["App", "Log"]

Log = Callable[[Entry], None]

CONTROL = "/__mockglm__"
"""Below it is the control API."""

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes of a request's body beyond which it is refused; the service takes at least 3.9 MB."""

MOST_READ = 16 * LARGEST_BODY
"""Bytes that are read of a body all the same, for who is still sending does not read an answer."""


class App:
    """One server's application.

    `sessions` hold its state, `log` is told of each exchange; `token` opens the control API, None
    opens it to this machine only. `recorder` gives, by name, the recorder of a session that
    records.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        log: Log = lambda entry: None,
        token: str | None = None,
        recorder: Callable[[str], Recorder] | None = None,
    ) -> None:
        self.sessions = sessions
        self._recorder = recorder
        self.player = Player()
        self._log = log
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_control = scope["path"].startswith(CONTROL)
        await (self._control if is_control else self._serve)(scope, receive, send)

    @cached_property
    def _control(self) -> ASGIApp:
        """The control API. Only it is routed by Starlette, whose middleware costs a tenth of an
        answer and whose import a fifth of the start."""
        from starlette.applications import Starlette
        from starlette.routing import Mount

        from mockglm.control import ControlAPI

        control = Mount(CONTROL, ControlAPI(self.sessions, self._token))
        return Starlette(routes=[control, Mount("/", self._serve)])

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = monotonic()
        wire = scope.get("extensions", {}).get(CONNECTION)
        read = await _read(receive)
        if read is None:
            return
        body, size = read
        where = routes.parse_route(scope["path"])
        request = _request(scope, where.tail, body)
        visit = routes.dispatch(self.sessions, where, request, is_whole=size <= LARGEST_BODY)
        watch = _Watch(started, visit.entry)
        try:
            if visit.response is None:
                await self._forward(visit, send, watch, wire)
            else:
                watch.close(await self.player.play(visit.response, send, watch, wire))
        finally:
            watch.close(False)
            visit.close()
            self._log(visit.shown)

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


async def _read(receive: Receive) -> tuple[bytes, int] | None:
    """The body of a request and its size, None when the client left before its end. Of a body that
    is too large nothing is kept."""
    message = await receive()
    pieces: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        piece = message.get("body", b"")
        size += len(piece)
        if size <= LARGEST_BODY:
            pieces.append(piece)
        else:
            pieces.clear()
        if not message.get("more_body") or size > MOST_READ:
            return b"".join(pieces), size
        message = await receive()
    return None


def _request(scope: Scope, path: str, body: bytes) -> Request:
    headers = tuple(map(_header, scope["headers"]))
    return Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, body)


@lru_cache(maxsize=512)
def _header(pair: tuple[bytes, bytes]) -> tuple[str, str]:
    """A header as text; a client sends the same ones with every request."""
    name, value = pair
    return name.decode("latin-1"), value.decode("latin-1")
