"""The language model: it answers a request that nothing else answers, piece by piece."""

from __future__ import annotations

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING

from msgspec.structs import replace

from mockglm.completions import MISS_HEADER, Renderer
from mockglm.errors import UpstreamError
from mockglm.exchange import APIError, Request, Response
from mockglm.http1 import date_header
from mockglm.language_model.completion_request import write_request
from mockglm.language_model.deltas import Delta, PartialAnswer, describe_error
from mockglm.language_model.frames import GrowingStream, exact_chunking
from mockglm.limits import DEFAULT, Limits
from mockglm.player import Connection, Player, Send
from mockglm.recorder import Upstream
from mockglm.recorder.client import Client
from mockglm.recorder.relay import ExcessError, HeldBytes
from mockglm.server import (
    DEFAULT_MODEL,
    RequestContext,
    complete_response,
    enter_response,
    render_reply,
)
from mockglm.surfaces import CHAT
from mockglm.urls import is_cross_site
from mockglm.validation.types import decode_json

if TYPE_CHECKING:
    import httpx

OVERLOADED, REFUSED, FAILED = "1305", "1210", "1234"
CODES = {429: OVERLOADED, 400: REFUSED, 404: REFUSED, 413: REFUSED, 422: REFUSED}
"""GLM's codes by the status of the server; its other failures are told as network errors."""
MAX_CALLS = 64
"""Calls of one answer: each is rendered with those before it, which blocks the loop."""

MAX_ERROR = 64 * 1024
MAX_SHOWN = 300


