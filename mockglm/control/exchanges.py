"""The routes that explain exchanges, write them as code or files, and send requests again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mockglm import exchange
from mockglm.control import requests, saving
from mockglm.control.session_access import SessionAccess
from mockglm.control.snippets import make_snippets
from mockglm.endpoints import Endpoints
from mockglm.errors import UsageError
from mockglm.journal import Entry
from mockglm.server import Session, Sessions
from mockglm.server.comparisons import explain_entry, explain_request
from mockglm.surfaces import CHAT, find_surface

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message

MAX_REPLAYS = 100
"""Requests that are being sent again at the same time."""

MAX_HEADER = 4096


class ExchangeRoutes:
    """Routes of the control API about single exchanges.

    `play` is the application that answers clients; `folder` is where files may be written, None
    for nowhere.
    """

    def __init__(
        self,
        sessions: Sessions,
        access: SessionAccess,
        *,
        play: ASGIApp | None = None,
        folder: Path | None = None,
    ) -> None:
        self._sessions = sessions
        self._access = access
        self._play = play
        self._folder = folder
        self._replays: set[asyncio.Task[None]] = set()
        self.routes = [
            Route("/explain", self._explain_body, methods=["POST"]),
            Route("/journal/{ordinal}/explanation", self._explain_entry),
            Route("/journal/{ordinal}/code", self._write_code),
            Route("/journal/{ordinal}/replay", self._replay, methods=["POST"]),
            Route("/files", self._save, methods=["POST"]),
        ]

    async def _explain_body(self, request: Request) -> Response:
        written = await requests.read_json(request)
        session = requests.find_session(self._sessions, request)
        asked = _read_request(written, key=min(session.keys or {"explain"}))
        trial = Endpoints(is_trial=True).find_handlers
        return _json(
            await self._access.use(session, lambda used: explain_request(used, asked, trial))
        )

    async def _explain_entry(self, request: Request) -> Response:
        session, entry, original = await self._entry(request)
        asked = msgspec.structs.replace(entry, request=original)
        trial = Endpoints(is_trial=True).find_handlers
        return _json(
            await self._access.use(session, lambda used: explain_entry(used, asked, trial))
        )

    async def _write_code(self, request: Request) -> Response:
        _, entry, _ = await self._entry(request)
        surface = find_surface(entry.request.path)
        origin = f"{request.url.scheme}://{request.headers.get('host', '')}"
        prefix = f"/s/{entry.session}" if entry.session else ""
        code = make_snippets(entry.request, surface, f"{origin}{prefix}{entry.base}")
        if entry.response is not None and saving.is_conversation(entry):
            code["yaml"] = saving.make_scenario([entry])
        return _json(code)

    async def _save(self, request: Request) -> Response:
        asked = await requests.read_json(request)
        if not isinstance(asked, dict) or asked.get("as") not in saving.FORMS:
            raise UsageError('write {"as": "scenario" or "cassette", "entries": [1, 2]}')
        entries = await self._find_entries(request, asked.get("entries"))
        origin = f"{request.url.scheme}://{request.headers.get('host', '')}{CHAT.base}"
        is_cassette = asked["as"] == "cassette"
        text = (
            saving.make_cassette(entries, origin) if is_cassette else saving.make_scenario(entries)
        )
        saving.check_file(text)
        if "write" in asked:
            return _json({"written": await asyncio.to_thread(self._write, asked["write"], text)})
        return Response(text, media_type="application/yaml")

    def _write(self, name: Any, text: str) -> str:
        if self._folder is None:
            raise UsageError("write: files are written only if the server has a --cassette")
        return str(saving.write_file(self._folder, str(name), text))

    async def _find_entries(self, request: Request, listed: Any) -> Sequence[Entry]:
        """The entries of a list of ordinals, or of `{"session", "ordinal"}`, in that order."""
        if not isinstance(listed, list) or not 0 < len(listed) <= saving.MAX_EXCHANGES:
            raise UsageError(f"entries: expected a list of 1 to {saving.MAX_EXCHANGES} entries")
        return [await self._find_entry(request, one) for one in listed]

    async def _find_entry(self, request: Request, written: Any) -> Entry:
        if isinstance(written, dict):
            session = requests.find_session_by_name(self._sessions, str(written.get("session", "")))
            written = written.get("ordinal")
        else:
            session = requests.find_session(self._sessions, request)
        is_ordinal = isinstance(written, int)
        found = await self._access.find_entry(session, written) if is_ordinal else None
        if found is None:
            raise HTTPException(404, f"the journal has no entry {str(written)[:100]}")
        return found[0]

    async def _replay(self, request: Request) -> Response:
        """Send the request of an entry again, with the credential that it had."""
        session, entry, original = await self._entry(request)
        if self._play is None or len(self._replays) >= MAX_REPLAYS:
            raise UsageError("this request cannot be sent again now")
        ordinal = await self._send_again(session, entry.base, original)
        return _json({"session": session.name, "ordinal": ordinal})

    async def _send_again(self, session: Session, base: str, original: exchange.Request) -> int:
        """Play the answer to a request to nobody; returns the ordinal of its new entry."""
        arrived: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def notice(entry: Entry) -> None:
            if entry.request.body is original.body and not arrived.done():
                arrived.set_result(entry.ordinal)

        unsubscribe = self._sessions.feed.subscribe(notice, session.name)
        task = asyncio.create_task(self._run(session, base, original))
        self._replays.add(task)
        task.add_done_callback(self._replays.discard)
        try:
            waiting: set[asyncio.Future[Any]] = {arrived, task}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            unsubscribe()
        return arrived.result() if arrived.done() else session.requests

    async def _run(self, session: Session, base: str, original: exchange.Request) -> None:
        assert self._play is not None
        prefix = f"/s/{session.name}" if session.name else ""
        headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in original.headers
        ]
        scope = {
            "type": "http",
            "method": original.method,
            "path": f"{prefix}{base}{original.path}",
            "query_string": original.query.encode("latin-1"),
            "headers": headers,
        }
        body = {"type": "http.request", "body": original.body, "more_body": False}

        async def receive() -> Message:
            return body

        async def send(message: Message) -> None:
            """Discard what a client would get."""

        await self._play(scope, receive, send)

    async def _entry(self, request: Request) -> tuple[Session, Entry, exchange.Request]:
        """Find the session and the entry of a path, and its request as it came."""
        session = requests.find_session(self._sessions, request)
        text = request.path_params["ordinal"]
        ordinal = requests.parse_number(text)
        found = None if ordinal is None else await self._access.find_entry(session, ordinal)
        if found is None:
            raise HTTPException(404, f"the journal has no entry {text[:100]}")
        return session, *found


def _read_request(asked: Any, *, key: str) -> exchange.Request:
    """Read a request to explain; without a credential it gets an accepted key."""
    if not isinstance(asked, dict) or "body" not in asked:
        raise UsageError('write {"body": …}, and "method", "path" and "headers" where they matter')
    body, headers = asked["body"], asked.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise UsageError("headers: expected a mapping of names to texts")
    fields = tuple((name.lower(), value[:MAX_HEADER]) for name, value in headers.items())
    if not any(name in ("authorization", "x-api-key") for name, _ in fields):
        fields += (("authorization", f"Bearer {key}"),)
    return exchange.Request(
        str(asked.get("method") or "POST").upper(),
        _read_path(asked.get("path") or CHAT.path),
        headers=fields,
        body=body.encode() if isinstance(body, str) else msgspec.json.encode(body),
    )


def _read_path(path: Any) -> str:
    if not isinstance(path, str) or not path.startswith("/"):
        raise UsageError(f"path: expected one below a base, as {CHAT.path}, or a whole one")
    return path


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
