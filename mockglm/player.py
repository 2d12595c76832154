"""The player: sends responses on time, no chunk early, and no late chunk delays the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from time import monotonic
from typing import Any, Protocol

from msgspec import Struct

from mockglm.completions import render_mock_error
from mockglm.errors import FaultError
from mockglm.exchange import Response
from mockglm.http1 import (
    MAX_WRITE,
    Framing,
    date_header,
    encode_value,
    frame_response,
    header_fields,
)
from mockglm.scheduler import Scheduler

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CONNECTION = "mockglm.connection"
"""The extension of the ASGI scope that holds the request's Connection."""

MAX_HANG = 3600.0
"""Seconds after which a connection that hangs on purpose is closed."""

_EMPTY_BODY = ((0.0, b""),)


class Connection(Protocol):
    """The client's connection below ASGI, for one request; provided by the serving protocol."""

    @property
    def method(self) -> str:
        """The method of the request."""

    @property
    def version(self) -> str:
        """The version of HTTP of the request, as `1.1`."""

    @property
    def keep_alive(self) -> bool:
        """False if the client wants the connection closed after the response."""

    @property
    def is_full(self) -> bool:
        """True while the write buffer is above its limit."""

    @property
    def gone(self) -> asyncio.Future[None]:
        """Done when the connection is lost, whoever closed it."""

    def write(self, data: bytes) -> None:
        """Write bytes without any framing."""

    async def drain(self) -> None:
        """Wait until the write buffer has room."""

    async def wait_sent(self) -> None:
        """Wait until the kernel has sent all that was written, where the system can tell."""

    def finish_response(self, *, closes: bool) -> None:
        """Mark the response as complete, and close the connection if it can carry no other."""

    def reset(self) -> None:
        """Reset the connection (RST)."""

    def close(self) -> None:
        """Close the connection (FIN), whatever the head announced."""


class ProgressListener(Protocol):
    """Is notified of a transmission's progress; `started` is the request's time.monotonic()."""

    started: float

    def on_first_chunk(self) -> None:
        """Called before the first bytes of the body are written."""

    def on_last_chunk(self) -> None:
        """Called before the last bytes are written, so that the journal is up to date when the
        client has the response."""

    def on_break(self, sent: int) -> None:
        """Called when no more is sent before the end, with the number of chunks that were."""


class Player:
    """Sends responses. One for each event loop."""

    def __init__(self) -> None:
        self.scheduler = Scheduler()
        self._stopped = False

    def stop(self) -> None:
        """Cut every response off: the server shuts down."""
        self._stopped = True
        self.scheduler.wake_all()

    async def play(
        self,
        response: Response,
        send: Send,
        listener: ProgressListener,
        *,
        connection: Connection | None = None,
    ) -> bool:
        """Send a response; return True if all of it was sent and the message is complete.

        Without a connection it goes through ASGI's `send`. A response that needs a connection is
        then replaced by an error that says so.
        """
        if connection is None:
            is_unsupported = needs_connection(response)
            sent = _unsupported(response) if is_unsupported else response
            await self._send_asgi(sent, send, listener)
            return not is_unsupported
        if response.head and not await self._wait(listener.started + response.head, connection):
            listener.on_break(0)
            return False
        framing = frame_response(
            response,
            date_header(),
            method=connection.method,
            version=connection.version,
            keep_alive=connection.keep_alive,
        )
        transmission = Transmission.start(response, framing, listener, connection=connection)
        if not await self._transmit(transmission):
            listener.on_break(transmission.sent)
            return False
        if response.end == "done" and not connection.gone.done():
            connection.finish_response(closes=framing.closes_connection)
            return True
        await self._break_off(response, connection)
        return False

    async def _transmit(self, transmission: Transmission) -> bool:
        """Write a response as it becomes due; return False if the client left before its end."""
        connection = transmission.connection
        due = transmission.advance()
        while not transmission.is_complete:
            if due is None:
                await connection.drain()
            if not await self._wait(due or 0.0, connection, transmission):
                return False
            due = transmission.advance()
        return True

    async def _break_off(self, response: Response, connection: Connection) -> None:
        """End the connection as the response demands."""
        if response.end == "hang":
            await self._wait(monotonic() + MAX_HANG, connection)
        if response.end == "reset" and not connection.gone.done():
            await connection.wait_sent()
            connection.reset()
        elif not connection.gone.done():
            connection.close()
        await connection.gone

    async def _wait(
        self, due: float, connection: Connection, transmission: Transmission | None = None
    ) -> bool:
        """Wait for a time, or until a transmission has written all it can.

        Returns False if the client left before, or the server shuts down.
        """
        if due > monotonic() and not self._stopped:
            advance = transmission.advance if transmission else None
            await self.scheduler.wait(due, advance, until=connection.gone)
        if self._stopped and not connection.gone.done():
            connection.close()
            await connection.gone
        return not connection.gone.done()

    async def _send_asgi(self, response: Response, send: Send, listener: ProgressListener) -> None:
        await self._sleep(listener.started + (response.head or 0.0))
        fields = header_fields(response, date_header())
        headers = [(name.encode(), encode_value(value)) for name, value in fields]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        chunks = response.chunks or _EMPTY_BODY
        sent = 0
        try:
            for number, (at, chunk) in enumerate(chunks, 1):
                await self._sleep(listener.started + at)
                if number == 1:
                    listener.on_first_chunk()
                is_last = number == len(chunks)
                if is_last:
                    listener.on_last_chunk()
                await send({"type": "http.response.body", "body": chunk, "more_body": not is_last})
                sent = number
        finally:
            if sent < len(chunks):
                listener.on_break(sent)

    async def _sleep(self, due: float) -> None:
        if due > monotonic() and not self._stopped:
            await self.scheduler.wait(due)


