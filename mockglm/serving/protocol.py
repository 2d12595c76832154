"""uvicorn's HTTP/1.1 protocol with its connection in reach: to write below framing, to reset."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from time import monotonic

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from msgspec import Struct
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mockglm.player import CONNECTION

UNSENT = 0x5411
"""SIOCOUTQ: the ioctl of Linux that tells the bytes the peer has not yet acknowledged."""

LONGEST_SILENCE = 75.0
"""Seconds a client may be silent in the middle of its request, or before its first."""

LONGEST_PAUSE = 3600.0
"""Seconds a client may leave what was sent to it unread."""

OFFERING = (b"connection", b"http2-settings", b"upgrade")
"""The headers that offer another protocol."""

UNSENT_LOOKS = 2000
"""How often the kernel is asked, a millisecond apart, before a reset goes out all the same."""


class HTTPConnection(Struct, eq=False):
    """A connection as the player of one answer sees it (its Wire).

    `gone` is done when it is lost. Requests may be pipelined, so the answer's cycle is not always
    the one that the protocol is at.
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
        # What uvicorn has to say of a failure must not stand in the middle of an answer.
        self.cycle.response_started = True
        if not self.transport.is_closing():
            self.transport.write(data)

    def finish_response(self, *, closes: bool) -> None:
        """Do what uvicorn does when it has sent the end of an answer."""
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
        """Wait until the peer's kernel has every byte (Linux); elsewhere until ours has them."""
        for _ in range(UNSENT_LOOKS):
            if self.gone.done() or not (self._buffered() or self._unsent()):
                return
            await asyncio.sleep(0.001)

    def reset(self) -> None:
        """Abort with SO_LINGER 0, which makes the kernel send RST instead of FIN."""
        sock: socket.socket | None = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def close(self) -> None:
        self.transport.close()

    def _buffered(self) -> int:
        size: int = self.transport.get_write_buffer_size()
        return size

    def _unsent(self) -> int:
        if not sys.platform.startswith("linux"):
            return 0
        from fcntl import ioctl

        sock: socket.socket | None = self.transport.get_extra_info("socket")
        if sock is None:
            return 0
        return int(struct.unpack("i", ioctl(sock.fileno(), UNSENT, b"\0\0\0\0"))[0])


class GLMProtocol(HttpToolsProtocol):
    """HTTP/1.1 by httptools; each request's scope carries its Connection as an extension."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.gone: asyncio.Future[None] = self.loop.create_future()
        self._last_received = monotonic()
        self._paused: float | None = None
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._last_received = monotonic()
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._continue_http1(data[upgrade.args[0] :])
        except HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            # No task of this request has begun by now.
            wire = HTTPConnection(self.transport, self.cycle, self.flow, self.gone)
            self.scope["extensions"] = {CONNECTION: wire}  # type: ignore[dict-item]

    def pause_writing(self) -> None:
        self._paused = monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._paused = None
        super().resume_writing()

    def is_stuck(self, now: float) -> bool:
        """Whether its client keeps it waiting for longer than anybody may."""
        if self._paused is not None:
            return now - self._paused > LONGEST_PAUSE
        return self._awaits_request() and now - self._last_received > LONGEST_SILENCE

    def _awaits_request(self) -> bool:
        """Whether the rest of a request, or the first, is yet to come."""
        if self.cycle is None or self.cycle.response_complete:
            return self.timeout_keep_alive_task is None
        return self.cycle.more_body

    def _should_upgrade(self) -> bool:
        """Whether uvicorn is to leave a request alone, which here is read again."""
        return True

    def _continue_http1(self, rest: bytes) -> None:
        """Go on with HTTP/1.1 as if no other protocol had been offered (RFC 9110, section 7.8);
        Java's HttpClient offers h2c with its requests."""
        if self.scope["method"] == "CONNECT":
            self.send_400_response("This is no proxy.")
            return
        lines = [b"%b %b HTTP/1.1" % (self.scope["method"].encode(), self.url)]
        lines += [b"%b: %b" % line for line in self.headers if line[0] not in OFFERING]
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(b"\r\n".join((*lines, b"", rest)))
