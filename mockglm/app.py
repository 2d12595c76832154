"""The ASGI application: requests in, answers played, each in its session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from time import monotonic
from typing import TYPE_CHECKING

from mockglm.exchange import Request
from mockglm.journal import Entry
from mockglm.player import CONNECTION, Connection, Player
from mockglm.server import RequestContext, Sessions, dispatch, parse_route

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mockglm.recorder import Passed, Recorder


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
        connection = scope.get("extensions", {}).get(CONNECTION)
        read = await _read(receive)
        if read is None:
            return
        body, size = read
        route = parse_route(scope["path"])
        request = _request(scope, route.tail, body)
        is_whole = size <= LARGEST_BODY
        context = dispatch(self.sessions, route, request, is_whole=is_whole, started=started)
        try:
            if context.response is None:
                await self._forward(context, send, connection)
            else:
                is_complete = await self.player.play(
                    context.response, send, context, connection=connection
                )
                context.close(is_complete=is_complete)
        finally:
            self._log(context.finish())

    async def _forward(
        self, context: RequestContext, send: Send, connection: Connection | None
    ) -> None:
        """Have the live service answer; the journal has its response before the client's end."""
        assert self._recorder is not None, "a session that records has a recorder"
        recorder = self._recorder(context.session.name)

        def seen(passed: Passed) -> None:
            context.record_response(passed.exchange, passed.notes)

        await recorder.forward(context.request, send, seen, connection)
        context.close(is_complete=connection is None or not connection.gone.done())


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