class ModelFailureError(Exception):
    """The server of the model gave no answer; `code` is GLM's code for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LanguageModel:
    """Answers requests by an OpenAI-compatible server, `upstream`.

    `model` is the id that the server gets; empty, it gets the id that the client sent.
    """

    def __init__(self, upstream: Upstream, model: str = "", *, limits: Limits = DEFAULT) -> None:
        self.upstream = upstream
        self.model = model
        self._held = HeldBytes(limits)
        self._limits = limits

    async def answer(
        self,
        context: RequestContext,
        player: Player,
        send: Send,
        *,
        connection: Connection | None,
    ) -> None:
        """Answer a request; if the client leaves, so does the request to the server."""
        if self.upstream.key and is_cross_site(context.request.headers):
            refusal = context.refuse(
                403, "mockglm: pages of other sites cannot use the model's key"
            )
            await player.play(refusal, send, context, connection=connection)
            return
        context.session.journal.learn(self.upstream.key)
        task = asyncio.create_task(self._answer(context, player, send, connection=connection))
        waiting = (task, connection.gone) if connection else (task,)
        try:
            await asyncio.wait(waiting, return_when=FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def close(self) -> None:
        await self.upstream.close()

    async def _answer(
        self,
        context: RequestContext,
        player: Player,
        send: Send,
        *,
        connection: Connection | None,
    ) -> None:
        answer = _begin_answer(context)
        session = context.session
        is_faulty = context.url_faults or session.standing_faults or session.queued_faults
        try:
            if context.is_stream and not is_faulty:
                await self._stream(context, answer, Client(send, connection))
                context.close(is_complete=True)
                return
            async for _ in self._deltas(context, answer):
                pass
            renderer = Renderer(answer.reply, exact_chunking(answer))
            response = complete_response(context, render_reply(context, renderer, speed=0))
        except ModelFailureError as failure:
            response = complete_response(context, self._tell(context, failure))
        finally:
            self._held.release(answer.held)
        is_complete = await player.play(response, send, context, connection=connection)
        context.close(is_complete=is_complete)

    async def _stream(self, context: RequestContext, answer: PartialAnswer, client: Client) -> None:
        """Send each delta as it comes, then the rest, before which the journal has all of it."""
        profile = context.model or DEFAULT_MODEL
        fields = context.response_fields(profile)
        tool_stream = bool(context.chat and context.chat.tool_stream and profile.tool_stream)
        frames = GrowingStream(context.surface, fields, tool_stream=tool_stream)
        pieces: list[tuple[float, bytes]] = []

        head = enter_response(context, frames.complete(answer)[0])

        async def write(data: bytes) -> None:
            if not pieces:
                context.on_first_chunk()
                lines = tuple((name.lower(), value) for name, value in head.headers)
                await client.begin(head.status, (("date", date_header()), *lines))
            pieces.append((monotonic() - context.started, data))
            await client.write(data)

        async for delta in self._deltas(context, answer):
            if data := frames.add(delta):
                await write(data)
        _, rest = frames.complete(answer)
        context.finish_reason = answer.reply.finish_reason
        last = (monotonic() - context.started, rest)
        complete_response(context, replace(head, chunks=(*pieces, last)))
        context.on_last_chunk()
        await write(rest)
        await client.end(head)

    async def _deltas(self, context: RequestContext, answer: PartialAnswer) -> AsyncIterator[Delta]:
        """Yield the deltas of the server's answer. Raises ModelFailureError if there is none.

        An answer that breaks off ends without a finish reason, which is noted.
        """
        import httpx

        try:
            async with self._send(context) as response:
                async for delta in self._read(response, answer):
                    yield delta
        except (httpx.HTTPError, httpx.InvalidURL, UpstreamError, ExcessError, OSError) as error:
            told = f"{type(error).__name__} {error}".rstrip()
            if not answer.size and not answer.calls:
                raise ModelFailureError(FAILED, f"{self.upstream.base}: {told}") from error
            answer.error = told
        for delta in answer.end():
            yield delta
        is_whole = answer.is_done or answer.finish_reason
        if answer.error or not is_whole:
            if not answer.size and not answer.calls:
                told = answer.error or "the answer has neither text nor end"
                raise ModelFailureError(FAILED, f"{self.upstream.base}: {told}")
            told = answer.error or "the answer ended early"
            context.notes += (self._redact(context, f"the model broke off: {told}"),)

    @asynccontextmanager
    async def _send(self, context: RequestContext) -> AsyncIterator[httpx.Response]:
        """Send the request; yield the response if it is one of the model."""
        assert context.chat is not None
        headers = (("content-type", "application/json"), ("accept", "text/event-stream"))
        body = write_request(context.chat, self.model)
        request = Request("POST", CHAT.path, "", headers, body)
        try:
            async with (
                asyncio.timeout(self._limits.response_time) as timeout,
                self.upstream.send(request) as response,
            ):
                if response.status_code != 200:
                    raise await self._failure(response)
                yield response
        except TimeoutError as error:
            if timeout.expired():
                raise ExcessError("the answer takes too long") from error
            raise

    async def _failure(self, response: httpx.Response) -> ModelFailureError:
        body = b""
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > MAX_ERROR:
                break
        said = describe_error(decode_json(body))[:MAX_SHOWN]
        status = response.status_code
        told = f"{self.upstream.base} answered {status}{': ' if said else ''}{said}"
        return ModelFailureError(CODES.get(status, FAILED), told)

    async def _read(self, response: httpx.Response, answer: PartialAnswer) -> AsyncIterator[Delta]:
        is_stream = "json" not in response.headers.get("content-type", "")
        whole: list[bytes] = []
        received = 0
        async for piece in response.aiter_bytes():
            received += len(piece)
            if received > self._limits.response:
                raise ExcessError(f"the answer has more than {self._limits.response:,} bytes")
            if not is_stream:
                whole.append(piece)
                continue
            for delta in answer.feed(piece):
                if len(answer.calls) > MAX_CALLS:
                    raise ExcessError(f"the answer has more than {MAX_CALLS} calls")
                yield delta
            self._hold(answer)
            if answer.is_done:
                return
        if whole:
            for delta in answer.feed_whole(b"".join(whole)):
                yield delta
            self._hold(answer)

    def _hold(self, answer: PartialAnswer) -> None:
        new, answer.held = answer.size - answer.held, answer.size
        self._held.add(new)

    def _tell(self, context: RequestContext, failure: ModelFailureError) -> Response:
        """Tell a failure as GLM tells its own, with a mark of mockglm."""
        message = self._redact(context, f"mockglm: no answer of the language model: {failure}")
        context.code = failure.code
        context.notes += (message,)
        return context.surface.render_error(
            APIError(failure.code, message=message),
            context.log_id,
            language=context.language,
            headers=((MISS_HEADER, "1"),),
            request=context.request,
        )

    def _redact(self, context: RequestContext, text: str) -> str:
        if self.upstream.key:
            text = text.replace(self.upstream.key, "***")
        return context.session.journal.redact_text(text, context.request)


def _begin_answer(context: RequestContext) -> PartialAnswer:
    """Begin the answer of a model that thinks as the request and the model's row say."""
    profile = context.model or DEFAULT_MODEL
    thinking = context.chat.thinking if context.chat else None
    is_disabled = thinking is not None and thinking.type == "disabled"
    takes = profile.thinking == "always" or (profile.thinking == "optional" and not is_disabled)
    return PartialAnswer(takes_reasoning=takes, has_tags=profile.thought == "tags")
