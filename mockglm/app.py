"""The ASGI application: it reads requests, has them handled, and plays the responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from mockglm.exchange import Headers, Request
from mockglm.journal import Entry, Source
from mockglm.limits import DEFAULT, Limits
from mockglm.player import CONNECTION, Connection, Player
from mockglm.readiness import Readiness
from mockglm.server import (
    RequestContext,
    Sessions,
    Unread,
    allow_origin,
    dispatch,
    parse_route,
    parse_short_route,
    refuse_large_response,
)

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mockglm.endpoints import Endpoints
    from mockglm.language_model import LanguageModel
    from mockglm.metrics import Metrics
    from mockglm.recorder import RecordedExchange, Recorder
    from mockglm.server import Handler, Route
    from mockglm.server.replica import Replica
    from mockglm.server.worker import Worker


Log = Callable[[Entry], None]

CONTROL = "/__mockglm__"
"""The path of the control API."""

DECISION = "mockglm.decision"
"""The extension of a scope whose request was decided while it was read: a RequestContext."""

MAX_CACHED_LENGTH = 256
"""Characters of the longest header field, and of the longest path, that is cached."""

MAX_CACHED_FIELDS = 512

UNCACHED = ("expect", "origin")
"""Header fields that no request has whose fields were all in the cache."""


class RequestTarget(Struct, frozen=True, gc=False):
    """The target of a request: its path with percent signs decoded, and its query."""

    path: str
    query: str = ""


class DecodedHeaders(Struct, frozen=True, gc=False):
    """The header fields of a request as text; `are_known` if all of them were in the cache."""

    fields: Headers
    are_known: bool


class App:
    """One server's application.

    `sessions` hold its state; `log` is called with the entry of each finished exchange. `token`
    grants access to the control API, None grants it to this machine only. `recorder` returns the
    recorder of a session that records, by its name; `language_model` finds the words of improvised
    replies, if the settings of the sessions say so. `limits` bound what clients may send, and the
    memory it takes. `metrics` are shown by the control API; they count what `log` is called with.
    `replica` decides requests if the state of sessions is shared. The control API may write files
    into `folder`, None is nowhere.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        log: Log | None = None,
        token: str | None = None,
        recorder: Callable[[str], Recorder] | None = None,
        language_model: LanguageModel | None = None,
        limits: Limits = DEFAULT,
        metrics: Metrics | None = None,
        replica: Replica | Worker | None = None,
        folder: Path | None = None,
    ) -> None:
        self.sessions = sessions
        self.limits = limits
        self.player = Player()
        self.in_flight = 0
        self.open_responses = 0
        self.readiness = Readiness()
        self.header_cache: dict[tuple[bytes, bytes], tuple[str, str]] = {}
        if metrics is not None:
            metrics.count_open = lambda: self.open_responses
        self._recorder = recorder
        self._language_model = language_model
        self._log = log
        self._metrics = metrics
        self.replica = replica
        self._dispatch = dispatch
        if replica is not None and replica.decides_at_once is True:
            self._dispatch = replica.dispatch
            replica.find_handlers = self._find_handlers
            replica.keeps_state = self._keeps_state
        if replica is not None:
            self.readiness.checks.append(replica.check)
        self._token = token
        self._folder = folder

    @property
    def decides_at_once(self) -> bool:
        """True if requests need not wait for a store."""
        return self.replica is None or self.replica.decides_at_once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(CONTROL):
            await self._serve(scope, receive, send)
            return
        try:
            control = self._control
        except (ImportError, OSError) as error:
            # Without a free file descriptor nothing can be imported; the next request tries again.
            await _send_unavailable(send, f"the control API cannot be loaded: {error}")
            return
        await control(scope, receive, send)

    @cached_property
    def _control(self) -> ASGIApp:
        """The control API. Only it is routed by Starlette, whose middleware costs a tenth of an
        answer and whose import a fifth of the start."""
        from starlette.applications import Starlette
        from starlette.routing import Mount

        from mockglm.control import ControlAPI
        from mockglm.inspector import Inspector

        api = ControlAPI(
            self.sessions,
            self._token,
            self.readiness,
            metrics=self._metrics,
            replica=self.replica,
            play=self._serve,
            folder=self._folder,
        )
        pages = Inspector(api, self._token)
        return Starlette(routes=[Mount(CONTROL, pages), Mount("/", self._serve)])

    @cached_property
    def _endpoints(self) -> Endpoints:
        """The endpoints beside chats, imported when one is requested for the first time."""
        from mockglm.endpoints import Endpoints

        return Endpoints()

    def _find_handlers(self, route: Route, method: str) -> Sequence[Handler] | None:
        return self._endpoints.find_handlers(route, method)

    def _keeps_state(self, route: Route) -> bool:
        return self._endpoints.keeps_state(route)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        extensions = scope.get("extensions", {})
        connection = extensions.get(CONNECTION)
        decided: RequestContext | None = extensions.get(DECISION)
        if decided is not None:
            await self._respond(decided, send, connection)
            return
        started = monotonic()
        read = await self._read(receive)
        if read is None:
            return
        body, held, unread = read
        target = RequestTarget(scope["path"], scope["query_string"].decode("latin-1"))
        try:
            context = await self._decide(
                target,
                self.decode_headers(scope["headers"]),
                body,
                method=scope["method"],
                unread=unread,
                started=started,
            )
        except BaseException:
            self.in_flight -= held
            raise
        await self._respond(context, send, connection, held=held)

    async def _respond(
        self, context: RequestContext, send: Send, connection: Connection | None, *, held: int = 0
    ) -> None:
        """Send the response that was decided; `held` bytes of its request count as in flight."""
        self.open_responses += 1
        try:
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
                self.finish(context)
        finally:
            self.open_responses -= 1
            self.in_flight -= held

    def finish(self, context: RequestContext) -> None:
        """End an exchange: release what it holds and log it."""
        entry = context.finish()
        if self._log is not None:
            self._log(context.session.journal.redact_for_display(entry))

    async def _read(self, receive: Receive) -> tuple[bytes, int, Unread | None] | None:
        """Read a body.

        Returns it, the number of its bytes that count as in flight, and the reason if it was not
        read; None if the client left before its end.
        """
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body: bytes = message.get("body", b"")
            if len(body) <= self.limits.small_body:
                return body, 0, None
        return await self._collect(message, receive)

    async def _collect(
        self, message: Message, receive: Receive
    ) -> tuple[bytes, int, Unread | None] | None:
        """Read a body that is large or comes in chunks; returns the same as `_read`.

        Nothing is kept of a body that is too large itself, or with all others in flight.
        """
        chunks: list[bytes] = []
        unread: Unread | None = None
        size = 0
        try:
            while message["type"] == "http.request":
                chunk = message.get("body", b"")
                size += len(chunk)
                unread = self._find_reason(size, len(chunk)) or unread
                if unread:
                    self.in_flight -= sum(map(len, chunks))
                    chunks.clear()
                else:
                    self.in_flight += len(chunk)
                    chunks.append(chunk)
                if not message.get("more_body") or size > self.limits.discarded:
                    body = b"".join(chunks)
                    chunks.clear()
                    return body, len(body), unread
                message = await receive()
            return None
        finally:
            self.in_flight -= sum(map(len, chunks))

    def _find_reason(self, size: int, new: int) -> Unread | None:
        """Return the reason not to read a body of this size, of which so many bytes are new."""
        if size > self.limits.body:
            return "large"
        return "busy" if self.in_flight + new > self.limits.in_flight else None

    def decide(
        self,
        target: RequestTarget,
        headers: DecodedHeaders,
        body: bytes,
        *,
        method: str = "POST",
        unread: Unread | None = None,
        started: float | None = None,
    ) -> RequestContext:
        """Decide the response to a request, and send nothing.

        The caller sends the response, if there is one, and finishes the context. The live service
        is to answer if there is none.
        """
        path = target.path
        route = (parse_short_route if len(path) <= MAX_CACHED_LENGTH else parse_route)(path)
        request = Request(method, route.tail, target.query, headers.fields, body)
        context = self._dispatch(
            self.sessions,
            route,
            request,
            unread=unread,
            started=started,
            find_handlers=self._find_handlers,
        )
        if not headers.are_known:
            allow_origin(context)
            context.session.journal.update_size(context.entry)
        return context

    async def _decide(
        self,
        target: RequestTarget,
        headers: DecodedHeaders,
        body: bytes,
        *,
        method: str,
        unread: Unread | None,
        started: float,
    ) -> RequestContext:
        """Decide the response to a request, in this process or together with others."""
        if self.replica is None:
            return self.decide(target, headers, body, method=method, unread=unread, started=started)
        route = parse_route(target.path)
        request = Request(method, route.tail, target.query, headers.fields, body)
        context = await self.replica.decide(
            route,
            request,
            unread=unread,
            started=started,
            find_handlers=self._find_handlers,
        )
        allow_origin(context)
        context.session.journal.update_size(context.entry)
        return context

    def _hold_response(self, context: RequestContext) -> int:
        """Count a large response as in flight, or refuse it; returns the bytes that were added."""
        size = context.entry.size - len(context.request.body)
        if size <= self.limits.small_answer:
            return 0
        if self.in_flight + size > self.limits.in_flight:
            refuse_large_response(context)
            return 0
        self.in_flight += size
        return size

    async def _forward(
        self, context: RequestContext, send: Send, connection: Connection | None
    ) -> None:
        """Have the live service or a language model answer; the journal has the response before
        the client has its end."""
        if context.source is Source.IMPROVISED:
            assert self._language_model is not None, "the settings say that there is one"
            await self._language_model.answer(context, self.player, send, connection=connection)
            return
        assert self._recorder is not None, "a session that records has a recorder"
        recorder = self._recorder(context.session.name)
        refusal = recorder.find_refusal(context.request)
        if refusal:
            response = context.refuse(403, f"mockglm: {refusal}")
            await self.player.play(response, send, context, connection=connection)
            return

        def on_recorded(recorded: RecordedExchange) -> None:
            context.record_response(recorded.exchange, recorded.notes)

        await recorder.forward(
            context.request,
            send,
            log_id=context.log_id,
            on_recorded=on_recorded,
            connection=connection,
        )
        context.close(is_complete=connection is None or not connection.gone.done())

    def decode_headers(self, fields: Iterable[tuple[bytes, bytes]]) -> DecodedHeaders:
        """Decode header fields, whose names may have capitals.

        A client sends the same fields with every request, so they are cached, but for those that
        few clients send and that have to be looked for: Expect and Origin.
        """
        headers = tuple(map(self.header_cache.get, fields))
        if None not in headers:
            return DecodedHeaders(headers, True)  # type: ignore[arg-type]
        return DecodedHeaders(tuple(map(self._header, fields)), False)

    def _header(self, pair: tuple[bytes, bytes]) -> tuple[str, str]:
        cache = self.header_cache
        field = cache.get(pair)
        if field is not None:
            return field
        name, value = pair
        field = name.lower().decode("latin-1"), value.decode("latin-1")
        if len(name) + len(value) <= MAX_CACHED_LENGTH and field[0] not in UNCACHED:
            if len(cache) >= MAX_CACHED_FIELDS:
                cache.clear()
            cache[pair] = field
        return field


async def _send_unavailable(send: Send, reason: str) -> None:
    """Send 503 in the form of the control API's errors."""
    body = msgspec.json.encode({"error": reason})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
