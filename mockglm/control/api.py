"""The application of the control API: its table of routes, and what each does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mockglm._version import __version__
from mockglm.control import query, serializers
from mockglm.control.access import is_allowed
from mockglm.control.feed import Listen, stream_entries, until
from mockglm.errors import MockGLMError, UsageError
from mockglm.scenarios import Scenario, load, shipped_scenarios
from mockglm.server import Session, Sessions
from mockglm.server.sessions import MAX_QUEUED, MAX_RULES

HEALTH = "/health"
"""Asked by whatever runs the server, so it is open to all."""

EVERY = "*"
"""Names all sessions to the feed; none can be called so."""

LATEST = 253_370_764_800
"""The last day whose local time has a year of four digits, in unix seconds."""


class ControlAPI:
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
                Route("/journal/{ordinal}", self._entry),
                Route("/replies", self._queued),
                Route("/replies", self._queue, methods=["POST"]),
                Route("/replies", self._drop, methods=["DELETE"]),
                Route("/interactions", self._standing),
                Route("/interactions", self._add, methods=["POST"]),
                Route("/interactions", self._withdraw, methods=["DELETE"]),
                Route("/clock", self._clock),
                Route("/clock", self._move, methods=["POST"]),
                Route("/clock", self._unmove, methods=["DELETE"]),
                Route("/reset", self._reset, methods=["POST"]),
                Route("/events", self._events),
            ],
            exception_handlers={MockGLMError: _mistake, HTTPException: _not_found},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_health = scope["path"] == scope.get("root_path", "") + HEALTH
        if not is_health and not is_allowed(Request(scope), self._token):
            await _json({"error": "this needs Authorization: Bearer $MOCKGLM_TOKEN"}, 403)(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)

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
        return {name: load(path) for name, path in shipped_scenarios().items()} | dict(
            self._sessions.named
        )

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
        params = request.query_params
        most, wanted = query.count(params, "last", 100), query.wanted(params)

        def found() -> list[dict[str, Any]]:
            return self._session(request).journal.summaries(most, wanted)

        seconds = query.seconds(params, "wait")
        if seconds and most:
            await until(found, self._listen(self._session(request).name), request, seconds)
        return _json(found())

    async def _clear_journal(self, request: Request) -> Response:
        journal = self._session(request).journal
        dropped = len(journal)
        journal.clear()
        return _json({"dropped": dropped})

    async def _entry(self, request: Request) -> Response:
        text = request.path_params["ordinal"]
        ordinal = query.number(text)
        entry = None if ordinal is None else self._session(request).journal.get(ordinal)
        if entry is None:
            return _json({"error": f"the journal has no entry {text[:100]}"}, 404)
        return _json(serializers.exchange_json(entry))

    async def _queued(self, request: Request) -> Response:
        return _json([serializers.reply_json(step) for step in self._session(request).queue])

    async def _queue(self, request: Request) -> Response:
        written = await query.written(request, lambda reply: {"reply": reply}, most=MAX_QUEUED)
        session = self._session(request)
        session.enqueue(one.steps[0] for one in written)
        return _json({"queued": len(session.queue)})

    async def _drop(self, request: Request) -> Response:
        queue = self._session(request).queue
        dropped = len(queue)
        queue.clear()
        return _json({"dropped": dropped})

    async def _standing(self, request: Request) -> Response:
        session = self._session(request)
        return _json(
            [
                serializers.rule_json(one, session.use_count(one))
                for one in session.rules.interactions
            ]
        )

    async def _add(self, request: Request) -> Response:
        written = await query.written(request, lambda one: one, most=MAX_RULES)
        session = self._session(request)
        session.add(written)
        return _json({"interactions": len(session.rules.interactions)})

    async def _withdraw(self, request: Request) -> Response:
        session = self._session(request)
        dropped = len(session.rules.interactions)
        session.set_rules(())
        return _json({"dropped": dropped})

    async def _clock(self, request: Request) -> Response:
        clock = self._session(request).clock
        return _json({"now": clock.now(), "offset": clock.offset})

    async def _move(self, request: Request) -> Response:
        name, seconds = query.read_move(await query.body(request))
        clock = self._session(request).clock
        shift = seconds - clock.now() if name == "now" else seconds
        if not 0 <= clock.now() + shift <= LATEST:
            raise UsageError(f"{name}: the clock can stand between the years 1970 and 9999")
        clock.advance(shift)
        return _json({"now": clock.now(), "offset": clock.offset})

    async def _unmove(self, request: Request) -> Response:
        clock = self._session(request).clock
        clock.reset()
        return _json({"now": clock.now(), "offset": clock.offset})

    async def _reset(self, request: Request) -> Response:
        name = request.query_params.get("session")
        names = [one.name for one in self._sessions if name in (None, one.name)]
        return _json({"forgot": sum(map(self._sessions.forget, names))})

    async def _events(self, request: Request) -> Response:
        from sse_starlette import EventSourceResponse

        every = request.query_params.get("session") == EVERY
        name = None if every else self._session(request).name
        return EventSourceResponse(stream_entries(self._listen(name)))

    def _listen(self, name: str | None) -> Listen:
        return partial(self._sessions.feed.listen, session=name)


async def _health(request: Request) -> Response:
    return _json({"status": "ok", "version": __version__})


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json({"error": error.detail}, error.status_code)


async def _mistake(request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 400)


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
