"""The ASGI application: it reads requests, has them handled, and plays the responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from mockglm.exchange import Headers, Request
from mockglm.journal import Entry
from mockglm.limits import Limits
from mockglm.player import CONNECTION, Connection, Player
from mockglm.server import (
    RequestContext,
    Sessions,
    Unread,
    dispatch,
    parse_route,
    parse_short_route,
    refuse_large_response,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mockglm.recorder import Passed, Recorder


Log = Callable[[Entry], None]

CONTROL = "/__mockglm__"
"""The path of the control API."""

MAX_CACHED_LENGTH = 256
"""Characters of the longest header field, and of the longest path, that is cached."""

MAX_CACHED_FIELDS = 512


class App:
    """One server's application.

    `sessions` hold its state; `log` is called with the entry of each finished exchange. `token`
    grants access to the control API, None grants it to this machine only. `recorder` returns the
    recorder of a session that records, by its name. `limits` bound what clients may send, and the
    memory it takes.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        log: Log = lambda entry: None,
        token: str | None = None,
        recorder: Callable[[str], Recorder] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.sessions = sessions
        self.limits = limits or Limits()
        self.player = Player()
        self._in_flight = 0
        self._header_cache: dict[tuple[bytes, bytes], tuple[str, str]] = {}
        self._recorder = recorder
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
        read = await self._read(receive)
        if read is None:
            return
        body, held, unread = read
        try:
            context = self._dispatch(scope, body, unread=unread, started=started)
            try:
                held += self._hold_response(context)
                if context.response is None:
                    await self._forward(context, send, connection)
                else:
                    is_complete = await self.player.play(
                        context.response, send, context, connection=connection
                    )
                    context.close(is_complete=is_complete)
            finally:
                self._log(context.finish())
        finally:
            self._in_flight -= held

    async def _read(self, receive: Receive) -> tuple[bytes, int, Unread | None] | None:
        """Read a body.

        Returns it, the number of its bytes that count as in flight, and the reason if it was not
        read; None if the client left before its end.
        """
        message = await receive()
        if message["type"] != "http.request":
            return None
        body: bytes = message.get("body", b"")
        if not message.get("more_body") and len(body) <= self.limits.small_body:
            return body, 0, None
        return await self._collect(body, receive, more=message.get("more_body", False))

    async def _collect(
        self, chunk: bytes, receive: Receive, *, more: bool
    ) -> tuple[bytes, int, Unread | None] | None:
        """Read a body that is large or comes in chunks; returns the same as `_read`.

        Nothing is kept of a body that is too large itself, or with all others in flight.
        """
        limits = self.limits
        chunks: list[bytes] = []
        unread: Unread | None = None
        size = held = 0
        try:
            while True:
                size += len(chunk)
                if size > limits.body:
                    unread = "large"
                elif self._in_flight + len(chunk) > limits.in_flight:
                    unread = "busy"
                if unread:
                    chunks.clear()
                    self._in_flight -= held
                    held, chunk = 0, b""
                self._in_flight += len(chunk)
                held += len(chunk)
                chunks.append(chunk)
                if not more or size > limits.discarded:
                    kept, held = held, 0
                    return b"".join(chunks), kept, unread
                message = await receive()
                if message["type"] != "http.request":
                    return None
                chunk, more = message.get("body", b""), message.get("more_body", False)
        finally:
            self._in_flight -= held

    def _dispatch(
        self, scope: Scope, body: bytes, *, unread: Unread | None, started: float
    ) -> RequestContext:
        path = scope["path"]
        route = (parse_short_route if len(path) <= MAX_CACHED_LENGTH else parse_route)(path)
        headers, uncached = self._headers(scope["headers"])
        query = scope["query_string"].decode("latin-1")
        request = Request(scope["method"], route.tail, query, headers, body)
        context = dispatch(self.sessions, route, request, unread=unread, started=started)
        if uncached:
            context.entry.fields = uncached
            context.session.journal.recount(context.entry)
        return context

    def _hold_response(self, context: RequestContext) -> int:
        """Count a large response as in flight, or refuse it; returns the bytes that were added."""
        size = context.entry.size - len(context.request.body)
        if size <= self.limits.small_answer:
            return 0
        if self._in_flight + size > self.limits.in_flight:
            refuse_large_response(context)
            return 0
        self._in_flight += size
        return size

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

    def _headers(self, pairs: Iterable[tuple[bytes, bytes]]) -> tuple[Headers, int]:
        """Decode header fields; also returns the bytes of those that are not in the cache.

        A client sends the same fields with every request.
        """
        headers = tuple(map(self._header_cache.get, pairs))
        if None not in headers:
            return headers, 0  # type: ignore[return-value]
        decoded = tuple(map(self._header, pairs))
        return decoded, sum(len(name) + len(value) for name, value in decoded)

    def _header(self, pair: tuple[bytes, bytes]) -> tuple[str, str]:
        cache = self._header_cache
        field = cache.get(pair)
        if field is not None:
            return field
        name, value = pair
        field = name.decode("latin-1"), value.decode("latin-1")
        if len(name) + len(value) <= MAX_CACHED_LENGTH:
            if len(cache) >= MAX_CACHED_FIELDS:
                cache.clear()
            cache[pair] = field
        return field
