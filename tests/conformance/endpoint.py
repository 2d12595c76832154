"""An endpoint on a real socket that answers each probe as a test says."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

from msgspec.structs import replace

from mockglm.exchange import End, Response

Choose = Callable[[str], Response]
"""The answer to the probe of a name."""

_BETWEEN = 0.002
"""Seconds between pieces, so that they are not read as one."""

_APART = 0.04
"""Seconds between the first pieces of the stream whose times are judged: a busy machine reads them
apart, too.
"""


def _probe(handler: BaseHTTPRequestHandler, body: bytes) -> str:
    if handler.command == "GET":
        return "message-models" if handler.path.endswith("/v1/models") else "bad-method"
    if handler.path.endswith("/count_tokens"):
        return "message-count"
    if handler.path.endswith("no-such-path"):
        return "bad-path"
    try:
        sent = json.loads(body)
    except ValueError:
        return "bad-json"
    id = sent.get("request_id") or sent.get("metadata", {}).get("user_id", "mockglm-x-plain")
    return str(id).split("-", 2)[2]


def _stamp(answer: Response, body: bytes) -> Response:
    """The answer with the request_id that was sent."""
    sent = re.search(rb"mockglm-[0-9a-f]{6}-", body)
    run = sent.group() if sent else b"mockglm-a1b2c3-"
    pieces = ((at, piece.replace(b"mockglm-a1b2c3-", run)) for at, piece in answer.chunks)
    return replace(answer, chunks=tuple(pieces))


class Endpoint:
    """A running endpoint: its base URL, its answers, and the probes it was sent with headers.

    It serves many tests, one after the other: each sets `choose` and begins with no requests.
    """

    def __init__(self) -> None:
        self.url = ""
        self.choose: Choose = _no_answer
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def probes(self) -> list[str]:
        """The names of the probes that were sent."""
        return [name for name, _ in self.requests]

    def answer_with(self, choose: Choose) -> Endpoint:
        """Answer by probe name from now on, and forget earlier requests."""
        self.choose = choose
        self.requests = []
        return self


def _no_answer(name: str) -> Response:
    raise AssertionError("the test has not said how to answer")


def make_handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # pieces go out when they are written

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            name = _probe(self, body)
            endpoint.requests.append((name, {k.lower(): v for k, v in self.headers.items()}))
            self._answer(_stamp(endpoint.choose(name), body), name)

        do_GET = do_POST  # noqa: N815 -- the name that http.server calls

        def _answer(self, answer: Response, name: str) -> None:
            if answer.head is None and not answer.chunks and answer.end != "done":
                self._break_off(answer.end)
                return
            self.send_response_only(answer.status)
            for key, value in answer.headers:
                self.send_header(key, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                self._send_pieces(answer, name)
            except OSError:
                self.close_connection = True

        def _break_off(self, end: End) -> None:
            """Leave without an answer, by a reset or by the end of the connection."""
            if end == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
            self.close_connection = True

        def _send_pieces(self, answer: Response, name: str) -> None:
            for index, (_, piece) in enumerate(answer.chunks):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                time.sleep(_APART if name == "stream" and index < 3 else _BETWEEN)
            while answer.end == "hang":
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                time.sleep(_BETWEEN)
            if answer.end == "close":
                self.close_connection = True
                return
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *args: Any) -> None:
            """Nothing is written to the terminal."""

    return Handler


@contextmanager
def running_endpoint(context: SSLContext | None = None) -> Iterator[Endpoint]:
    """An endpoint until the block ends, over TLS with a context."""
    endpoint = Endpoint()
    server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(endpoint))
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if context else "http"
    endpoint.url = f"{scheme}://127.0.0.1:{server.server_port}/api/paas/v4"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
