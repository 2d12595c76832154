"""Sends an Answer on time: no piece early, and a late one does not delay the next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from email.utils import formatdate
from functools import lru_cache
from time import monotonic
from typing import Any, Protocol

from msgspec import Struct

from mockglm.completions import render_mock_error
from mockglm.errors import FaultError
from mockglm.exchange import Response
from mockglm.http1 import Framing, encode_value, frame_response, header_fields
from mockglm.scheduler import Scheduler

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONNECTION = "mockglm.wire"
"""The extension of the ASGI scope that holds the connection's Wire."""

LARGEST_WRITE = 65536
"""Bytes handed over at once, so that a slow reader is noticed before all is in memory."""

NOTHING = ((0.0, b""),)

LONGEST_HANG = 3600.0
"""Seconds after which a connection that hangs on purpose is closed all the same."""


class Connection(Protocol):
    """The connection below ASGI, as the answer to one request sees it. The serving protocol
    provides it."""

    @property
    def method(self) -> str:
        """The method of the request."""

    @property
    def version(self) -> str:
        """The version of HTTP it came with, as `1.1`."""

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants to use the connection again."""

    @property
    def is_full(self) -> bool:
        """Whether it takes no more for now."""

    @property
    def gone(self) -> asyncio.Future[None]:
        """Done when the connection is lost, whoever ended it."""

    def write(self, data: bytes) -> None:
        """Hand over bytes as they stand."""

    async def drain(self) -> None:
        """Wait until it takes more."""

    async def wait_sent(self) -> None:
        """Wait until the kernel has sent all that was written (where the system can tell)."""

    def finish_response(self, *, closes: bool) -> None:
        """Say that the answer is whole, and close the connection if it can take no other."""

    def reset(self) -> None:
        """Reset the connection (RST)."""

    def close(self) -> None:
        """Close the connection (FIN), whatever was announced."""


class ProgressListener(Protocol):
    """Who wants to know how far an answer is. `started` is the monotonic time of the request."""

    started: float

    def on_first_chunk(self) -> None:
        """Called before the first bytes of the body go."""

    def on_last_chunk(self) -> None:
        """Called before the last bytes go, so that what it writes down is there when the client
        has its answer."""


class Player:
    """Plays answers to clients. One for each event loop."""

    def __init__(self) -> None:
        self.scheduler = Scheduler()
        self._stopped = False

    def stop(self) -> None:
        """End every answer where it is: the server is going down."""
        self._stopped = True
        self.scheduler.wake_all()

    async def play(
        self, answer: Response, send: Send, watch: ProgressListener, wire: Connection | None = None
    ) -> bool:
        """Send the answer; True when all of it went out and the message is complete.

        Without a wire it goes through ASGI's `send`; where it needs one, the client is told so
        instead.
        """
        if wire is None:
            is_unheld = needs_connection(answer)
            await self._send_asgi(_unsupported(answer) if is_unheld else answer, send, watch)
            return not is_unheld
        if answer.head and not await self._until(watch.started + answer.head, wire):
            return False
        framing = frame_response(
            answer, _date_header(), method=wire.method, version=wire.version, stays=wire.keep_alive
        )
        flow = Transmission.for_response(answer, framing, watch, wire)
        due = flow.advance()
        while not flow.is_complete:
            if due is None:
                await wire.drain()
            if not await self._until(due or 0.0, wire, flow):
                return False
            due = flow.advance()
        if answer.end == "done" and not wire.gone.done():
            wire.finish_response(closes=framing.closes_connection)
            return True
        await self._end_connection(answer, wire)
        return False

    async def _end_connection(self, answer: Response, wire: Connection) -> None:
        """End the connection as the answer says."""
        if answer.end == "hang":
            await self._until(monotonic() + LONGEST_HANG, wire)
        if answer.end == "reset" and not wire.gone.done():
            await wire.wait_sent()
            wire.reset()
        elif not wire.gone.done():
            wire.close()
        await wire.gone

    async def _until(self, due: float, wire: Connection, flow: Transmission | None = None) -> bool:
        """Wait for a time, or until all of a flow that can go has gone; False when the client left
        before, or the server stops."""
        if due > monotonic() and not self._stopped:
            await self.scheduler.wait(due, flow.advance if flow else None, until=wire.gone)
        if self._stopped and not wire.gone.done():
            wire.close()
            await wire.gone
        return not wire.gone.done()

    async def _send_asgi(self, answer: Response, send: Send, watch: ProgressListener) -> None:
        """Send an answer in the words of ASGI."""
        await self._sleep(watch.started + (answer.head or 0.0))
        lines = header_fields(answer, _date_header())
        headers = [(name.encode(), encode_value(value)) for name, value in lines]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        pieces = answer.chunks or NOTHING
        for index, (at, piece) in enumerate(pieces, 1):
            await self._sleep(watch.started + at)
            if index == 1:
                watch.on_first_chunk()
            if index == len(pieces):
                watch.on_last_chunk()
            more = index < len(pieces)
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    async def _sleep(self, due: float) -> None:
        if due > monotonic() and not self._stopped:
            await self.scheduler.wait(due)


class Transmission(Struct, eq=False):
    """An answer on its way over a wire: what is due goes, as far as the wire takes it.

    `head` goes before the first bytes, `ending` behind the last; `held` is what the wire had no
    room for, the next at its end.
    """

    framing: Framing
    listener: ProgressListener
    connection: Connection
    chunks: Iterator[tuple[float, bytes]]
    next: tuple[float, bytes] | None
    head: bytes
    ending: bytes
    pending: list[bytes] = []
    is_begun: bool = False

    @classmethod
    def for_response(
        cls, answer: Response, framing: Framing, watch: ProgressListener, wire: Connection
    ) -> Transmission:
        """The flow of an answer none of which has gone."""
        pieces = iter(answer.chunks or NOTHING)
        ending = framing.ending if answer.end == "done" else b""
        return cls(framing, watch, wire, pieces, next(pieces, None), framing.head, ending)

    @property
    def is_complete(self) -> bool:
        """Whether all of it has been handed over."""
        return self.next is None and not self.pending

    def advance(self) -> float | None:
        """Hand over what is due: when the next piece is; None when there is none, or the wire is
        full."""
        while self.next is not None or self.pending:
            if self.connection.is_full:
                return None
            if self.pending or self.next is None:
                self.connection.write(self.pending.pop())
                continue
            at, piece = self.next
            due = self.listener.started + at
            if due > monotonic():
                if self.head:
                    self._write(b"")
                return due
            self._take(piece)
        return None

    def _take(self, piece: bytes) -> None:
        if not self.is_begun:
            self.is_begun = True
            self.listener.on_first_chunk()
        data = self.framing.encode_chunk(piece)
        self.next = next(self.chunks, None)
        if self.next is None:
            self.listener.on_last_chunk()
            data += self.ending
        self._write(data)

    def _write(self, data: bytes) -> None:
        """Hand over, with the head before it if that has not gone yet."""
        if self.head:
            data, self.head = self.head + data, b""
        if len(data) > LARGEST_WRITE:
            parts = [data[at : at + LARGEST_WRITE] for at in range(0, len(data), LARGEST_WRITE)]
            self.pending = parts[::-1]
        elif data:
            self.connection.write(data)


def needs_connection(answer: Response) -> bool:
    """Whether the answer says what ASGI cannot: its own framing, no head, or an unclean end."""
    return answer.raw or answer.head is None or answer.end != "done"


def _unsupported(response: Response) -> Response:
    """Return the report that this server cannot send a response as it is meant."""
    name = "its framing" if response.end == "done" else response.end
    reason = "this server does not hold the connection; `mockglm serve` does"
    return render_mock_error(str(FaultError(name, reason)), response.header("x-log-id"))


def _date_header() -> str:
    return _date(int(time.time()))


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
