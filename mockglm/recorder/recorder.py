"""Asks the service, passes its answer on, and has the exchange on disk before the next begins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from mockglm.cassette import Cassette, redacted, settled
from mockglm.chat import refuse
from mockglm.errors import FileError
from mockglm.exchange import Answer, Exchange, Failure, Request
from mockglm.recorder.advice import advice
from mockglm.recorder.keys import bare
from mockglm.recorder.passage import Passage, Send, Wire
from mockglm.recorder.upstream import Upstream
from mockglm.redact import Redactor

__all__ = ["Passed", "Recorder"]

Tell = Callable[[str], None]

DRAIN = 5.0
"""Seconds a service is given to end an answer whose client left when it was nearly whole."""

UNREACHED = 502
"""The status of what mockglm says for a service that does not answer; the service's own nginx has
it for the same."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What came of a request: the exchange as the client saw it, without secrets, and what is
    worth knowing of it."""

    exchange: Exchange
    notes: tuple[str, ...] = ()


LEFT = "the client left"


class Recorder:
    """Records one service into one cassette. `tell` is given lines for people to read.

    `cassette` of None passes on without recording; `redactor` learns every key in use.
    """

    def __init__(
        self,
        upstream: Upstream,
        cassette: Cassette | None,
        redactor: Redactor,
        *,
        tell: Tell = lambda line: None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.upstream = upstream
        self.cassette = cassette
        self._redactor = redactor
        self._tell = tell
        self._told: set[str] = set()
        self._wall = wall
        self._writing = asyncio.Lock()

    async def forward(
        self, request: Request, send: Send, wire: Wire | None = None, log_id: str = ""
    ) -> Passed:
        """Ask the service, and answer the client with what it says, as it says it.

        Where the service does not answer, the client gets an error in GLM's envelope with `log_id`,
        and nothing is recorded. An answer that broke off ends so for the client, too.
        """
        async with self._writing:
            pass  # what ended before this begins is on disk
        credential = bare(self.upstream.authorization(request.header("authorization")))
        self._redactor.learn(credential)
        started = self._wall()
        passage = Passage(asyncio.get_running_loop().time())
        error = await self._pass(request, passage, send, wire)
        answer = passage.answer
        if answer is None and error is not LEFT:
            return await self._unreached(request, error, started, send, log_id)
        if answer is None:
            return Passed(redacted(Exchange(request, None, started, error), self._redactor))
        exchange = redacted(Exchange(request, settled(answer), started, error), self._redactor)
        self._advise(answer, credential)
        notes = await self._keep(exchange)
        await _finish(answer, send, wire)
        return Passed(exchange, notes)

    async def close(self) -> None:
        """Let go of the service and of the cassette."""
        await self.upstream.close()
        if self.cassette is not None:
            await asyncio.to_thread(self.cassette.close)

    async def _pass(self, request: Request, passage: Passage, send: Send, wire: Wire | None) -> str:
        """Pass the answer on while there is a client; what the transport met, in words."""
        task = asyncio.create_task(self._ask(request, passage, send))
        try:
            if wire is None:
                return await task
            await asyncio.wait((task, wire.gone), return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and passage.is_ending:
                # SDKs hang up after [DONE]; what comes behind it belongs to the answer, too.
                await asyncio.wait((task,), timeout=DRAIN)
            return (await task) if task.done() else LEFT
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def _ask(self, request: Request, passage: Passage, send: Send) -> str:
        import httpx

        try:
            async with self.upstream.ask(request) as response:
                await passage.run(response, send)
        except httpx.ReadError as error:
            passage.end = "reset"
            return _words(error)
        except httpx.ReadTimeout as error:
            passage.end = "hang"
            return f"nothing came for too long ({_words(error)})"
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            return _words(error)
        return ""

    async def _unreached(
        self, request: Request, error: str, started: float, send: Send, log_id: str
    ) -> Passed:
        message = f"mockglm: {self.upstream.base} did not answer: {error}"
        self._say(
            message,
            "is the network there, and the base URL right? A proxy is taken from "
            "HTTPS_PROXY, certificates of your own from --ca",
        )
        failure = Failure(str(UNREACHED), status=UNREACHED, message=message)
        answer = refuse(failure, log_id, "en", (("X-MockGLM-Miss", "1"),))
        await _send(answer, send)
        return Passed(
            redacted(Exchange(request, answer, started, error), self._redactor), ("not recorded",)
        )

    async def _keep(self, exchange: Exchange) -> tuple[str, ...]:
        """Have an exchange on disk; why it is not, if it cannot be."""
        if self.cassette is None:
            return ()
        async with self._writing:
            try:
                await asyncio.to_thread(self.cassette.append, [exchange])
            except OSError as error:
                reason = f"{self.cassette.path}: {error.strerror or error}"
            except FileError as error:
                reason = str(error)
            else:
                return ("recorded",)
        self._say(f"mockglm: not recorded: {reason}", "the client has its answer all the same")
        return (f"not recorded: {reason}",)

    def _advise(self, answer: Answer, credential: str) -> None:
        said, hint = advice(answer, credential)
        if hint:
            self._say(f"mockglm: {said}", hint)

    def _say(self, message: str, hint: str) -> None:
        """Tell what is wrong and what to do about it; the latter once."""
        self._tell(self._redactor.text(message))
        if hint not in self._told:
            self._told.add(hint)
            self._tell(f"  {hint}")


async def _finish(answer: Answer, send: Send, wire: Wire | None) -> None:
    """End the answer for the client as it ended for us."""
    if answer.end == "done":
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    if wire is None or wire.gone.done():
        return
    if answer.end == "reset":
        await wire.sent()
        wire.reset()
    else:
        wire.close()
    await wire.gone


async def _send(answer: Answer, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
    ]
    headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
