"""Asks the service, passes its answer on, and has the exchange on disk before the next begins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from mockglm.cassette import Cassette, redacted, settled
from mockglm.errors import FileError
from mockglm.exchange import Answer, Exchange, Request
from mockglm.recorder.advice import advice
from mockglm.recorder.keys import bare
from mockglm.recorder.passage import Passage, Send, Wire
from mockglm.recorder.upstream import Upstream
from mockglm.redact import Redactor

__all__ = ["Passed", "Recorder"]

Tell = Callable[[str], None]
Watch = Callable[["Passed"], None]

DRAIN = 5.0
"""Seconds a service is given to end an answer whose client left when it was nearly whole."""

UNREACHED = 502
"""The status of what mockglm says for a service that does not answer; the service's own nginx has
it for the same."""


UNREACHED_HINT = (
    "is the network there, and the base URL right? A proxy is taken from HTTPS_PROXY, certificates "
    "of your own from --ca"
)


@dataclass(frozen=True, slots=True)
class Passed:
    """What came of a request: the exchange as the client saw it, without secrets, and what is
    worth knowing of it."""

    exchange: Exchange
    notes: tuple[str, ...] = ()


LEFT = "the client left"


class Recorder:
    """Records one service into one cassette. `tell` is given lines for people to read, `watch` what
    came of each request that was answered whole or cut by the service.

    `cassette` of None passes on without recording; `redactor` learns every key in use.
    """

    def __init__(
        self,
        upstream: Upstream,
        cassette: Cassette | None,
        redactor: Redactor,
        *,
        tell: Tell = lambda line: None,
        watch: Watch = lambda passed: None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.upstream = upstream
        self.cassette = cassette
        self._redactor = redactor
        self._tell = tell
        self._watch = watch
        self._told: set[str] = set()
        self._wall = wall
        self._writing = asyncio.Lock()

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
        broke off ends so for the client, too.
        """
        async with self._writing:
            pass  # what ended before this begins is on disk
        credential = bare(self.upstream.authorization(request.header("authorization")))
        self._redactor.learn(credential)
        started = self._wall()
        passage = Passage(asyncio.get_running_loop().time())
        error = await self._pass(request, passage, send, wire)
        exchange = Exchange(request, passage.answer, started, error)
        if passage.answer is not None:
            self._advise(passage.answer, credential)
            passed = await self._keep(exchange)
            if error is not LEFT:
                self._watch(passed)
            seen(passed)
            await _finish(passage.answer, send, wire)
        elif error is LEFT:
            seen(Passed(redacted(exchange, self._redactor), (LEFT,)))
        else:
            answer = self._unreached(error)
            exchange = replace(exchange, answer=answer)
            seen(Passed(redacted(exchange, self._redactor), ("not recorded: no answer",)))
            await _send(answer, send)

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

    async def _keep(self, exchange: Exchange) -> Passed:
        """Have an exchange on disk, and say why it is not, if it cannot be."""
        assert exchange.answer is not None
        answer = settled(exchange.answer)
        exchange = redacted(replace(exchange, answer=answer), self._redactor)
        notes = ("cut",) if answer.end != "done" else ()
        if self.cassette is None:
            return Passed(exchange, notes)
        async with self._writing:
            reason = await asyncio.to_thread(_appended, self.cassette, exchange)
        if not reason:
            return Passed(exchange, ("recorded", *notes))
        self._say(f"mockglm: not recorded: {reason}", "the client has its answer all the same")
        return Passed(exchange, ("not recorded", *notes))

    def _unreached(self, error: str) -> Answer:
        """What the client gets of a service that does not answer; GLM's envelope, but marked."""
        message = f"mockglm: {self.upstream.base} did not answer: {error}"
        self._say(message, UNREACHED_HINT)
        body = {"error": {"code": str(UNREACHED), "message": message}}
        headers = (("Content-Type", "application/json; charset=UTF-8"), ("X-MockGLM-Miss", "1"))
        return Answer(UNREACHED, headers, ((0.0, msgspec.json.encode(body)),))

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


def _appended(cassette: Cassette, exchange: Exchange) -> str:
    """Append an exchange; why that cannot be, if so."""
    try:
        cassette.append([exchange])
    except OSError as error:
        return f"{cassette.path}: {error.strerror or error}"
    except FileError as error:
        return str(error)
    return ""


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
