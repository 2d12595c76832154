"""The control API under /__mockglm__: look at a running server, queue replies, move its clock."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from ipaddress import ip_address
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mockglm import __version__
from mockglm.errors import MockGLMError, UsageError
from mockglm.journal import Entry
from mockglm.scenario import Interaction, Scenario, interaction, load, shipped
from mockglm.session import Session, Sessions

__all__ = ["PREFIX", "Control"]

PREFIX = "/__mockglm__"
HEALTH = "/health"
"""Asked by whatever runs the server, so it is open to all."""

LARGEST_BODY = 4 * 1024 * 1024
LONGEST_QUEUE = 10_000
FEED_BACKLOG = 1000
LATEST = 253_370_764_800
"""The last day whose local time has a year of four digits, in unix seconds."""


class Control:
    """The ASGI application of the control API. `token` of None trusts this machine only."""

    def __init__(self, sessions: Sessions, token: str | None = None) -> None:
        self._sessions = sessions
        self._token = token
        self._app = Starlette(
            routes=[
                Route(HEALTH, _health),
                Route("/scenarios", self._scenarios),
                Route("/sessions", self._list),
                Route("/sessions", self._forget, methods=["DELETE"]),
                Route("/journal", self._journal),
                Route("/journal", self._clear_journal, methods=["DELETE"]),
                Route("/journal/{ordinal:int}", self._entry),
                Route("/replies", self._queue, methods=["POST"]),
                Route("/replies", self._drop, methods=["DELETE"]),
                Route("/interactions", self._add, methods=["POST"]),
                Route("/clock", self._clock),
                Route("/clock", self._move, methods=["POST"]),
                Route("/clock", self._unmove, methods=["DELETE"]),
                Route("/reset", self._reset, methods=["POST"]),
                Route("/events", self._events),
            ],
            exception_handlers={MockGLMError: _mistake, HTTPException: _nowhere},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if not scope["path"].endswith(HEALTH) and not self._may(request):
            await _json({"error": "this needs Authorization: Bearer $MOCKGLM_TOKEN"}, 403)(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)

    def _may(self, request: Request) -> bool:
        """Whether the request may use this: with the token, or from this machine and for it.

        The Host is looked at so that a page whose name was pointed at 127.0.0.1 gets nothing.
        """
        if self._token is not None:
            given = request.headers.get("authorization", "")
            return hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode())
        peer = request.client.host if request.client else ""
        origin = request.headers.get("origin")
        return (
            _is_here(peer)
            and _is_here(_host(request.headers.get("host", "")))
            and (origin is None or _is_here(_host(origin.partition("://")[2])))
        )

    def _session(self, request: Request) -> Session:
        scenario, _, label = request.query_params.get("session", "").partition("@")
        try:
            return self._sessions.get(scenario, label)
        except UsageError as error:
            raise HTTPException(404, str(error)) from error

    async def _scenarios(self, request: Request) -> Response:
        known = await asyncio.to_thread(self._known)
        return _json(
            [
                {"name": one.name, "about": one.about, "interactions": len(one.interactions)}
                for one in known.values()
            ]
        )

    def _known(self) -> Mapping[str, Scenario]:
        """What is loaded, and what is shipped unless its name is taken."""
        return {name: load(path) for name, path in shipped().items()} | dict(self._sessions.loaded)

    async def _list(self, request: Request) -> Response:
        return _json(
            [
                {"session": one.name, "requests": one.requests, "queued": len(one.queue)}
                for one in self._sessions
            ]
        )

    async def _forget(self, request: Request) -> Response:
        name = request.query_params.get("session", "")
        if not self._sessions.forget(name):
            return _json({"error": f"there is no session {name!r}"}, 404)
        return _json({"forgot": name})

    async def _journal(self, request: Request) -> Response:
        last = request.query_params.get("last", "100")
        if not last.isdecimal():
            raise UsageError(f"last={last}: a number of entries is meant")
        entries = list(self._session(request).journal)[-int(last) :] if int(last) else []
        return _json([entry.summary() for entry in entries])

    async def _clear_journal(self, request: Request) -> Response:
        journal = self._session(request).journal
        dropped = len(journal)
        journal.clear()
        return _json({"dropped": dropped})

    async def _entry(self, request: Request) -> Response:
        ordinal = request.path_params["ordinal"]
        for entry in self._session(request).journal:
            if entry.ordinal == ordinal:
                return _json(_whole(entry))
        return _json({"error": f"the journal has no entry {ordinal}"}, 404)

    async def _queue(self, request: Request) -> Response:
        session = self._session(request)
        steps = [one.steps[0] for one in await _written(request, lambda reply: {"reply": reply})]
        if len(session.queue) + len(steps) > LONGEST_QUEUE:
            raise UsageError(f"at most {LONGEST_QUEUE} replies can be queued")
        session.queue.extend(steps)
        return _json({"queued": len(session.queue)})

    async def _drop(self, request: Request) -> Response:
        queue = self._session(request).queue
        dropped = len(queue)
        queue.clear()
        return _json({"dropped": dropped})

    async def _add(self, request: Request) -> Response:
        session = self._session(request)
        session.add(await _written(request, lambda one: one))
        return _json({"interactions": len(session.rules.interactions)})

    async def _clock(self, request: Request) -> Response:
        clock = self._session(request).clock
        return _json({"now": clock.now(), "offset": clock.offset})

    async def _move(self, request: Request) -> Response:
        clock = self._session(request).clock
        match await _body(request):
            case {"advance": int() | float() as seconds}:
                shift = float(seconds)
            case {"now": int() | float() as time}:
                shift = time - clock.now()
            case _:
                raise UsageError('write {"advance": seconds} or {"now": unix time}')
        if not 0 <= clock.now() + shift <= LATEST:
            raise UsageError("the clock can stand between the years 1970 and 9999")
        clock.advance(shift)
        return _json({"now": clock.now(), "offset": clock.offset})

    async def _unmove(self, request: Request) -> Response:
        clock = self._session(request).clock
        clock.reset()
        return _json({"now": clock.now(), "offset": clock.offset})

    async def _reset(self, request: Request) -> Response:
        forgot = len(list(self._sessions))
        self._sessions.clear()
        return _json({"forgot": forgot})

    async def _events(self, request: Request) -> Response:
        from sse_starlette import EventSourceResponse

        return EventSourceResponse(_feed(self._session(request)))


async def _health(request: Request) -> Response:
    return _json({"status": "ok", "version": __version__})


async def _feed(session: Session) -> AsyncIterator[Mapping[str, str]]:
    """Every exchange of a session from now on; a reader who is too slow misses the oldest."""
    entries: asyncio.Queue[Entry] = asyncio.Queue(FEED_BACKLOG)

    def put(entry: Entry) -> None:
        if entries.full():
            entries.get_nowait()
        entries.put_nowait(entry)

    forget = session.journal.listen(put)
    try:
        while True:
            entry = await entries.get()
            yield {"event": "exchange", "data": msgspec.json.encode(entry.summary()).decode()}
    finally:
        forget()


async def _written(
    request: Request, wrap: Callable[[Any], Mapping[str, Any]]
) -> tuple[Interaction, ...]:
    """Interactions in the words of the file, from a body with one or a list of them."""
    body = await _body(request)
    several = body if isinstance(body, list) else [body]
    return tuple(interaction(wrap(one), "body") for one in several)


async def _body(request: Request) -> Any:
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_BODY:
            raise HTTPException(413, f"the body has more than {LARGEST_BODY} bytes")
    try:
        return msgspec.json.decode(b"".join(pieces))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"the body is no JSON: {error}") from error


async def _nowhere(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json({"error": error.detail}, error.status_code)


async def _mistake(request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 400)


def _whole(entry: Entry) -> Mapping[str, Any]:
    """An entry with its request and answer; a body that is no text has its bytes replaced."""
    answer = entry.answer
    return {
        **entry.summary(),
        "request": {
            "query": entry.request.query,
            "headers": entry.request.headers,
            "body": entry.request.body.decode(errors="replace"),
        },
        "answer": answer
        and {
            "headers": answer.headers,
            "pieces": [[at, piece.decode(errors="replace")] for at, piece in answer.pieces],
            "end": answer.end,
        },
    }


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _host(authority: str) -> str:
    """The host of an authority, without port and brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0].partition("/")[0]


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
