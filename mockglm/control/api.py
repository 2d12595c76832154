"""The ASGI application of the control API, with its routes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mockglm._version import __version__
from mockglm.control import requests, serializers
from mockglm.control.access import is_allowed
from mockglm.control.exchanges import ExchangeRoutes
from mockglm.control.feed import Subscribe, stream_batches, stream_entries, wait_until
from mockglm.control.session_access import open_access
from mockglm.errors import MockGLMError, StoreError, UsageError
from mockglm.journal import Entry
from mockglm.readiness import Readiness
from mockglm.scenarios import Scenario, load, shipped_scenarios
from mockglm.server import Session, Sessions
from mockglm.server.sessions import MAX_QUEUED, MAX_RULES

if TYPE_CHECKING:
    from mockglm.metrics import Metrics
    from mockglm.server.replica import Replica
    from mockglm.server.worker import Worker

T = TypeVar("T")

OPEN_PATHS = ("/health", "/live", "/ready")
"""Open to everybody, as supervisors and containers ask for them."""

ALL_SESSIONS = "*"
"""The name of all sessions together in the feed; no session can have it."""

METHOD_NOT_ALLOWED = 405

LATEST_TIME = 253_370_764_800
"""The last day whose local time has a year of four digits, in unix seconds."""


class ControlAPI:
    """The ASGI application of the control API; without a token it is open to this machine only.

    `readiness` says if the server can take requests; without it, it always can. There are no
    metrics unless `metrics` are given. `replica` is needed if the state of sessions is shared.
    `play` is the application that answers clients, to which requests are sent again; `folder` is
    where files may be written, None for nowhere.
    """

    def __init__(
        self,
        sessions: Sessions,
        token: str | None = None,
        readiness: Readiness | None = None,
        *,
        metrics: Metrics | None = None,
        replica: Replica | Worker | None = None,
        play: ASGIApp | None = None,
        folder: Path | None = None,
    ) -> None:
        self._access = open_access(sessions, replica)
        self._sessions = sessions
        self._token = token
        self._readiness = readiness or Readiness()
        self._metrics = metrics
        self._folder = folder
        exchanges = ExchangeRoutes(sessions, self._access, play=play, folder=folder)
        self.routes = (*self._routes(), *exchanges.routes)
        self._app = Starlette(
            routes=self.routes,
            exception_handlers={
                MockGLMError: _bad_request,
                StoreError: _unavailable,
                HTTPException: self._refuse,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path not in OPEN_PATHS and not is_allowed(Request(scope), self._token):
            await _json({"error": "this needs Authorization: Bearer $MOCKGLM_TOKEN"}, 403)(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)

    async def _refuse(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = _json({"error": error.detail}, error.status_code)
        if error.status_code == METHOD_NOT_ALLOWED:
            response.headers["allow"] = ", ".join(self._find_methods(request.scope))
        return response

    def _find_methods(self, scope: Scope) -> list[str]:
        """The methods that a path allows, each of which has a route of its own."""
        routes = (route for route in self.routes if route.matches(scope)[0] != Match.NONE)
        return sorted({method for route in routes for method in route.methods or ()})

    def _routes(self) -> list[Route]:
        return [
            Route("/health", _health),
            Route("/live", _health),
            Route("/ready", self._show_readiness),
            Route("/metrics", self._show_metrics),
            Route("/scenarios", self._list_scenarios),
            Route("/sessions", self._list_sessions),
            Route("/sessions", self._forget_session, methods=["DELETE"]),
            Route("/journal", self._read_journal),
            Route("/journal", self._clear_journal, methods=["DELETE"]),
            Route("/journal/{ordinal}", self._read_entry),
            Route("/replies", self._list_queue),
            Route("/replies", self._queue_replies, methods=["POST"]),
            Route("/replies", self._clear_queue, methods=["DELETE"]),
            Route("/faults", self._list_faults),
            Route("/faults", self._queue_faults, methods=["POST"]),
            Route("/faults", self._clear_faults, methods=["DELETE"]),
            Route("/interactions", self._list_rules),
            Route("/interactions", self._add_rules, methods=["POST"]),
            Route("/interactions", self._clear_rules, methods=["DELETE"]),
            Route("/clock", self._read_clock),
            Route("/clock", self._move_clock, methods=["POST"]),
            Route("/clock", self._reset_clock, methods=["DELETE"]),
            Route("/reset", self._reset_sessions, methods=["POST"]),
            Route("/events", self._stream_events),
            Route("/catalogue", self._read_catalogue),
            Route("/openapi.json", _describe),
        ]

    def _session(self, request: Request) -> Session:
        return requests.find_session(self._sessions, request)

    async def _use(self, request: Request, function: Callable[[Session], T]) -> T:
        """Call a function with the session that a request names, and return its result."""
        return await self._access.use(self._session(request), function)

    async def _show_readiness(self, request: Request) -> Response:
        reasons = await self._readiness.find_reasons()
        if reasons:
            return _json({"status": "not ready", "reasons": reasons}, 503)
        return _json({"status": "ready"})

    async def _show_metrics(self, request: Request) -> Response:
        if self._metrics is None:
            raise HTTPException(404, "start the server with --metrics")
        from mockglm.metrics import CONTENT_TYPE

        return Response(self._metrics.render(), headers={"content-type": CONTENT_TYPE})

    async def _list_scenarios(self, request: Request) -> Response:
        known = await asyncio.to_thread(self._load_scenarios)
        return _json(
            [
                {"name": one.name, "about": one.about, "interactions": len(one.interactions)}
                for one in known.values()
            ]
        )

    def _load_scenarios(self) -> Mapping[str, Scenario]:
        # Loaded scenarios hide shipped ones of the same name.
        return {name: load(path) for name, path in shipped_scenarios().items()} | dict(
            self._sessions.named
        )

    async def _list_sessions(self, request: Request) -> Response:
        return _json(await self._access.list_sessions())

    async def _forget_session(self, request: Request) -> Response:
        name = request.query_params.get("session", "")
        if not await self._access.forget(name):
            return _json({"error": f"there is no session {name!r}"}, 404)
        return _json({"forgot": name})

    async def _read_journal(self, request: Request) -> Response:
        params = request.query_params
        limit = requests.read_count(params, "last", 100)
        wanted = requests.read_filter(params)
        name = None if params.get("session") == ALL_SESSIONS else self._session(request).name

        async def find() -> list[dict[str, Any]]:
            # The session may have been dropped and made again while the client waits.
            session = None if name is None else self._session(request)
            return await self._access.summarize(session, limit, wanted)

        seconds = requests.read_seconds(params, "wait")
        if seconds and limit:
            subscribe = await self._subscribe_to(name)
            await wait_until(find, subscribe, request=request, seconds=seconds)
        return _json(await find())

    async def _clear_journal(self, request: Request) -> Response:
        return _json({"dropped": await self._access.clear_journal(self._session(request))})

    async def _read_entry(self, request: Request) -> Response:
        text = request.path_params["ordinal"]
        ordinal = requests.parse_number(text)
        session = self._session(request)
        found = None if ordinal is None else await self._access.find_entry(session, ordinal)
        if found is None:
            return _json({"error": f"the journal has no entry {text[:100]}"}, 404)
        return _json(serializers.exchange_json(found[0]))

    async def _list_queue(self, request: Request) -> Response:
        steps = await self._use(request, lambda session: tuple(session.queue))
        return _json([serializers.reply_json(step) for step in steps])

    async def _queue_replies(self, request: Request) -> Response:
        interactions = await requests.read_interactions(
            request, lambda reply: {"reply": reply}, limit=MAX_QUEUED
        )

        def enqueue(session: Session) -> int:
            session.enqueue(replace(one.steps[0], written=one.written) for one in interactions)
            return len(session.queue)

        return _json({"queued": await self._use(request, enqueue)})

    async def _clear_queue(self, request: Request) -> Response:
        def clear(session: Session) -> int:
            dropped = len(session.queue)
            session.queue.clear()
            return dropped

        return _json({"dropped": await self._use(request, clear)})

    async def _list_faults(self, request: Request) -> Response:
        standing, queued = await self._use(
            request, lambda session: (session.standing_faults, tuple(session.queued_faults))
        )
        return _json(
            {
                "standing": serializers.faults_json(standing),
                "next": [serializers.faults_json(one.faults) for one in queued],
            }
        )

    async def _queue_faults(self, request: Request) -> Response:
        times = requests.read_times(request.query_params)
        faults = await requests.read_faults(request)

        def queue(session: Session) -> tuple[int, int]:
            session.queue_faults(faults, times)
            return len(session.queued_faults), len(session.standing_faults)

        queued, standing = await self._use(request, queue)
        return _json({"queued": queued, "standing": standing})

    async def _clear_faults(self, request: Request) -> Response:
        def clear(session: Session) -> int:
            dropped = len(session.queued_faults) + len(session.standing_faults)
            session.queued_faults.clear()
            session.standing_faults = ()
            return dropped

        return _json({"dropped": await self._use(request, clear)})

    async def _list_rules(self, request: Request) -> Response:
        session = self._session(request)
        uses = await self._access.count_uses(session)
        rules = await self._access.use(
            session,
            lambda one: [(rule, one.use_count(rule)) for rule in one.rules.interactions],
        )
        return _json(
            [serializers.rule_json(rule, used + uses.get(rule, 0)) for rule, used in rules]
        )

    async def _add_rules(self, request: Request) -> Response:
        interactions = await requests.read_interactions(request, lambda one: one, limit=MAX_RULES)
        name = request.query_params.get("scenario")
        if name:
            interactions += requests.find_scenario(self._sessions, name).interactions

        def add(session: Session) -> int:
            session.add(interactions)
            return len(session.rules.interactions)

        return _json({"interactions": await self._use(request, add)})

    async def _clear_rules(self, request: Request) -> Response:
        def clear(session: Session) -> int:
            dropped = len(session.rules.interactions)
            session.set_rules(())
            return dropped

        return _json({"dropped": await self._use(request, clear)})

    async def _read_clock(self, request: Request) -> Response:
        return _json(await self._use(request, _clock_json))

    async def _move_clock(self, request: Request) -> Response:
        name, seconds = requests.parse_clock_move(await requests.read_json(request))

        def move(session: Session) -> Mapping[str, float]:
            clock = session.clock
            shift = seconds - clock.now() if name == "now" else seconds
            if not 0 <= clock.now() + shift <= LATEST_TIME:
                raise UsageError(f"{name}: the clock goes from the year 1970 to 9999")
            clock.advance(shift)
            return _clock_json(session)

        return _json(await self._use(request, move))

    async def _reset_clock(self, request: Request) -> Response:
        def reset(session: Session) -> Mapping[str, float]:
            session.clock.reset()
            return _clock_json(session)

        return _json(await self._use(request, reset))

    async def _reset_sessions(self, request: Request) -> Response:
        name = request.query_params.get("session")
        listed = await self._access.list_sessions()
        names = [one["session"] for one in listed if name in (None, one["session"])]
        count, failures = 0, []
        for one in names:
            try:
                count += await self._access.forget(one)
            except StoreError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return _json({"forgot": count})

    async def _read_catalogue(self, request: Request) -> Response:
        folder = None if self._folder is None else str(self._folder)
        return _json({**serializers.catalogue_json(), "folder": folder})

    async def _stream_events(self, request: Request) -> Response:
        from sse_starlette import EventSourceResponse

        is_all = request.query_params.get("session") == ALL_SESSIONS
        name = None if is_all else self._session(request).name
        seconds = requests.read_seconds(request.query_params, "batch")
        subscribe = await self._subscribe_to(name)
        if not seconds:
            return EventSourceResponse(stream_entries(subscribe, self._summarize))
        return EventSourceResponse(stream_batches(subscribe, self._summarize, seconds=seconds))

    def _summarize(self, entry: Entry) -> Mapping[str, Any]:
        """Summarize an entry with its prompt, unless its session has been dropped."""
        session = self._sessions.find(entry.session)
        known = session.journal.summarize(entry) if session else entry.summary() | {"prompt": ""}
        return {**known, "serial": self._access.order(entry)}

    async def _subscribe_to(self, name: str | None) -> Subscribe:
        await self._access.watch()
        return partial(self._sessions.feed.subscribe, session=name)


def _clock_json(session: Session) -> Mapping[str, float]:
    return {"now": session.clock.now(), "offset": session.clock.offset}


async def _describe(request: Request) -> Response:
    from mockglm.control.openapi import describe_api

    return _json(describe_api())


async def _health(request: Request) -> Response:
    return _json({"status": "ok", "version": __version__})


async def _unavailable(request: Request, error: Exception) -> Response:
    return _json({"error": f"the store of session state is away: {error}"}, 503)


async def _bad_request(request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 400)


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
