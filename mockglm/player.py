"""Sends an Answer on time: what is due together goes together, nothing early, nothing adrift."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from email.utils import formatdate
from functools import lru_cache, partial
from heapq import heappop, heappush
from http import HTTPStatus
from itertools import count, islice
from math import ceil
from time import monotonic
from typing import Any, Protocol

from mockglm.chat import refuse
from mockglm.errors import FaultError
from mockglm.exchange import Answer, Failure
from mockglm.session.play import MISS, UNABLE

__all__ = ["WIRE", "Player", "Ticker", "Watch", "Wire", "needs_wire"]

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

WIRE = "mockglm.wire"
"""The extension of the ASGI scope that holds the connection's Wire."""

TICK = 0.001
"""Seconds between two looks at what is due; all streams share one timer."""

LARGEST_WRITE = 65536
"""Bytes handed over at once, so that a slow reader is noticed before all is in memory."""


NOTHING = ((0.0, b""),)
Lines = list[tuple[bytes, bytes]]
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
BODILESS = (204, 304)

LONGEST_HANG = 3600.0
"""Seconds after which a connection that hangs on purpose is closed all the same."""


class Wire(Protocol):
    """The connection below ASGI, for what ASGI cannot say. The serving protocol provides it."""

    def write(self, data: bytes) -> None:
        """Hand over bytes as they stand, without any framing."""

    def part(self, body: bytes) -> bool:
        """Hand over a part of a body that has begun, in its framing; whether more is taken now."""

    def respond(self, head: bytes, body: Iterable[bytes], is_last: bool) -> bool:
        """Hand over a whole answer, its head as it stands, and close if it says that it is the
        last; whether more is taken now."""

    async def drain(self) -> None:
        """Wait until the connection takes more."""

    async def sent(self) -> None:
        """Wait until the kernel has sent all that was written (where the system can tell)."""

    def reset(self) -> None:
        """Reset the connection (RST)."""

    def close(self) -> None:
        """Close the connection (FIN), whatever was announced."""

    @property
    def gone(self) -> asyncio.Future[None]:
        """Done when the connection is lost, whoever ended it."""


class Watch(Protocol):
    """Who wants to know how far an answer is. `started` is the monotonic time of the request."""

    started: float

    def first(self) -> None:
        """Called before the first bytes of the body go, perhaps again before later ones."""

    def last(self) -> None:
        """Called before the last bytes go, so that what it writes down is there when the client
        has its answer."""


Turn = Callable[[], float | None]
"""What is done when it is due; it returns when it is due again, None if it is not."""


