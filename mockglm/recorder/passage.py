"""One answer on its way: every piece goes to the client as it comes, and is remembered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from mockglm.cassettes import STATUSES
from mockglm.exchange import End, Headers, Response
from mockglm.limits import Limits
from mockglm.recorder.content_coding import CODING, KNOWN, find_decoder
from mockglm.recorder.header_fields import decode_fields, encode_fields, end_to_end

if TYPE_CHECKING:
    import httpx


Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MEND = 0.02
"""Seconds within which what continues a frame, or a body that is no stream, belongs to what came
before: so far the network cuts, not the service."""

_ENDING = re.compile(rb'"finish_reason":\s*"|data:\s*\[DONE\]')


class Wire(Protocol):
    """What is needed of the connection below ASGI."""

    async def wait_sent(self) -> None:
        """Wait until the client's system has all bytes."""

    def reset(self) -> None:
        """Reset the connection (RST)."""

    def close(self) -> None:
        """Close the connection (FIN)."""

    @property
    def gone(self) -> asyncio.Future[None]:
        """Done when the connection is lost."""


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
            words = "the responses in flight hold as many bytes as they may"
            raise ExcessError(words)

    def release(self, size: int) -> None:
        self.count -= size


class Passage:
    """A response of the service on its way to the client: its pieces so far, and their times in
    seconds by the clock since this was made."""

    def __init__(self, clock: Callable[[], float], held: HeldBytes) -> None:
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
        self.end: End = "close"
        self.excess = ""
        """The bound that the response exceeded."""
        self.is_ending = False
        """True once a piece says that the response is about to be complete."""

    async def run(self, response: httpx.Response, send: Send) -> None:
        """Forward a response to its end. What came of it stays whatever is raised meanwhile.

        Raises what httpx raises, also for a status that is not forwarded and for a body of another
        coding, and ExcessError for a response beyond the bounds.
        """
        if response.status_code not in STATUSES:
            raise _protocol_error(f"{response.status_code} is no status of HTTP")
        self._check_length(response)
        self._head = self._since()
        self._status = response.status_code
        self._headers = _headers(response)
        self._is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
        head = encode_fields(self._headers)
        await send({"type": "http.response.start", "status": self._status, "headers": head})
        decoder = find_decoder(_coding(response))
        async for received in response.aiter_raw():
            self._received += len(received)
            try:
                for piece in decoder.decode(received):
                    self._take(piece)
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            except ValueError as error:
                raise _protocol_error(f"the body is not {_coding(response)}: {error}") from error
        self.end = "done"

    @asynccontextmanager
    async def timed(self) -> AsyncIterator[None]:
        """Bound the time of the block. Raises ExcessError beyond it."""
        most = self._limits.response_time
        try:
            async with asyncio.timeout(most) as bound:
                yield
        except TimeoutError as error:
            if bound.expired():
                raise ExcessError(f"the response takes longer than {most:g} s") from error
            raise

    @property
    def answer(self) -> Response | None:
        """The response as it was seen; None if none began."""
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

    def _take(self, piece: bytes) -> None:
        self._size += len(piece)
        self._held.add(len(piece))
        self._check("bytes", max(self._size, self._received), self._limits.response)
        now = self._since()
        is_mended = bool(self._pieces) and now - self._last_read < MEND and self._is_open()
        self._last_read = now
        if is_mended:
            at, before = self._pieces[-1]
            before += piece
            self._pieces[-1] = now if self._is_stream else at, before
        else:
            is_later = self._is_stream or bool(self._pieces)
            self._pieces.append((now if is_later else self._first(now), bytearray(piece)))
        if self._is_stream:
            self._frames += piece.count(b"\n\n") + piece.count(b"\r\n\r\n")
            self.is_ending = self.is_ending or _ENDING.search(piece) is not None
        self._check("frames", max(self._frames, len(self._pieces)), self._limits.frames)

    def _check(self, noun: str, count: int, most: int) -> None:
        if count > most:
            raise ExcessError(f"the response has more than {most:,} {noun}")

    def _is_open(self) -> bool:
        """True if the last piece does not end a frame."""
        return not self._is_stream or not self._pieces[-1][1].endswith((b"\n\n", b"\r\n\r\n"))

    def _first(self, now: float) -> float:
        """The time at which a body that is no stream begins: that of the headers if it came with
        them."""
        head = self._head or 0.0
        return head if now - head < MEND else now

    def _since(self) -> float:
        return self._clock() - self._began


def _protocol_error(message: str) -> Exception:
    import httpx

    return httpx.RemoteProtocolError(message)


def _coding(response: httpx.Response) -> str:
    """The content coding of a response; "" for none, as was asked for."""
    name: str = response.headers.get(CODING, "")
    return name.strip().lower()


def _headers(response: httpx.Response) -> Headers:
    """The headers that are forwarded.

    The length of the body is not: without it the client knows that it has all of the body only
    when it is told, which is when the exchange is on disk, and yet no byte is held back.
    """
    lines = end_to_end(decode_fields(response.headers.raw))
    left = {"content-length", CODING} if _coding(response) in KNOWN else {"content-length"}
    return tuple(line for line in lines if line[0].lower() not in left)
