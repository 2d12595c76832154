"""The recorder: forwards a request, relays the response, and has the exchange on disk before the
client has the end of it."""

from __future__ import annotations

import asyncio
import time
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from mockglm.auth import parse_credential
from mockglm.cassettes import CassetteWriter, find_credentials, redact
from mockglm.completions import MISS_HEADER
from mockglm.errors import FileError, UpstreamError
from mockglm.exchange import APIError, Exchange, Request
from mockglm.limits import DEFAULT, Limits
from mockglm.recorder.client import Client, ClientConnection, Send
from mockglm.recorder.forwarding import leaves_base
from mockglm.recorder.hints import UNREACHABLE, find_hint
from mockglm.recorder.outcome import RecordedExchange, record_exchange
from mockglm.recorder.relay import ExcessError, HeldBytes, Relay
from mockglm.recorder.upstream import Upstream
from mockglm.redaction import Redactor
from mockglm.surfaces import find_surface
from mockglm.urls import is_cross_site

PrintLine = Callable[[str], None]
OnRecorded = Callable[[RecordedExchange], None]

DRAIN_TIME = 5.0
"""Seconds in which the service may end a response whose client left when it was nearly complete."""

NO_RESPONSE = 502
"""The status of mockglm's response in place of a missing one; the service's nginx sends it, too."""

CLIENT_LEFT = "the client left"
STOPPED = "mockglm was stopped"
NOT_THE_SERVICE = (CLIENT_LEFT, STOPPED)
"""Reasons for an unfinished exchange that are not the service's fault."""

COMPLETE = "the client has the whole response all the same"
INCOMPLETE = "the client has the response up to there; docs/security.md has the bounds"


def _ignore(value: object) -> None:
    """Do nothing with a value."""


