"""The relay of one response: every piece goes to the client as it comes, and is remembered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mockglm.cassettes import STATUSES
from mockglm.exchange import End, Headers, Response
from mockglm.limits import Limits
from mockglm.recorder.client import Client
from mockglm.recorder.content_coding import CODING, KNOWN, find_decoder
from mockglm.recorder.forwarding import decode_fields, end_to_end

if TYPE_CHECKING:
    import httpx

NETWORK_DELAY = 0.02
"""Seconds within which bytes that continue a frame, or a body that is no stream, belong to the
piece before: the network divided them, not the service."""

_LAST_FRAME = re.compile(
    rb'"(?:finish|stop)_reason":\s*"|data:\s*\[DONE\]|"type":\s*"message_stop"'
)


class ExcessError(Exception):
    """A response is larger or longer than the recorder's bounds."""


class HeldBytes:
    """The bytes of the responses of all open exchanges, which are bounded together."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.count = 0

    def add(self, size: int) -> None:
        """Count more bytes. Raises ExcessError beyond the bound."""
        self.count += size
        if self.count > self.limits.in_flight:
            raise ExcessError("the responses in flight hold as many bytes as they may")

    def release(self, size: int) -> None:
        self.count -= size


class Relay:
    """A response of the service on its way to the client: the pieces so far, and their times in
    seconds by the clock since the relay was made.

    `end` is the way in which the response ended, `excess` the bound that it exceeded, and
    `is_ending` is True once a piece says that the response is about to be complete.
    """

    def __init__(self, client: Client, clock: Callable[[], float], held: HeldBytes) -> None:
        self.end: End = "close"
        self.excess = ""
        self.is_ending = False
        self._client = client
        self._clock = clock
        self._held = held
        self._limits = held.limits
        self._began = clock()
        self._head: float | None = None
        self._status = 0
        self._headers: Headers = ()
        self._pieces: list[tuple[float, bytearray]] = []
        self._last_read = 0.0
        self._received = 0
        self._size = 0
        self._frames = 0
        self._is_stream = False

    async def run(self, response: httpx.Response) -> None:
        """Forward a response to its end. The pieces so far stay if an exception ends it.

        Raises what httpx raises, also for a status that is not forwarded and for a body of another
        coding than its header says, and ExcessError for a response beyond the bounds.
        """
        if response.status_code not in STATUSES:
            raise _protocol_error(f"{response.status_code} is no status of HTTP")
        self._check_length(response)
        self._head = self._elapsed()
        self._status = response.status_code
        self._headers = _forwarded_headers(response)
        self._is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
        await self._client.begin(self._status, self._headers)
        decoder = find_decoder(_content_coding(response))
        async for received in response.aiter_raw():
            self._received += len(received)
            try:
                for piece in decoder.decode(received):
                    self._add(piece)
                    await self._client.write(piece)
            except ValueError as error:
                coding = _content_coding(response)
                raise _protocol_error(f"the body is not {coding}: {error}") from error
        self.end = "done"

    @asynccontextmanager
    async def bound_time(self) -> AsyncIterator[None]:
        """Bound the time of the block. Raises ExcessError beyond it."""
        most = self._limits.response_time
        try:
            async with asyncio.timeout(most) as timeout:
                yield
        except TimeoutError as error:
            if timeout.expired():
                raise ExcessError(f"the response takes longer than {most:g} s") from error
            raise

    @property
    def response(self) -> Response | None:
        """The response so far; None if none began."""
        if self._head is None:
            return None
        pieces = tuple((at, bytes(piece)) for at, piece in self._pieces)
        return Response(self._status, self._headers, pieces, self.end, self._head)

    def release(self) -> None:
        """Stop counting the bytes of this response as held."""
        self._held.release(self._size)
        self._size = 0

    def _check_length(self, response: httpx.Response) -> None:
        """Raise ExcessError for a body whose length, which the head tells, is beyond the bound."""
        length = response.headers.get("content-length", "")
        if length.isdecimal() and len(length) < 20:
            self._check("bytes", int(length), self._limits.response)

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        self._held.add(len(piece))
        self._check("bytes", max(self._size, self._received), self._limits.response)
        now = self._elapsed()
        continues = bool(self._pieces) and now - self._last_read < NETWORK_DELAY and self._is_open()
        self._last_read = now
        if continues:
            at, before = self._pieces[-1]
            before += piece
            self._pieces[-1] = now if self._is_stream else at, before
        else:
            is_later = self._is_stream or bool(self._pieces)
            self._pieces.append((now if is_later else self._body_start(now), bytearray(piece)))
        if self._is_stream:
            self._frames += piece.count(b"\n\n") + piece.count(b"\r\n\r\n")
            self.is_ending = self.is_ending or _LAST_FRAME.search(piece) is not None
        self._check("frames", max(self._frames, len(self._pieces)), self._limits.frames)

    def _check(self, noun: str, count: int, most: int) -> None:
        if count > most:
            raise ExcessError(f"the response has more than {most:,} {noun}")

    def _is_open(self) -> bool:
        """True if the last piece does not end a frame."""
        return not self._is_stream or not self._pieces[-1][1].endswith((b"\n\n", b"\r\n\r\n"))

    def _body_start(self, now: float) -> float:
        """The time at which a body that is no stream begins: that of the headers if it came with
        them."""
        head = self._head or 0.0
        return head if now - head < NETWORK_DELAY else now

    def _elapsed(self) -> float:
        return self._clock() - self._began


def _protocol_error(message: str) -> Exception:
    import httpx

    return httpx.RemoteProtocolError(message)


def _content_coding(response: httpx.Response) -> str:
    """The content coding of a response; "" for none, as was asked for."""
    name: str = response.headers.get(CODING, "")
    return name.strip().lower()


def _forwarded_headers(response: httpx.Response) -> Headers:
    """The headers that are forwarded.

    The length of the body is not: without it the client knows that it has all of the body only
    when it is told, which is when the exchange is on disk, and yet no byte is held back.
    """
    lines = end_to_end(decode_fields(response.headers.raw))
    omitted = (
        {"content-length", CODING} if _content_coding(response) in KNOWN else {"content-length"}
    )
    return tuple(line for line in lines if line[0].lower() not in omitted)