class Ticker:
    """One timer for all streams of a loop: it wakes whoever is due, and none early.

    All times are time.monotonic(), for uvloop's own is as old as the turn of the loop.
    """

    def __init__(self) -> None:
        self._due: list[tuple[float, int, asyncio.Future[None], Turn | None]] = []
        self._order = count()
        self._timer: asyncio.Handle | None = None
        self._next = 0.0

    def wake(self, at: float, turn: Turn | None = None) -> asyncio.Future[None]:
        """A future that is done at that time; a turn is taken then, and as long as it wants to be
        the future is not done."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        heappush(self._due, (at, next(self._order), future, turn))
        if self._timer is None or at < self._next:
            self._arm(loop, monotonic())
        return future

    def _arm(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = max(self._due[0][0], now + TICK)
        # Rounded up, for uvloop's timers count milliseconds and would be early.
        self._timer = loop.call_later(ceil((self._next - now) / TICK) * TICK, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = monotonic()
        while self._due and self._due[0][0] <= now:
            _, order, future, turn = heappop(self._due)
            again = turn() if turn and not future.done() else None
            if again is not None:
                heappush(self._due, (again, order, future, turn))
            else:
                _settle(future)
        if self._due:
            self._arm(loop, monotonic())

    def wake_all(self) -> None:
        """Wake everybody, due or not."""
        for _, _, future, _ in self._due:
            _settle(future)
        self._due.clear()


class Player:
    """Plays answers to clients. One for each event loop."""

    def __init__(self) -> None:
        self._ticker = Ticker()
        self._stopped = False

    def stop(self) -> None:
        """End every answer where it is: the server is going down."""
        self._stopped = True
        self._ticker.wake_all()

    async def play(
        self, answer: Answer, send: Send, watch: Watch, wire: Wire | None = None
    ) -> bool:
        """Send the answer; True when all of it went out and the message is complete.

        Where the answer needs a wire and there is none, the client is told so instead.
        """
        if not needs_wire(answer):
            if wire is not None and _is_short(answer):
                return await self._play_whole(answer, watch, wire)
            return await self._play_framed(answer, send, watch, wire)
        if wire is None:
            await self._play_framed(_unheld(answer), send, watch, wire)
            return False
        return await self._play_below(answer, watch, wire)

    async def _play_whole(self, answer: Answer, watch: Watch, wire: Wire) -> bool:
        """Send head and body at once: for what ASGI says in two messages it costs a tenth more."""
        (at, piece), *_ = answer.pieces
        due = watch.started + at
        if due > monotonic() and not await self._until(due, wire):
            return False
        watch.first()
        watch.last()
        if not wire.respond(*_sealed(answer, piece)):
            await wire.drain()
        return not wire.gone.done()

    async def _play_framed(
        self, answer: Answer, send: Send, watch: Watch, wire: Wire | None
    ) -> bool:
        pieces = answer.pieces or NOTHING
        if not await self._until(watch.started + (answer.head or 0.0), wire):
            return False
        await send(_start(answer))
        begun, last = 0, len(pieces) - 1
        if wire is not None and _flows(answer):
            if not await self._flow(answer, watch, wire):
                return False
            begun = last
        for index, (at, piece) in enumerate(pieces[begun:], begun):
            if not await self._until(watch.started + at, wire):
                return False
            if index == 0:
                watch.first()
            if index == last:
                watch.last()
            for start in range(0, len(piece) or 1, LARGEST_WRITE):
                stop = start + LARGEST_WRITE
                more = index < last or stop < len(piece)
                part = piece[start:stop]
                await send({"type": "http.response.body", "body": part, "more_body": more})
        return wire is None or not wire.gone.done()

    async def _play_below(self, answer: Answer, watch: Watch, wire: Wire) -> bool:
        """Frame and end the answer by hand, on the connection itself."""
        if answer.head is not None and await self._until(watch.started + answer.head, wire):
            is_framed = answer.raw or _is_sized(answer)
            wire.write(_head(answer) + (b"\r\n" if is_framed else CHUNKED))
        for at, piece in answer.pieces:
            if not await self._until(watch.started + at, wire):
                return False
            watch.first()
            wire.write(_framed(answer, piece))
            await wire.drain()
        watch.last()
        if answer.end == "hang":
            await self._until(monotonic() + LONGEST_HANG, wire)
        await _end(answer, wire)
        return answer.end == "done"

    async def _flow(self, answer: Answer, watch: Watch, wire: Wire) -> bool:
        """Send all pieces but the last with no task waking for each; False when the client left."""
        flow = _pour(answer, watch, wire)
        for due in flow:
            if due is None:
                await wire.drain()
            elif not await self._until(due, wire, partial(next, flow, None)):
                return False
        return True

    async def _until(self, at: float, wire: Wire | None, turn: Turn | None = None) -> bool:
        """Wait for a time, or as long as turns are taken; False when the client left before."""
        if at > monotonic() and not self._stopped:
            due = self._ticker.wake(at, turn)
            if wire is None:
                await due
                return True
            # A callback, not asyncio.wait: no task for each wait of each stream.
            release = partial(_settle, due)
            wire.gone.add_done_callback(release)
            await due
            wire.gone.remove_done_callback(release)
        if self._stopped and wire is not None:
            wire.close()
            await wire.gone
        return wire is None or not wire.gone.done()


def needs_wire(answer: Answer) -> bool:
    """Whether the answer says what ASGI cannot: its own framing, no head, or an unclean end."""
    return answer.raw or answer.head is None or answer.end != "done"


def _unheld(answer: Answer) -> Answer:
    """What stands for an answer that this server cannot send."""
    name = "its framing" if answer.end == "done" else answer.end
    reason = "this server does not hold the connection; `mockglm serve` does"
    failure = Failure(str(UNABLE), status=UNABLE, message=str(FaultError(name, reason)))
    return refuse(failure, answer.header("x-log-id"), headers=((MISS, "1"),))


async def _end(answer: Answer, wire: Wire) -> None:
    """End the connection as the answer says, unless it has ended; returns once it is gone."""
    if answer.end == "reset" and not wire.gone.done():
        await wire.sent()
        wire.reset()
    elif not wire.gone.done():
        wire.close()
    await wire.gone


def _pour(answer: Answer, watch: Watch, wire: Wire) -> Iterator[float | None]:
    """Hands over all pieces but the last: yields when the next one is due, None if the connection
    is full, and goes on when it is asked again."""
    started, now = watch.started, monotonic()
    for index, (at, piece) in enumerate(islice(answer.pieces, len(answer.pieces) - 1)):
        while started + at > now:
            yield started + at
            now = monotonic()
        if index == 0:
            watch.first()
        if not wire.part(piece):
            yield None


def _is_short(answer: Answer) -> bool:
    """Whether all of it goes at once."""
    if len(answer.pieces) != 1 or answer.status in BODILESS:
        return False
    at, piece = answer.pieces[0]
    return answer.head == at and 0 < len(piece) <= LARGEST_WRITE


def _flows(answer: Answer) -> bool:
    """Whether its pieces can go below ASGI: what is chunked has nothing that counts them."""
    return len(answer.pieces) > 1 and answer.is_stream and not _is_sized(answer)


def _settle(future: asyncio.Future[None], *_: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _start(answer: Answer) -> MutableMapping[str, Any]:
    headers = _lines(answer)
    if not answer.is_stream and b"content-length" not in dict(headers):
        size = sum([len(piece) for _, piece in answer.pieces])
        headers.append((b"content-length", b"%d" % size))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


def _lines(answer: Answer) -> Lines:
    """The headers as bytes, and the date unless the answer has one of its own."""
    lines = [(name.lower().encode(), _encoded(value)) for name, value in answer.headers]
    if b"date" not in dict(lines):
        lines.insert(0, (b"date", _date(int(time.time()))))
    return lines


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


def _encoded(text: str) -> bytes:
    """Headers as bytes; where latin-1 lacks a character, UTF-8, as servers in China do."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _sealed(answer: Answer, body: bytes) -> tuple[bytes, tuple[bytes, ...], bool]:
    """Head and body, framed, of an answer that goes at once; and whether it is the connection's
    last."""
    head = _head(answer)
    is_last = b"\r\nconnection: close\r\n" in head
    if b"\r\ncontent-length: " in head:
        return head + b"\r\n", (body,), is_last
    if answer.is_stream:
        return head + CHUNKED, (b"%x\r\n" % len(body), body, b"\r\n0\r\n\r\n"), is_last
    return b"%bcontent-length: %d\r\n\r\n" % (head, len(body)), (body,), is_last


def _head(answer: Answer) -> bytes:
    """Status line and headers of an answer that is sent below ASGI, but for how it is framed."""
    lines = [f"{name.lower()}: {value}\r\n" for name, value in answer.headers]
    text = "".join(lines)
    block = text.encode() if text.isascii() else b"".join(map(_encoded, lines))
    status = _status(answer.status)
    if b"\r\ndate: " in b"\r\n" + block:
        return status + block
    return b"%bdate: %b\r\n%b" % (status, _date(int(time.time())), block)


@lru_cache(maxsize=64)
def _status(status: int) -> bytes:
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    return b"HTTP/1.1 %d %b\r\n" % (status, phrase.encode())


def _framed(answer: Answer, piece: bytes) -> bytes:
    return piece if answer.raw or _is_sized(answer) else _chunk(piece)


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""


def _is_sized(answer: Answer) -> bool:
    return bool(answer.header("content-length"))