class Transmission(Struct, eq=False):
    """One response being sent over a connection: what is due is written, while there is room.

    `head` goes before the first bytes, `ending` after the last. `pending` holds the parts of a
    large chunk that are not yet written, the next one last; `begun` counts the chunks of which some
    was written.
    """

    framing: Framing
    listener: ProgressListener
    connection: Connection
    chunks: Iterator[tuple[float, bytes]]
    next: tuple[float, bytes] | None
    head: bytes
    ending: bytes
    pending: list[bytes] = []
    begun: int = 0

    @classmethod
    def start(
        cls,
        response: Response,
        framing: Framing,
        listener: ProgressListener,
        *,
        connection: Connection,
    ) -> Transmission:
        chunks = iter(response.chunks or _EMPTY_BODY)
        ending = framing.ending if response.end == "done" else b""
        first = next(chunks, None)
        return cls(framing, listener, connection, chunks, first, framing.head, ending)

    @property
    def is_complete(self) -> bool:
        return self.next is None and not self.pending

    @property
    def sent(self) -> int:
        """The number of chunks that were written whole."""
        return self.begun - bool(self.pending)

    def advance(self) -> float | None:
        """Write what is due.

        Returns the time of the next chunk, None if there is none or the connection is full.
        """
        while self.next is not None or self.pending:
            if self.connection.is_full:
                return None
            if self.pending or self.next is None:
                self.connection.write(self.pending.pop())
                continue
            at, chunk = self.next
            due = self.listener.started + at
            if due > monotonic():
                if self.head:
                    self._write(b"")
                return due
            self._send(chunk)
        return None

    def _send(self, chunk: bytes) -> None:
        if not self.begun:
            self.listener.on_first_chunk()
        self.begun += 1
        data = self.framing.encode_chunk(chunk)
        self.next = next(self.chunks, None)
        if self.next is None:
            self.listener.on_last_chunk()
            data += self.ending
        self._write(data)

    def _write(self, data: bytes) -> None:
        """Write bytes, after the head if that has not been written yet."""
        if self.head:
            data, self.head = self.head + data, b""
        if len(data) > MAX_WRITE:
            parts = [data[at : at + MAX_WRITE] for at in range(0, len(data), MAX_WRITE)]
            self.pending = parts[::-1]
        elif data:
            self.connection.write(data)


def needs_connection(response: Response) -> bool:
    """True if ASGI cannot send the response: it frames itself, has no head, or ends uncleanly."""
    return response.raw or response.head is None or response.end != "done"


def _unsupported(response: Response) -> Response:
    """Return an error that says why a response cannot be sent without a connection."""
    name = "its framing" if response.end == "done" else response.end
    reason = "this server does not hold the connection; `mockglm serve` does"
    return render_mock_error(str(FaultError(name, reason)), response.header("x-log-id"))
