"""The client's connection below ASGI, as the player uses it."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

from msgspec import Struct
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

SIOCOUTQ = 0x5411
"""The ioctl of Linux for the number of bytes that the peer has not acknowledged."""

MAX_UNSENT_CHECKS = 2000
"""Checks for unacknowledged bytes, a millisecond apart, before a reset is sent anyway."""


class HTTPConnection(Struct, eq=False):
    """The player's Connection for one request.

    Requests may be pipelined, so the protocol may already be at another cycle than this one.
    """

    transport: asyncio.Transport
    cycle: RequestResponseCycle
    flow: FlowControl
    gone: asyncio.Future[None]

    @property
    def method(self) -> str:
        return self.cycle.scope["method"]

    @property
    def version(self) -> str:
        return self.cycle.scope["http_version"]

    @property
    def keep_alive(self) -> bool:
        return self.cycle.keep_alive

    @property
    def is_full(self) -> bool:
        return self.flow.write_paused

    def write(self, data: bytes) -> None:
        # Keeps uvicorn from writing its own error response into the middle of this one.
        self.cycle.response_started = True
        if not self.transport.is_closing():
            self.transport.write(data)

    def finish_response(self, *, closes: bool) -> None:
        """Do what uvicorn does when it has sent the end of a response."""
        cycle = self.cycle
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if closes or not cycle.keep_alive:
            self.close()
        cycle.on_response()

    async def drain(self) -> None:
        if not self.gone.done():
            await self.flow.drain()

    async def wait_sent(self) -> None:
        """Wait until the peer has acknowledged every byte (Linux), or until the kernel has them."""
        for _ in range(MAX_UNSENT_CHECKS):
            if self.gone.done() or not (self._buffered_size() or self._unacknowledged_size()):
                return
            await asyncio.sleep(0.001)

    def reset(self) -> None:
        """Abort with SO_LINGER 0, which makes the kernel send RST instead of FIN."""
        sock = self._socket()
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def close(self) -> None:
        self.transport.close()

    def _buffered_size(self) -> int:
        size: int = self.transport.get_write_buffer_size()
        return size

    def _unacknowledged_size(self) -> int:
        sock = self._socket()
        if sock is None or not sys.platform.startswith("linux"):
            return 0
        from fcntl import ioctl

        return int(struct.unpack("i", ioctl(sock.fileno(), SIOCOUTQ, b"\0\0\0\0"))[0])

    def _socket(self) -> socket.socket | None:
        if self.transport.is_closing():
            return None  # the number of a closed socket may belong to another connection
        sock: socket.socket | None = self.transport.get_extra_info("socket")
        return sock
