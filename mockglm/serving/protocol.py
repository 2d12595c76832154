"""uvicorn's HTTP/1.1 protocol with its connection in reach: corked, resettable, below framing."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mockglm.player import WIRE

__all__ = ["Connection", "Cork", "GLMProtocol"]

UNSENT = 0x5411
"""SIOCOUTQ: the ioctl of Linux that tells the bytes the peer has not yet acknowledged."""

UNSENT_LOOKS = 2000
"""How often the kernel is asked, a millisecond apart, before a reset goes out all the same."""


class Cork:
    """A transport that gathers the writes of one turn of the loop into one.

    Head and body leave in one system call; nothing is held across turns, so pace is untouched.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)

    def flush(self) -> None:
        """Hand over what was gathered now."""
        if not self._held:
            return
        held, self._held = self._held, []
        if not self._transport.is_closing():
            self._transport.write(b"".join(held))

    def pass_on(self, data: bytes) -> None:
        """Hand over what was gathered and then this, with no turn of the loop between."""
        if self._held:
            self.flush()
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection:
    """A connection as the player of one answer sees it (its Wire).

    `gone` is done when it is lost. Requests may be pipelined, so the answer's cycle is not always
    the one that the protocol is at.
    """

    __slots__ = ("_cycle", "_protocol", "_transport", "gone")

    def __init__(self, protocol: GLMProtocol) -> None:
        self._transport = protocol.cork
        self._protocol = protocol
        self._cycle = protocol.cycle
        self.gone = protocol.gone

    def write(self, data: bytes) -> None:
        self._transport.pass_on(data)

    def part(self, body: bytes) -> bool:
        """Send a part of a body as uvicorn would, but without a turn of the loop for each."""
        if self._cycle.chunked_encoding:
            self.write(b"%x\r\n%b\r\n" % (len(body), body))
        return not self._protocol.flow.write_paused

    def respond(self, head: bytes, body: Iterable[bytes], is_last: bool) -> bool:
        """Send a whole answer as uvicorn would, but in one write and with no look at the headers,
        which are the player's own."""
        cycle = self._cycle
        if not cycle.keep_alive and not is_last:
            head = head[:-2] + b"connection: close\r\n\r\n"
        self.write(head if cycle.scope["method"] == "HEAD" else b"".join((head, *body)))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if is_last or not cycle.keep_alive:
            self.close()
        cycle.on_response()
        return not self._protocol.flow.write_paused

    async def drain(self) -> None:
        if not self.gone.done():
            await self._protocol.flow.drain()

    async def sent(self) -> None:
        """Wait until the peer's kernel has every byte (Linux); elsewhere until ours has them."""
        for _ in range(UNSENT_LOOKS):
            if self.gone.done() or not (self._buffered() or self._unsent()):
                return
            await asyncio.sleep(0.001)

    def reset(self) -> None:
        """Abort with SO_LINGER 0, which makes the kernel send RST instead of FIN."""
        sock: socket.socket | None = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def close(self) -> None:
        self._transport.close()

    def _buffered(self) -> int:
        size: int = self._transport.get_write_buffer_size()
        return size

    def _unsent(self) -> int:
        if not sys.platform.startswith("linux"):
            return 0
        from fcntl import ioctl

        sock: socket.socket | None = self._transport.get_extra_info("socket")
        if sock is None:
            return 0
        return int(struct.unpack("i", ioctl(sock.fileno(), UNSENT, b"\0\0\0\0"))[0])


class GLMProtocol(HttpToolsProtocol):
    """HTTP/1.1 by httptools; each request's scope carries its Connection as an extension."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.cork = Cork(transport, self.loop)
        self.gone: asyncio.Future[None] = self.loop.create_future()
        super().connection_made(self.cork)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        # Its task is made by then and has not begun.
        self.scope["extensions"] = {WIRE: Connection(self)}  # type: ignore[dict-item]
