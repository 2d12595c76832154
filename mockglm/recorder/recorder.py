"""Asks the service, passes its answer on, and has the exchange on disk before the next begins."""

from __future__ import annotations

import asyncio
import time
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec.structs import replace

from mockglm.auth import parse_credential
from mockglm.cassettes import CassetteWriter, find_credentials, redact
from mockglm.errors import FileError
from mockglm.exchange import Exchange, Request, Response
from mockglm.limits import DEFAULT, Limits
from mockglm.recorder.advice import UNREACHED, advice
from mockglm.recorder.header_fields import encode_fields
from mockglm.recorder.outcome import Passed, record_exchange
from mockglm.recorder.passage import ExcessError, HeldBytes, Passage, Send, Wire
from mockglm.recorder.paths import leaves_base
from mockglm.recorder.upstream import Upstream
from mockglm.redaction import Redactor
from mockglm.urls import is_cross_site

Tell = Callable[[str], None]
Watch = Callable[["Passed"], None]

DRAIN = 5.0
"""Seconds a service is given to end an answer whose client left when it was nearly whole."""

NO_ANSWER = 502
"""The status of what mockglm says for a service that does not answer; the service's own nginx has
it for the same."""


ALL_OF_IT = "the client has its answer all the same"
AS_FAR = "the client has the answer up to there; docs/security.md has the bounds"

LEFT = "the client left"
STOPPED = "mockglm was stopped"
OURS = (LEFT, STOPPED)
"""What an exchange breaks off for that is not the service's."""