class Recorder:
    """Records one service into one cassette.

    `cassette` of None forwards without recording; `redactor` learns every key in use. `print_line`
    is called with lines for people, `on_recorded` with each exchange that the service ended or cut.
    `wall` is read when an exchange begins, `clock`, which never goes back, for each piece of it;
    both are in seconds. `unanswered` counts the requests that the service did not answer.
    """

    def __init__(
        self,
        upstream: Upstream,
        cassette: CassetteWriter | None,
        redactor: Redactor,
        *,
        print_line: PrintLine = _ignore,
        on_recorded: OnRecorded = _ignore,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits = DEFAULT,
    ) -> None:
        self.upstream = upstream
        self.cassette = cassette
        self.unanswered = 0
        self._redactor = redactor
        self._print_line = print_line
        self._on_recorded = on_recorded
        self._hints: set[str] = set()
        self._wall = wall
        self._clock = clock
        self._held = HeldBytes(limits)
        self._writing = asyncio.Lock()
        self._requests: set[asyncio.Task[str]] = set()
        self._open: set[asyncio.Future[Any]] = set()

    def find_refusal(self, request: Request) -> str:
        """Return the reason to refuse a request instead of forwarding it; "" if there is none."""
        if self.upstream.key and is_cross_site(request.headers):
            # Any page in the developer's browser could spend the key.
            return "pages of other sites cannot use the recorder's key"
        return "the path leaves the base URL" if leaves_base(request.path) else ""

    async def forward(
        self,
        request: Request,
        send: Send,
        *,
        log_id: str = "",
        on_recorded: OnRecorded = _ignore,
        connection: ClientConnection | None = None,
    ) -> None:
        """Forward a request to the service, and its response to the client as it comes.

        `on_recorded` is called with the exchange before the client has the end. A service that does
        not answer gives the client an error in the envelope of its surface, with this log id, and
        nothing is recorded. A response that is cut is cut for the client, too. If this is
        cancelled, the pieces so far are kept.
        """
        async with self._writing:
            pass  # what ended before this begins is on disk
        client = Client(send, connection)
        credential = parse_credential(self.upstream.authorization(request.header("authorization")))
        relay = Relay(client, self._clock, self._held)
        started, error = self._wall(), STOPPED
        with self._redactor.pinned((*find_credentials(request), credential)), self._is_open():
            try:
                error = await self._relay(request, relay, connection)
            finally:
                exchange = Exchange(request, relay.response, started, error)
                recorded = await self._end(exchange, relay, credential, log_id=log_id)
                on_recorded(recorded)
        if exchange.response is not None:
            await client.end(exchange.response)
        else:
            await client.respond(recorded.exchange.response)

    async def close(self) -> None:
        """End the open exchanges where they are, have them on disk, and close the connections to
        the service and the cassette."""
        for task in self._requests:
            task.cancel()
        while self._open:
            await asyncio.wait(self._open)
        await self.upstream.close()
        if self.cassette is not None:
            try:
                await asyncio.to_thread(self.cassette.close)
            except (OSError, FileError) as error:
                self._print(str(error), "")

    @contextmanager
    def _is_open(self) -> Iterator[None]:
        """Make `close` wait for the end of the block."""
        end = asyncio.get_running_loop().create_future()
        self._open.add(end)
        try:
            yield
        finally:
            self._open.discard(end)
            end.set_result(None)

    async def _relay(
        self, request: Request, relay: Relay, connection: ClientConnection | None
    ) -> str:
        """Relay the response while the client is there; return the reason if it is not complete."""
        task = asyncio.create_task(self._request(request, relay))
        self._requests.add(task)
        waiting = (task, connection.gone) if connection else (task,)
        try:
            await asyncio.wait(waiting, return_when=FIRST_COMPLETED)
            if not task.done() and relay.is_ending:
                # SDKs leave after [DONE]; the bytes behind it belong to the response, too.
                await asyncio.wait((task,), timeout=DRAIN_TIME)
            if not task.done():
                return CLIENT_LEFT
            return STOPPED if task.cancelled() else task.result()
        finally:
            self._requests.discard(task)
            task.cancel()
            await asyncio.wait((task,))

    async def _request(self, request: Request, relay: Relay) -> str:
        import httpx

        try:
            async with relay.bound_time(), self.upstream.send(request) as response:
                await relay.run(response)
        except ExcessError as error:
            relay.excess = str(error)
            return relay.excess
        except httpx.ReadError as error:
            relay.end = "reset"
            return _describe(error)
        except httpx.ReadTimeout as error:
            relay.end = "hang"
            return f"nothing came for too long ({_describe(error)})"
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return _describe(error)
        except (UpstreamError, OSError) as error:
            return _describe(error)
        return ""

    async def _end(
        self, exchange: Exchange, relay: Relay, credential: str, *, log_id: str
    ) -> RecordedExchange:
        """Return the recorded exchange, which is on disk by then if it has a response."""
        if exchange.response is not None:
            recorded = await self._record(exchange, relay)
            self._print(*find_hint(exchange.response, credential))
            if exchange.error not in NOT_THE_SERVICE and not relay.excess:
                self._on_recorded(recorded)
            return recorded
        if exchange.error in NOT_THE_SERVICE:
            return RecordedExchange(redact(exchange, self._redactor), (exchange.error,))
        message = self._describe_missing(exchange, is_excess=bool(relay.excess))
        error = APIError(str(NO_RESPONSE), status=NO_RESPONSE, message=message)
        surface = find_surface(exchange.request.path)
        response = surface.render_error(error, log_id, headers=((MISS_HEADER, "1"),))
        clean = redact(replace(exchange, response=response), self._redactor)
        return RecordedExchange(clean, ("not recorded: no answer",))

    async def _record(self, exchange: Exchange, relay: Relay) -> RecordedExchange:
        """Have an exchange on disk, or print the reason why it is not."""
        # The task that waits may be cancelled; the one that writes is not.
        writing = asyncio.create_task(self._write(exchange, relay))
        recorded, reason = await asyncio.shield(writing)
        if reason:
            self._print(f"not recorded: {reason}", INCOMPLETE if relay.excess else COMPLETE)
        return recorded

    async def _write(self, exchange: Exchange, relay: Relay) -> tuple[RecordedExchange, str]:
        """Write an exchange, one at a time, in a thread: large ones take seconds."""
        with self._is_open():
            async with self._writing:
                try:
                    return await asyncio.to_thread(
                        record_exchange,
                        exchange,
                        self._redactor,
                        self.cassette,
                        excess=relay.excess,
                    )
                finally:
                    relay.release()

    def _describe_missing(self, exchange: Exchange, *, is_excess: bool) -> str:
        """Count and print a missing response; return the message of the error in its place."""
        self.unanswered += 1
        problem = "answers beyond the recorder's bounds" if is_excess else "did not answer"
        message = f"{self.upstream.base_for(exchange.request.path)} {problem}: {exchange.error}"
        self._print(message, INCOMPLETE if is_excess else UNREACHABLE)
        return f"mockglm: {message}"

    def _print(self, problem: str, hint: str) -> None:
        """Print a problem, and once what to do about it; nothing for an empty problem."""
        if problem:
            self._print_line(self._redactor.text(f"mockglm: {problem}"))
        if hint and hint not in self._hints:
            self._hints.add(hint)
            self._print_line(f"  {hint}")


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
