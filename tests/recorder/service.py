"""A service whose responses a test writes byte by byte, and a recorder in front of it."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from mockglm.app import App, Log
from mockglm.cassettes import CassetteWriter
from mockglm.exchange import Response
from mockglm.limits import DEFAULT, Limits
from mockglm.recorder import Mode, RecordedExchange, Recorder, Timeouts, Upstream, plan_recording
from mockglm.redaction import Redactor
from mockglm.scenarios import load
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer

__all__ = ["KEY", "Call", "Proxy", "Service", "chunk", "head", "recording"]

KEY = "fedcba9876543210fedcba9876543210.CanaryCanary1234"
STREAM = "text/event-stream;charset=UTF-8"


@dataclass
class Call:
    """One request that reached the service, and the connection it came by."""

    head: str
    body: bytes
    sock: socket.socket

    def header(self, name: str) -> str | None:
        lines = (line.partition(": ") for line in self.head.split("\r\n")[1:])
        return next((value for key, _, value in lines if key.lower() == name), None)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """Close the connection with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        plain = socket.socket(fileno=self.sock.detach())
        plain.close()

    def wait_gone(self) -> bool:
        """Wait until the other side closes; whether it does within a minute."""
        self.sock.settimeout(60)
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


Handler = Callable[[Call], None]


@dataclass
class Service:
    """A server whose every answer is written by hand; connections are closed after one."""

    handler: Handler
    context: ssl.SSLContext | None = None
    calls: list[Call] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> Service:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if self.context else 'http'}://127.0.0.1:{self._port}/api/paas/v4"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    @property
    def _port(self) -> int:
        return int(self._socket.getsockname()[1])

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        # A client that does not trust us, or leaves, is part of some tests.
        with suppress(OSError, ssl.SSLError):
            sock = self.context.wrap_socket(plain, server_side=True) if self.context else plain
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with sock:
                call = _read(sock)
                self.calls.append(call)
                self.handler(call)


@dataclass
class Proxy:
    """The recording proxy as its clients see it."""

    url: str
    path: Path
    sessions: Sessions
    recorder: Recorder | None
    redactor: Redactor
    told: list[str]
    passed: list[RecordedExchange]
    background: BackgroundServer

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].partition("/")[0])

    def post(self, path: str = "/chat/completions", **options: Any) -> httpx.Response:
        with self.client() as client:
            return client.post(path, **{"json": {"model": "glm-4.6"}, **options})

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {KEY}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    @property
    def answers(self) -> list[Response]:
        """The recorded answers."""
        steps = (one.steps[0] for one in load(self.path).interactions)
        return [step.response for step in steps if step.response is not None]


@contextmanager
def recording(
    upstream: str,
    path: Path,
    *,
    mode: Mode = "once",
    key: str = "",
    ca: Path | None = None,
    timeouts: Timeouts | None = None,
    clock: Callable[[], float] = time.monotonic,
    speed: float = 0,
    log: Log = lambda entry: None,
    limits: Limits = DEFAULT,
) -> Iterator[Proxy]:
    """A proxy that records a service into a file until the block ends."""
    redactor = Redactor((key,) if key else ())
    told: list[str] = []
    passed: list[RecordedExchange] = []
    there = load(path) if path.exists() else None
    plan = plan_recording(mode, is_empty=there is None or not there.interactions)
    recorder = None
    if plan.records:
        service = Upstream(upstream, allowed=("127.0.0.1",), key=key, ca=ca, timeouts=timeouts)
        cassette = CassetteWriter(
            path, origin=service.base, at="2026-11-22T08:00:00Z", overwrite=plan.overwrites
        )
        recorder = Recorder(
            service,
            cassette,
            redactor,
            print_line=told.append,
            on_recorded=passed.append,
            clock=clock,
            limits=limits,
        )
    settings = Settings(speed=speed, on_miss="record" if recorder else "error")
    sessions = Sessions(settings, (there,) if there and plan.replays else ())
    app = App(sessions, log=log, recorder=(lambda name: recorder) if recorder else None)
    background = BackgroundServer(app, grace=0.2, on_shutdown=[recorder.close] if recorder else [])
    background.start()
    try:
        url = f"http://127.0.0.1:{background.port}/api/paas/v4"
        yield Proxy(url, path, sessions, recorder, redactor, told, passed, background)
    finally:
        background.stop()


def head(status: int = 200, kind: str = STREAM, **headers: str) -> bytes:
    """The head of a chunked answer."""
    lines = [f"HTTP/1.1 {status} Something", f"Content-Type: {kind}", "Transfer-Encoding: chunked"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


def chunk(data: bytes) -> bytes:
    """One chunk of a body; an empty one ends it."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _read(sock: socket.socket) -> Call:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionError("nothing was asked")
        data += piece
    text, _, body = data.partition(b"\r\n\r\n")
    call = Call(text.decode("latin-1"), body, sock)
    while len(call.body) < int(call.header("content-length") or 0):
        call.body += sock.recv(65536)
    return call
