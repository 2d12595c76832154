"""Requests sent and every byte that comes back kept, with the time it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mockglm.errors import UsageError
from mockglm.exchange import End, Exchange, Headers, Request, Response

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx

__all__ = ["PATIENCE", "Patience", "Send", "connect", "trusting"]

Send = Callable[[Request], Exchange]


class Patience(Struct, frozen=True):
    """Seconds to wait for a connection, for the next byte and for the whole answer, the most bytes
    of it that are read, and the seconds before what came too often is sent again."""

    connect: float = 10.0
    idle: float = 120.0
    whole: float = 300.0
    size: int = 16 * 1024 * 1024
    pause: float = 10.0


PATIENCE = Patience()
"""Long enough for a model that thinks; the SDK waits 300 s (zai-sdk 0.2.3, core/_constants.py)."""


def trusting(ca: Path) -> SSLContext:
    """What trusts the certificates of a file beside those that are trusted everywhere. Raises
    UsageError for a file that has none."""
    import httpx  # imported here: judging recordings does without

    context = httpx.create_ssl_context()
    try:
        context.load_verify_locations(ca)
    except OSError as error:
        raise UsageError(f"{ca} has no certificates: {error.strerror or error}") from error
    return context


@contextmanager
def connect(
    base: str, patience: Patience = PATIENCE, trust: SSLContext | None = None
) -> Iterator[Send]:
    """A function that sends a request to the base URL and returns the exchange; it never raises
    for what the network does, the exchange says it."""
    import httpx  # imported here: judging recordings does without

    timeout = httpx.Timeout(patience.idle, connect=patience.connect)
    verify = True if trust is None else trust
    with httpx.Client(timeout=timeout, follow_redirects=False, verify=verify) as client:
        yield lambda request: _send(client, base.rstrip("/"), request, patience)


def _send(client: httpx.Client, base: str, request: Request, patience: Patience) -> Exchange:
    import httpx

    started = time.time()
    reading = _Reading(time.perf_counter(), patience)
    url = base + request.path + (f"?{request.query}" if request.query else "")
    try:
        with client.stream(
            request.method, url, content=request.body, headers=list(request.headers)
        ) as response:
            reading.read(response)
    except httpx.HTTPError as error:
        return Exchange(request, reading.answer(_end(error)), started, _words(error))
    except (httpx.InvalidURL, OSError) as error:
        return Exchange(request, reading.answer("close"), started, f"{error}")
    end: End = "hang" if reading.error else "done"
    return Exchange(request, reading.answer(end), started, reading.error)


class _Reading:
    """What has come of an answer so far."""

    def __init__(self, begun: float, patience: Patience) -> None:
        self._begun = begun
        self._patience = patience
        self._pieces: list[tuple[float, bytes]] = []
        self._size = 0
        self._head: tuple[int, Headers, float] | None = None
        self.error = ""

    def read(self, response: httpx.Response) -> None:
        self._head = (response.status_code, _headers(response), self._elapsed())
        for piece in response.iter_raw():
            self._pieces.append((self._elapsed(), piece))
            self._size += len(piece)
            self.error = self._excess()
            if self.error:
                return

    def answer(self, end: End) -> Response | None:
        if self._head is None:
            return None
        status, headers, at = self._head
        return Response(status, headers, tuple(self._pieces), end, at)

    def _elapsed(self) -> float:
        return time.perf_counter() - self._begun

    def _excess(self) -> str:
        if self._elapsed() > self._patience.whole:
            return f"the answer had not ended after {self._patience.whole:g} s (--timeout)"
        if self._size > self._patience.size:
            return f"the answer had not ended after {self._size} bytes"
        return ""


def _headers(response: httpx.Response) -> Headers:
    """Header fields as they came; latin-1, because RFC 9110 §5.5 allows any octet."""
    return tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw)


def _end(error: httpx.HTTPError) -> End:
    """How an answer ended that the transport gave up."""
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return "hang"
    return "reset" if isinstance(error, httpx.ReadError) else "close"


def _words(error: httpx.HTTPError) -> str:
    name = type(error).__name__
    return f"{name}: {error}" if str(error) else name
