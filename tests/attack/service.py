"""A hostile service behind a recorder: its responses are bytes, chosen by the path."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.attack.process import MIB

Answer = Callable[[socket.socket, bytes], None]
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
ENDLESS = 512 * MIB
"""Bytes after which even an endless response ends."""


def whole(body: bytes, head: bytes = JSON) -> Answer:
    """A response with a length."""
    return lambda sock, request: sock.sendall(
        head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    )


def echo(sock: socket.socket, request: bytes) -> None:
    """Send the body of the request back, in a stream that divides it into characters."""
    text = request.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")
    frames = [
        b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % one.encode()
        for one in text
        if one.isprintable() and one not in '"\\'
    ]
    sock.sendall(STREAM + b"\r\n" + b"".join(frames) + text.encode())


def flood(sock: socket.socket, request: bytes) -> None:
    """Send frames as long as they are read."""
    sock.sendall(STREAM + b"\r\n")
    for _ in range(ENDLESS // 65536):
        sock.sendall(b'data: {"n":1}\n\n' * 4681)


def flood_head(sock: socket.socket, request: bytes) -> None:
    """Send header fields as long as they are read."""
    sock.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(ENDLESS // 65536):
        sock.sendall(b"X-Long: " + b"v" * 65000 + b"\r\n")


def answer_twice(sock: socket.socket, request: bytes) -> None:
    """Send a second response behind the first, and wait for another request."""
    one = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"
    sock.sendall(one + b'{"n":1}' + one + b'{"n":2}')
    sock.settimeout(20)
    while sock.recv(65536):
        pass


ANSWERS: dict[str, Answer] = {
    "plain": whole(b"{}"),
    "deep": whole(b"[" * 3000 + b"]" * 3000),
    "surrogates": whole(b'{"a":"\\ud800\\u0000","\\udfff":1e400}'),
    "control": whole(b"{}", JSON + b"X-Request-Id: a\x7f\xe9b\r\n"),
    "bomb": whole(gzip.compress(bytes(ENDLESS), 9), JSON + b"Content-Encoding: gzip\r\n"),
    "flood": flood,
    "head": flood_head,
    "twice": answer_twice,
    "echo": echo,
}
"""The response to each last part of a path."""


@dataclass
class Service:
    """A service on a port of its own; `requests` are those that it got."""

    url: str
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Service]:
    """Run the service in threads until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        service = Service(f"http://127.0.0.1:{listener.getsockname()[1]}/api/paas/v4")
        thread = threading.Thread(target=_accept, args=(listener, service), daemon=True)
        thread.start()
        try:
            yield service
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, service: Service) -> None:
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(sock, service), daemon=True).start()


def _serve(sock: socket.socket, service: Service) -> None:
    with sock, suppress(OSError, ValueError):
        request = _read(sock)
        service.requests.append(request)
        name = request.split(b" ")[1].partition(b"?")[0].rpartition(b"/")[2].decode()
        ANSWERS.get(name, ANSWERS["plain"])(sock, request)


def _read(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionError("no request")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    length = next((int(value) for name, _, value in lines if name == b"content-length"), 0)
    while len(body) < length:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body
