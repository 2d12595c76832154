"""uvicorn's HTTP/1.1 protocol with its connection in reach, and with bounds on what a client sends:
heads, requests in a pipeline, silence."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Iterable
from functools import lru_cache
from time import monotonic
from typing import Any, Protocol
from urllib.parse import unquote

from httptools import (
    HttpParserError,
    HttpParserInvalidURLError,
    HttpParserUpgrade,
    HttpRequestParser,
    parse_url,
)
from msgspec import Struct
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mockglm.app import CONTROL, DECISION, RequestTarget
from mockglm.limits import Limits
from mockglm.player import CONNECTION, encode_at_once
from mockglm.server import RequestContext

MAX_FAST_TARGET = 256
"""Bytes of the longest target in the fast lane."""

UNSENT = 0x5411
"""SIOCOUTQ: the ioctl of Linux that tells the bytes the peer has not yet acknowledged."""

OFFERING = (b"http2-settings", b"upgrade")
"""The headers that offer another protocol, beside the options of Connection that name them."""

PART = 4096
"""Bytes that are parsed at once, so that few requests of a pipeline are parsed ahead."""

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
        sock = self._socket()
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def close(self) -> None:
        self.transport.close()

    def _buffered(self) -> int:
        size: int = self.transport.get_write_buffer_size()
        return size

    def _unsent(self) -> int:
        sock = self._socket()
        if sock is None or not sys.platform.startswith("linux"):
            return 0
        from fcntl import ioctl

        return int(struct.unpack("i", ioctl(sock.fileno(), UNSENT, b"\0\0\0\0"))[0])

    def _socket(self) -> socket.socket | None:
        """The socket as long as it is this connection's: once the transport closes, its number may
        be another's."""
        if self.transport.is_closing():
            return None
        sock: socket.socket | None = self.transport.get_extra_info("socket")
        return sock


def _page(status: str) -> bytes:
    """A refusal as nginx words it, shortened. Assumed: no recording exists."""
    page = f"<html>\r\n<head><title>{status}</title></head>\r\n</html>\r\n"
    return _response(status, "text/html", page)