class Recorder:
    """Records one service into one cassette. `tell` is given lines for people to read, `watch` what
    came of each request that was answered whole or cut by the service.

    `cassette` of None passes on without recording; `redactor` learns every key in use. `wall` is
    asked when an exchange begins, `clock`, which never goes back, when each piece of it is there;
    both in seconds. `unreached` counts the requests that the service did not answer.
    """

    def __init__(
        self,
        upstream: Upstream,
        cassette: CassetteWriter | None,
        redactor: Redactor,
        *,
        tell: Tell = lambda line: None,
        watch: Watch = lambda passed: None,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits = DEFAULT,
    ) -> None:
        self.upstream = upstream
        self.cassette = cassette
        self.unreached = 0
        self._redactor = redactor
        self._tell = tell
        self._watch = watch
        self._told: set[str] = set()
        self._wall = wall
        self._clock = clock
        self._held = HeldBytes(limits)
        self._writing = asyncio.Lock()
        self._asking: set[asyncio.Task[str]] = set()
        self._open: set[asyncio.Future[Any]] = set()

    def find_refusal(self, request: Request) -> str:
        """Return the reason to refuse a request, which nothing is sent of; "" if there is none."""
        if self.upstream.key and is_cross_site(request.headers):
            # Any page in the developer's browser could spend the key.
            return "pages of other sites cannot use the recorder's key"
        return "the path leaves the base URL" if leaves_base(request.path) else ""

    async def forward(
        self,
        request: Request,
        send: Send,
        seen: Callable[[Passed], None] = lambda passed: None,
        wire: Wire | None = None,
    ) -> None:
        """Ask the service, and answer the client with what it says, as it says it.

        `seen` is told what came of it, before the client has its end. Where the service does not
        answer, the client gets an error in GLM's envelope, and nothing is recorded. An answer that
        broke off ends so for the client, too. Whoever cancels this, what came is kept.
        """
        async with self._writing:
            pass  # what ended before this begins is on disk
        shown = parse_credential(self.upstream.authorization(request.header("authorization")))
        secrets = (*find_credentials(request), shown)
        passage = Passage(self._clock, self._held)
        started, error = self._wall(), STOPPED
        with self._redactor.pinned(secrets), self._under_way():
            try:
                error = await self._pass(request, passage, send, wire)
            finally:
                exchange = Exchange(request, passage.answer, started, error)
                passed = await self._end(exchange, shown, passage)
                seen(passed)
        if exchange.response is not None:
            await _finish(exchange.response, send, wire)
        elif passed.exchange.response is not None:
            await _send(passed.exchange.response, send)
        elif wire is not None:
            wire.close()

    async def close(self) -> None:
        """End what is under way where it is, have it on disk, and let go of the service and of the
        cassette."""
        for task in self._asking:
            task.cancel()
        while self._open:
            await asyncio.wait(self._open)
        await self.upstream.close()
        if self.cassette is not None:
            try:
                await asyncio.to_thread(self.cassette.close)
            except (OSError, FileError) as error:
                self._say(f"mockglm: {error}", "")

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        """Has `close` wait for the end of the block."""
        kept = asyncio.get_running_loop().create_future()
        self._open.add(kept)
        try:
            yield
        finally:
            self._open.discard(kept)
            kept.set_result(None)

    async def _pass(self, request: Request, passage: Passage, send: Send, wire: Wire | None) -> str:
        """Pass the answer on while there is a client; what the transport met, in words."""
        task = asyncio.create_task(self._ask(request, passage, send))
        self._asking.add(task)
        try:
            await asyncio.wait((task, wire.gone) if wire else (task,), return_when=FIRST_COMPLETED)
            if not task.done() and passage.is_ending:
                # SDKs hang up after [DONE]; what comes behind it belongs to the answer, too.
                await asyncio.wait((task,), timeout=DRAIN)
            if not task.done():
                return LEFT
            return STOPPED if task.cancelled() else task.result()
        finally:
            self._asking.discard(task)
            task.cancel()
            await asyncio.wait((task,))

    async def _ask(self, request: Request, passage: Passage, send: Send) -> str:
        import httpx

        try:
            async with passage.timed(), self.upstream.ask(request) as response:
                await passage.run(response, send)
        except ExcessError as error:
            passage.excess = str(error)
            return passage.excess
        except httpx.ReadError as error:
            passage.end = "reset"
            return _words(error)
        except httpx.ReadTimeout as error:
            passage.end = "hang"
            return f"nothing came for too long ({_words(error)})"
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            return _words(error)
        return ""

    async def _end(self, exchange: Exchange, shown: str, passage: Passage) -> Passed:
        """Return the outcome of an exchange, which is on disk by then if it has a response."""
        if exchange.response is not None:
            passed = await self._keep(exchange, passage)
            self._advise(exchange.response, shown)
            if exchange.error not in OURS and not passage.excess:
                self._watch(passed)
            return passed
        if exchange.error in OURS:
            return Passed(redact(exchange, self._redactor), (exchange.error,))
        response = self._unreached(exchange.error, is_excess=bool(passage.excess))
        exchange = replace(exchange, response=response)
        return Passed(redact(exchange, self._redactor), ("not recorded: no answer",))

    async def _keep(self, exchange: Exchange, passage: Passage) -> Passed:
        """Have an exchange on disk, or tell the reason why it is not."""
        # The task that waits may be cancelled; the one that writes is not.
        writing = asyncio.create_task(self._write(exchange, passage))
        passed, reason = await asyncio.shield(writing)
        if reason:
            self._say(f"mockglm: not recorded: {reason}", AS_FAR if passage.excess else ALL_OF_IT)
        return passed

    async def _write(self, exchange: Exchange, passage: Passage) -> tuple[Passed, str]:
        """Write an exchange, one at a time, in a thread: large ones take seconds."""
        with self._under_way():
            async with self._writing:
                try:
                    return await asyncio.to_thread(
                        record_exchange,
                        exchange,
                        self._redactor,
                        self.cassette,
                        excess=passage.excess,
                    )
                finally:
                    passage.release()

    def _unreached(self, error: str, *, is_excess: bool) -> Response:
        """What the client gets of a service that does not answer; GLM's envelope, but marked."""
        self.unreached += 1
        what = "answers beyond the recorder's bounds" if is_excess else "did not answer"
        message = f"mockglm: {self.upstream.base} {what}: {error}"
        self._say(message, AS_FAR if is_excess else UNREACHED)
        body = {"error": {"code": str(NO_ANSWER), "message": message}}
        headers = (("Content-Type", "application/json; charset=UTF-8"), ("X-MockGLM-Miss", "1"))
        return Response(NO_ANSWER, headers, ((0.0, msgspec.json.encode(body)),))

    def _advise(self, answer: Response, shown: str) -> None:
        said, hint = advice(answer, shown)
        if hint:
            self._say(f"mockglm: {said}", hint)

    def _say(self, message: str, hint: str) -> None:
        """Tell what is wrong and what to do about it; the latter once."""
        self._tell(self._redactor.text(message))
        if hint and hint not in self._told:
            self._told.add(hint)
            self._tell(f"  {hint}")


async def _finish(answer: Response, send: Send, wire: Wire | None) -> None:
    """End the answer for the client as it ended for us."""
    if answer.end == "done":
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    if wire is None or wire.gone.done():
        return
    if answer.end == "reset":
        await wire.wait_sent()
        wire.reset()
    else:
        wire.close()
    await wire.gone


async def _send(answer: Response, send: Send) -> None:
    headers = [*encode_fields(answer.headers), (b"content-length", b"%d" % len(answer.body))]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
