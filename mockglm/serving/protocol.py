"""uvicorn's HTTP/1.1 protocol, with access to the connection and limits for clients.

The limits bound heads, pipelined requests and silence.
"""

from __future__ import annotations

import asyncio
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

from mockglm.app import CONTROL, DECISION, DecodedHeaders, RequestTarget
from mockglm.http1 import encode_at_once
from mockglm.limits import Limits
from mockglm.player import CONNECTION
from mockglm.server import RequestContext
from mockglm.serving.connection import HTTPConnection

MAX_FAST_TARGET = 256
"""Bytes of the longest target in the fast lane."""

UPGRADE_HEADERS = (b"http2-settings", b"upgrade")
"""Headers that offer another protocol; `Connection` lists them as its options."""

PARSE_SIZE = 4096
"""Bytes parsed at once, so that only a few pipelined requests are parsed ahead."""


def _refusal_page(status: str) -> bytes:
    """A refusal in the words of nginx, shortened. Assumed: no recording exists."""
    page = f"<html>\r\n<head><title>{status}</title></head>\r\n</html>\r\n"
    return _encode_refusal(status, "text/html", page)


def _encode_refusal(status: str, kind: str, body: str) -> bytes:
    """Encode a response after which the connection is closed."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n{body}".encode()


UNREADABLE = _encode_refusal("400 Bad Request", "text/plain", "Invalid HTTP request received.")
NO_PROXY = _encode_refusal("400 Bad Request", "text/plain", "This server is not a proxy.")
# nginx has a status of its own for large fields, which it sends as 400; RFC 6585 has 431.
LONG_TARGET = _refusal_page("414 Request-URI Too Large")
LARGE_HEAD = _refusal_page("431 Request Header Fields Too Large")


class _PipelineFlowControl(FlowControl):
    """Flow control that resumes reading only when no request waits behind the current one."""

    def __init__(self, protocol: GLMProtocol) -> None:
        super().__init__(protocol.transport)
        self._protocol: GLMProtocol | None = protocol

    def resume_reading(self) -> None:
        if (
            self.read_paused
            and self._protocol is not None
            and not self._protocol.has_queued_requests
        ):
            self._protocol.restart_silence()
            super().resume_reading()

    def detach(self) -> None:
        """Break the reference cycle with a protocol whose connection is lost."""
        self._protocol = None


class FastLane(Protocol):
    """The part of the application that the protocol calls without a task."""

    def decode_headers(self, fields: Iterable[tuple[bytes, bytes]]) -> DecodedHeaders: ...

    def decide(
        self,
        target: RequestTarget,
        headers: DecodedHeaders,
        body: bytes,
        *,
        started: float | None = None,
    ) -> RequestContext: ...

    def finish(self, context: RequestContext) -> None: ...


class _Incoming(Struct, gc=False):
    """A request in the fast lane whose body is being read."""

    target: RequestTarget
    headers: DecodedHeaders
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
    """True if the fast lane answered the last request and no other has begun."""

    _is_in_head = False
    """True while a head is incomplete."""

    _is_parsing_paused = False
    """True while received bytes are stored in `_unparsed`."""

    _unparsed = b""
    """Received bytes to parse when the requests before them are answered."""

    _refusal = b""
    """The last response of this connection; nothing is parsed after it."""

    _chosen_refusal = b""
    """The refusal chosen by a callback of the parser."""

    _open_head_size = 0
    """Bytes of a head or of trailers that are not complete yet."""

    _has_trailers = False
    """True while trailers are possible: after the size of a chunk, before its data."""

    _body_size = 0
    """Bytes received of the body of the last request."""

    _running: RequestResponseCycle | None = None
    """The request that is answered; others may wait behind it."""

    def __init__(
        self, *args: Any, limits: Limits, lane: FastLane | None = None, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._limits = limits
        self._lane = lane
        # A head that fits into one part is within the limits of targets and heads.
        self._parse_size = min(PARSE_SIZE, limits.target, limits.head)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.gone: asyncio.Future[None] = self.loop.create_future()
        self._last_received = monotonic()
        self._paused_since: float | None = None
        super().connection_made(transport)
        self.flow = self._flow = _PipelineFlowControl(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        self._incoming = None
        if self._running is not None:
            # uvicorn marks only the last request, which may wait behind the one that is answered.
            self._running.disconnected = True
            self._running.message_event.set()
            self._running = None
        super().connection_lost(exc)
        self._flow.detach()
        self.pipeline.clear()
        self._unparsed = b""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        if not self._open_head_size:
            # The limit of silence is for a whole head, so single bytes do not extend it.
            self._last_received = monotonic()
        if self.timeout_keep_alive_task is not None and not self._refusal:
            self._unset_keepalive_if_required()
        if self._is_parsing_paused or self.pipeline or len(data) > self._parse_size:
            self._parse_all(data)
            return
        try:
            self.parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._parse_all(self._recover(data, error))
        else:
            if self._has_trailers or self._is_in_head:
                self._count_head_bytes(len(data))

    def _parse_all(self, data: bytes) -> None:
        """Parse bytes part by part until a request is queued, and store the rest."""
        if self._is_parsing_paused:
            self._unparsed += b"" if self._refusal else data
            return
        rest = memoryview(data)
        while rest and not self._refusal:
            if self.pipeline:
                self._unparsed, self._is_parsing_paused = bytes(rest), True
                self.flow.pause_reading()
                return
            size = max(self._parse_size, self._missing_body_size())
            part, rest = rest[:size], rest[size:]
            try:
                self.parser.feed_data(part)
            except (HttpParserError, HttpParserUpgrade) as error:
                rest = memoryview(b"".join((self._recover(part, error), rest)))
            else:
                if self._has_trailers or self._is_in_head:
                    self._count_head_bytes(len(part))

    def _recover(
        self, part: bytes | memoryview, error: HttpParserError | HttpParserUpgrade
    ) -> bytes:
        """Return the bytes to parse again after an error of the parser; none after a refusal."""
        if not isinstance(error, HttpParserUpgrade):
            self._refuse(self._chosen_refusal or UNREADABLE)
        elif self.scope["method"] == "CONNECT":
            self._refuse(NO_PROXY)
        else:
            return self._head_without_upgrade() + part[error.args[0] :]
        return b""

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self._is_in_head, self._is_idle = True, False

    def on_header(self, name: bytes, value: bytes) -> None:
        # uvicorn's own also makes names lower and compares them, which costs as much as all else.
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._open_head_size or len(self.headers) > self._limits.fields:
            self._check_head()
        self._body_size = 0
        self._is_in_head = self._has_trailers = False
        target = self._find_fast_target()
        if target is not None and self._lane is not None:
            headers = self._lane.decode_headers(self.headers)
            if headers.are_known or not self._expects_continue():
                keep_alive = self.parser.should_keep_alive()
                self._incoming = _Incoming(target, headers, keep_alive, monotonic())
                return
        self._start_cycle()

    def _expects_continue(self) -> bool:
        """True if the client waits for 100 Continue before it sends the body."""
        return any(
            len(name) == 6 and name.lower() == b"expect" and value.lower() == b"100-continue"
            for name, value in self.headers
        )

    def _find_fast_target(self) -> RequestTarget | None:
        """Return the target of a request for the fast lane; None if anything is unusual."""
        parser, cycle = self.parser, self.cycle
        is_usual = (
            self._lane is not None
            and (cycle is None or cycle.response_complete)
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and not parser.should_upgrade()
            and not self.pipeline
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and len(self.url) <= MAX_FAST_TARGET
        )
        return _parse_target(self.url) if is_usual else None

    def _start_cycle(self, decided: RequestContext | None = None) -> None:
        """Have the application answer a request in a task, as uvicorn does."""
        url, expects = self.url, self._expects_continue()
        headers = [(name.lower(), value) for name, value in self.headers]
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            # The task of this request has not run yet.
            wire = HTTPConnection(self.transport, self.cycle, self.flow, self.gone)
            self.scope["extensions"] = {CONNECTION: wire, DECISION: decided}  # type: ignore[dict-item]

    def _leave_lane(self) -> None:
        """Hand a request that is partly read over to a task of the application."""
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            self._start_cycle()
            self.cycle.keep_alive = incoming.keep_alive
            self.cycle.body += incoming.body

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        self._has_trailers = False
        incoming = self._incoming
        if incoming is not None:
            if self._body_size <= self._limits.small_body:
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
        self._open_head_size = 0
        # Trailers must not be added to the fields of the head, which the application already has.
        self.headers = []

    def on_message_complete(self) -> None:
        incoming = self._incoming
        if incoming is not None:
            self._decide_incoming(incoming)
        elif not self.parser.should_upgrade():
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def _decide_incoming(self, incoming: _Incoming) -> None:
        """Decide a request of the fast lane, and write its response if that is whole at once."""
        lane = self._lane
        assert lane is not None, "only a lane lets requests in"
        try:
            context = lane.decide(
                incoming.target, incoming.headers, incoming.body, started=incoming.started
            )
            encoded = (
                encode_at_once(context.response, keep_alive=incoming.keep_alive)
                if context.response
                else None
            )
        except Exception:
            # The application waits for a store, or reports what is wrong, when it is called in a
            # task.
            self._leave_lane()
            self.cycle.more_body = False
            self.cycle.message_event.set()
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
        context.complete()
        self.server_state.total_requests += 1
        self.transport.write(data)
        if closes:
            self.transport.close()
        else:
            self._is_idle = True

    def shutdown(self) -> None:
        self._leave_lane()
        super().shutdown()

    def on_response_complete(self) -> None:
        """Start the next request of the pipeline, or parse the stored bytes."""
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
        if self._unparsed and not self.pipeline:
            data, self._unparsed, self._is_parsing_paused = self._unparsed, b"", False
            self.data_received(data)
        self.flow.resume_reading()

    def pause_writing(self) -> None:
        self._paused_since = monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._paused_since = None
        super().resume_writing()

    @property
    def has_queued_requests(self) -> bool:
        """True if requests wait behind the current one."""
        return bool(self.pipeline or self._unparsed)

    def restart_silence(self) -> None:
        """Start the time of silence again, for nothing could be read before."""
        self._last_received = monotonic()

    def is_expired(self, now: float) -> bool:
        """True if no request has come for as long as an idle connection is kept."""
        return self._is_idle and now - self._last_received > self._limits.idle

    def is_stuck(self, now: float) -> bool:
        """True if the client has not sent or read anything for too long."""
        if self._paused_since is not None:
            return now - self._paused_since > self._limits.pause
        return self._awaits_request() and now - self._last_received > self._limits.silence

    def _awaits_request(self) -> bool:
        if self.flow.read_paused or self._is_idle:
            return False
        if self._incoming is not None:
            return True
        if self.cycle is None or self.cycle.response_complete:
            return self.timeout_keep_alive_task is None
        return self.cycle.more_body

    def _missing_body_size(self) -> int:
        """The missing bytes of the last request's body; 0 if its size is unknown."""
        cycle = self.cycle
        if self._incoming is None and (
            cycle is None or not cycle.more_body or cycle.scope is not self.scope
        ):
            return 0
        lengths = (value for name, value in self.headers if name.lower() == b"content-length")
        length = next(lengths, b"0")
        return int(length) - self._body_size

    def _check_head(self) -> None:
        """Raise HttpParserError for a complete head that is too large."""
        limits, headers = self._limits, self.headers
        # Each field has a colon and a line end, too.
        size = len(self.url) + sum(len(name) + len(value) + 3 for name, value in headers)
        if len(self.url) > limits.target:
            self._chosen_refusal = LONG_TARGET
        elif len(headers) > limits.fields or size > limits.head:
            self._chosen_refusal = LARGE_HEAD
        if self._chosen_refusal:
            raise HttpParserError("the head is too large")
        self._open_head_size = 0

    def _count_head_bytes(self, size: int) -> None:
        """Count bytes of an incomplete head or of trailers, and refuse too many."""
        limits = self._limits
        self._open_head_size += size
        if len(self.url) > limits.target:
            self._refuse(LONG_TARGET)
        elif (
            len(self.headers) > limits.fields or self._open_head_size > limits.head + 2 * PARSE_SIZE
        ):
            self._refuse(LARGE_HEAD)

    def _refuse(self, refusal: bytes) -> None:
        """Stop parsing, and send a refusal when the requests before are answered."""
        self._refusal, self._unparsed, self._is_parsing_paused = refusal, b"", True
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
        """Write the last response and close the connection."""
        # Reading continues for a moment: a connection closed with unread bytes is reset, and the
        # client may lose the response.
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
        # uvicorn then leaves the request alone, and `_recover` parses it again without the offer.
        return True

    def _head_without_upgrade(self) -> bytes:
        """The last head without the offer of another protocol, for a new parser.

        A server may ignore the offer (RFC 9110, section 7.8); Java's HttpClient offers h2c.
        """
        head = [b"%b %b HTTP/%b" % self._request_line()]
        for name, value in self.headers:
            kept = _drop_upgrade_options(value) if name == b"connection" else value
            if name not in UPGRADE_HEADERS and kept:
                head.append(b"%b: %b" % (name, kept))
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"\r\n".join((*head, b"", b""))

    def _request_line(self) -> tuple[bytes, bytes, bytes]:
        return self.scope["method"].encode(), self.url, self.scope["http_version"].encode()


def _drop_upgrade_options(options: bytes) -> bytes:
    """The options of a Connection header without those that offer another protocol."""
    names = (name.strip() for name in options.split(b","))
    return b", ".join(name for name in names if name and name.lower() not in UPGRADE_HEADERS)