def _response(status: str, kind: str, body: str) -> bytes:
    """A response after which the connection is closed."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n{body}".encode()


UNREADABLE = _response("400 Bad Request", "text/plain", "Invalid HTTP request received.")
NO_PROXY = _response("400 Bad Request", "text/plain", "This is no proxy.")
# nginx has a status of its own for large fields, which it sends as 400; RFC 6585 has 431.
LONG_TARGET = _page("414 Request-URI Too Large")
LARGE_HEAD = _page("431 Request Header Fields Too Large")


class _Flow(FlowControl):
    """Flow control that reads on only when nothing is queued behind the answer under way."""

    def __init__(self, protocol: GLMProtocol) -> None:
        super().__init__(protocol.transport)
        self._protocol: GLMProtocol | None = protocol

    def resume_reading(self) -> None:
        if self.read_paused and self._protocol is not None and not self._protocol.has_queued:
            self._protocol.heard()
            super().resume_reading()

    def forget(self) -> None:
        """Let go of a protocol whose connection is lost, which refers to this, too."""
        self._protocol = None


class FastLane(Protocol):
    """The part of the application that the protocol calls without a task."""

    def decide(
        self,
        target: RequestTarget,
        fields: Iterable[tuple[bytes, bytes]],
        body: bytes,
        *,
        started: float | None = None,
    ) -> RequestContext: ...

    def finish(self, context: RequestContext) -> None: ...


class _Incoming(Struct):
    """A request in the fast lane whose body is being read."""

    target: RequestTarget
    keep_alive: bool
    started: float
    body: bytes = b""


@lru_cache(maxsize=256)
def _parse_target(url: bytes) -> RequestTarget | None:
    """Parse a target as uvicorn does; None if it is for the control API or cannot be parsed."""
    try:
        parsed = parse_url(url)
        path = unquote(parsed.path.decode("ascii"))
    except (HttpParserInvalidURLError, AttributeError, UnicodeDecodeError):
        return None
    if path.startswith(CONTROL):
        return None
    return RequestTarget(path, (parsed.query or b"").decode("latin-1"))


class GLMProtocol(HttpToolsProtocol):
    """HTTP/1.1 by httptools; each request's scope carries its Connection as an extension.

    An ordinary POST takes the fast lane: `lane` decides it in the turn of its last byte, and a
    response that is whole at once is written without scope, cycle and task. Any other response is
    played by the application, with the decision made.
    """

    _incoming: _Incoming | None = None
    """The request in the fast lane, until its body is complete."""

    _is_idle = False
    """Whether the fast lane answered the last request and no other has begun."""

    _is_in_head = False
    """Whether a head has begun and has no end yet."""

    _is_held = False
    """Whether what comes next is not to be parsed now."""

    _waiting = b""
    """Received bytes that are parsed when the requests before them are answered."""

    _refusal = b""
    """The last response of this connection; once there is one, nothing more is parsed."""

    _reason = b""
    """The refusal that a callback of the parser chose."""

    _unfinished = 0
    """Bytes parsed so far of a head or of trailers that have no end yet."""

    _has_trailers = False
    """Whether trailers may follow: the size of a chunk has been read, but not the chunk."""

    _received = 0
    """Bytes received of the body of the last request."""

    def __init__(
        self, *args: Any, limits: Limits, lane: FastLane | None = None, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._limits = limits
        self._lane = lane
        # A head of one part is within the bounds of a target and of a head.
        self._part = min(PART, limits.target, limits.head)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.gone: asyncio.Future[None] = self.loop.create_future()
        self._last_received = monotonic()
        self._paused: float | None = None
        super().connection_made(transport)
        self.flow = self._flow = _Flow(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        self._incoming = None
        super().connection_lost(exc)
        self._flow.forget()
        self.pipeline.clear()
        self._waiting = b""

    def data_received(self, data: bytes) -> None:
        if not self._unfinished:
            # A whole head has the time of one silence, however its bytes are spread.
            self._last_received = monotonic()
        if self.timeout_keep_alive_task is not None and not self._refusal:
            self._unset_keepalive_if_required()
        if self._is_held or self.pipeline or len(data) > self._part:
            self._parse_all(data)
            return
        try:
            self.parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._parse_all(self._recover(data, error))
        else:
            if self._has_trailers or self._is_in_head:
                self._count(len(data))

    def _parse_all(self, data: bytes) -> None:
        """Parse bytes part by part, as long as no request is queued; what is left waits."""
        if self._is_held:
            self._waiting += b"" if self._refusal else data
            return
        rest = memoryview(data)
        while rest and not self._refusal:
            if self.pipeline:
                self._waiting, self._is_held = bytes(rest), True
                self.flow.pause_reading()
                return
            size = max(self._part, self._rest_of_body())
            part, rest = rest[:size], rest[size:]
            try:
                self.parser.feed_data(part)
            except (HttpParserError, HttpParserUpgrade) as error:
                rest = memoryview(b"".join((self._recover(part, error), rest)))
            else:
                if self._has_trailers or self._is_in_head:
                    self._count(len(part))

    def _recover(
        self, part: bytes | memoryview, error: HttpParserError | HttpParserUpgrade
    ) -> bytes:
        """The bytes to parse instead of a part at which the parser stopped; none where the request
        is refused."""
        if not isinstance(error, HttpParserUpgrade):
            self._refuse(self._reason or UNREADABLE)
        elif self.scope["method"] == "CONNECT":
            self._refuse(NO_PROXY)
        else:
            return self._without_offer() + part[error.args[0] :]
        return b""

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._is_in_head, self._is_idle = True, False

    def on_headers_complete(self) -> None:
        if self._unfinished or len(self.headers) > self._limits.fields:
            self._check_head()
        self._received = 0
        self._is_in_head = self._has_trailers = False
        target = self._find_fast_target()
        if target is None:
            self._start_cycle()
        else:
            self._incoming = _Incoming(target, self.parser.should_keep_alive(), monotonic())

    def _find_fast_target(self) -> RequestTarget | None:
        """Return the target of a request for the fast lane; None if anything is unusual."""
        parser, cycle = self.parser, self.cycle
        is_usual = (
            self._lane is not None
            and (cycle is None or cycle.response_complete)
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not parser.should_upgrade()
            and not self.pipeline
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and len(self.url) <= MAX_FAST_TARGET
        )
        return _parse_target(self.url) if is_usual else None

    def _start_cycle(self, decided: RequestContext | None = None) -> None:
        """Have the application answer a request in a task, as uvicorn does."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            # No task of this request has begun by now.
            wire = HTTPConnection(self.transport, self.cycle, self.flow, self.gone)
            self.scope["extensions"] = {CONNECTION: wire, DECISION: decided}  # type: ignore[dict-item]

    def _leave_lane(self) -> None:
        """Have a request answered in a task of which a part has been read for the fast lane."""
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            self._start_cycle()
            self.cycle.keep_alive = incoming.keep_alive
            self.cycle.body += incoming.body

    def on_body(self, body: bytes) -> None:
        self._received += len(body)
        self._has_trailers = False
        incoming = self._incoming
        if incoming is not None:
            if self._received <= self._limits.small_body:
                incoming.body += body
                return
            self._leave_lane()
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_chunk_header(self) -> None:
        self._leave_lane()
        self._has_trailers = True
        self._unfinished = 0
        # Trailers are no fields of the head, which the application has by now.
        self.headers = []

    def on_message_complete(self) -> None:
        incoming = self._incoming
        if incoming is not None:
            self._answer(incoming)
        elif not self.parser.should_upgrade():
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def _answer(self, incoming: _Incoming) -> None:
        """Decide a request of the fast lane, and write its response if that is whole at once."""
        lane = self._lane
        assert lane is not None, "only a lane lets requests in"
        try:
            context = lane.decide(
                incoming.target, self.headers, incoming.body, started=incoming.started
            )
            encoded = (
                encode_at_once(context.response, keep_alive=incoming.keep_alive)
                if context.response
                else None
            )
        except Exception:
            # The application reports what is wrong when it is called in a task.
            self._leave_lane()
            self.cycle.more_body = False
            return
        self._incoming = None
        if encoded is None:
            self._start_cycle(context)
            self.cycle.keep_alive = incoming.keep_alive
            self.cycle.more_body = False
            return
        try:
            data, closes = encoded
            self._write_at_once(context, data, closes=closes)
        finally:
            lane.finish(context)

    def _write_at_once(self, context: RequestContext, data: bytes, *, closes: bool) -> None:
        # The journal is up to date when the client has the response.
        context.on_first_chunk()
        context.on_last_chunk()
        self.server_state.total_requests += 1
        self.transport.write(data)
        context.close(is_complete=True)
        if closes:
            self.transport.close()
        else:
            self._is_idle = True

    def shutdown(self) -> None:
        self._leave_lane()
        super().shutdown()

    def on_response_complete(self) -> None:
        """Go on with the next request of the pipeline, or with what waits behind it."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._refusal:
            self._send_refusal()
            return
        else:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        if self._waiting and not self.pipeline:
            data, self._waiting, self._is_held = self._waiting, b"", False
            self.data_received(data)
        self.flow.resume_reading()

    def pause_writing(self) -> None:
        self._paused = monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._paused = None
        super().resume_writing()

    @property
    def has_queued(self) -> bool:
        """Whether requests wait for the answer under way."""
        return bool(self.pipeline or self._waiting)

    def heard(self) -> None:
        """Count silence from now on: nothing could be read before."""
        self._last_received = monotonic()

    def is_expired(self, now: float) -> bool:
        """True if no request has come for as long as an idle connection is kept."""
        return self._is_idle and now - self._last_received > self._limits.idle

    def is_stuck(self, now: float) -> bool:
        """Whether its client keeps it waiting for longer than anybody may."""
        if self._paused is not None:
            return now - self._paused > self._limits.pause
        return self._awaits_request() and now - self._last_received > self._limits.silence

    def _awaits_request(self) -> bool:
        """Whether the rest of a request, or the first, is yet to come."""
        if self.flow.read_paused or self._is_idle:
            return False
        if self._incoming is not None:
            return True
        if self.cycle is None or self.cycle.response_complete:
            return self.timeout_keep_alive_task is None
        return self.cycle.more_body

    def _rest_of_body(self) -> int:
        """The bytes still to come of the last request's body; 0 where nothing says how many."""
        cycle = self.cycle
        if self._incoming is None and (
            cycle is None or not cycle.more_body or cycle.scope is not self.scope
        ):
            return 0
        length = next((value for name, value in self.headers if name == b"content-length"), b"0")
        return int(length) - self._received

    def _check_head(self) -> None:
        """Raise HttpParserError where a head that is whole is too large."""
        limits, headers = self._limits, self.headers
        # Each field has a colon and a line end, too.
        size = len(self.url) + sum(len(name) + len(value) + 3 for name, value in headers)
        if len(self.url) > limits.target:
            self._reason = LONG_TARGET
        elif len(headers) > limits.fields or size > limits.head:
            self._reason = LARGE_HEAD
        if self._reason:
            raise HttpParserError("the head is too large")
        self._unfinished = 0

    def _count(self, size: int) -> None:
        """Count the bytes of a head or of trailers that have no end yet, and refuse too many."""
        limits = self._limits
        self._unfinished += size
        if len(self.url) > limits.target:
            self._refuse(LONG_TARGET)
        elif len(self.headers) > limits.fields or self._unfinished > limits.head + 2 * PART:
            self._refuse(LARGE_HEAD)

    def _refuse(self, refusal: bytes) -> None:
        """Parse nothing more, and say why once the requests before are answered."""
        self._refusal, self._waiting, self._is_held = refusal, b"", True
        self._incoming = None
        cycle = self.cycle
        if cycle is not None and cycle.more_body and not cycle.response_complete:
            # The rest of this request cannot be read.
            if self.pipeline:
                self.pipeline.popleft()
            elif cycle.response_started:
                cycle.keep_alive = False
            else:
                cycle.disconnected = True
                cycle.message_event.set()
                self._send_refusal()
        elif cycle is None or cycle.response_complete:
            self._send_refusal()

    def _send_refusal(self) -> None:
        """Write the last response, then read for a moment what the client still sends: a
        connection that is closed with unread bytes is reset, and the response may be lost."""
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        self.transport.write(self._refusal)
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self.timeout_keep_alive_task = self.loop.call_later(
            self._limits.linger, self.timeout_keep_alive_handler
        )

    def _should_upgrade(self) -> bool:
        """Whether uvicorn is to leave a request alone, which here is read again."""
        return True

    def _without_offer(self) -> bytes:
        """The last head as if no other protocol had been offered (RFC 9110, section 7.8), for a
        new parser; Java's HttpClient offers h2c with its requests."""
        head = [b"%b %b HTTP/%b" % self._request_line()]
        for name, value in self.headers:
            kept = _without_upgrade(value) if name == b"connection" else value
            if name not in OFFERING and kept:
                head.append(b"%b: %b" % (name, kept))
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"\r\n".join((*head, b"", b""))

    def _request_line(self) -> tuple[bytes, bytes, bytes]:
        return self.scope["method"].encode(), self.url, self.scope["http_version"].encode()


def _without_upgrade(options: bytes) -> bytes:
    """The options of a Connection header but those that offer another protocol."""
    names = (name.strip() for name in options.split(b","))
    return b", ".join(name for name in names if name and name.lower() not in OFFERING)
