"""HTTP for the probes: one request sent, every byte of the answer kept with its time, in bounds."""

from __future__ import annotations

import threading
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

SendRequest = Callable[[Request], Exchange]

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of an answer that are read; a probe asks for at most 512 tokens. They are kept as they
come over the wire and never decompressed, so a small answer cannot become a large one."""
MAX_LINES = 50_000
"""Lines of an answer, or reads it arrives in, whichever are more: each costs memory of its own."""


class ReadLimits(Struct, frozen=True):
    """The bounds of one answer: seconds for the connection, for the next byte and for all of it,
    bytes, lines; `pause` is the wait in seconds before a request is repeated after a 429."""

    connect: float = 10.0
    idle: float = 120.0
    whole: float = 300.0
    size: int = MAX_BYTES
    lines: int = MAX_LINES
    pause: float = 10.0


# Long enough for a model that thinks; the SDK waits 300 s (zai-sdk 0.2.3, core/_constants.py).
DEFAULT_LIMITS = ReadLimits()


def load_certificates(file: Path) -> SSLContext:
    """A context that trusts the certificates of a file beside the usual ones.

    Raises UsageError for a file without certificates.
    """
    # Imported here: judging recordings does without.
    import httpx

    context = httpx.create_ssl_context()
    try:
        context.load_verify_locations(file)
    except OSError as error:
        raise UsageError(f"{file} has no certificates: {error.strerror or error}") from error
    return context


@contextmanager
def open_client(
    base: str, limits: ReadLimits = DEFAULT_LIMITS, trust: SSLContext | None = None
) -> Iterator[SendRequest]:
    """A function that sends a request to the base URL and returns the exchange.

    It never raises for a failure of the network: the exchange holds the error.
    """
    # Imported here: judging recordings does without.
    import httpx

    timeout = httpx.Timeout(limits.idle, connect=limits.connect)
    verify = True if trust is None else trust
    with httpx.Client(timeout=timeout, follow_redirects=False, verify=verify) as client:
        yield lambda request: _Sending(client, base.rstrip("/"), request, limits=limits).run()


def count_lines(data: bytes) -> int:
    """The ends of lines, LF and CR."""
    return data.count(b"\n") + data.count(b"\r")


class _Sending:
    """One request on its way, and the part of its answer that has arrived."""

    def __init__(
        self, client: httpx.Client, base: str, request: Request, *, limits: ReadLimits
    ) -> None:
        self._client = client
        self._request = request
        self._limits = limits
        self._url = base + request.path + (f"?{request.query}" if request.query else "")
        self._started = time.time()
        self._begun = time.perf_counter()
        self._pieces: list[tuple[float, bytes]] = []
        self._size = self._lines = 0
        self._head: tuple[int, Headers, float] | None = None
        self._end: End = "done"
        self._error = ""
        self._is_abandoned = False
        self._bug: Exception | None = None

    def run(self) -> Exchange:
        """Send the request and wait for the answer, no longer than the limits allow."""
        # The timeouts of HTTP clients are for one read. A server that sends a byte of its headers
        # now and then, or one interim response after another, never exceeds them: only a thread
        # can be left behind.
        reader = threading.Thread(target=self._send, daemon=True)
        reader.start()
        reader.join(self._limits.whole)
        self._is_abandoned = reader.is_alive()
        if self._is_abandoned:
            subject = "the answer had not ended" if self._head else "no answer had begun"
            self._end, self._error = "hang", f"{subject} after {self._limits.whole:g} s (--timeout)"
        elif self._bug:
            raise self._bug
        return Exchange(self._request, self._answer(), self._started, self._error)

    def _send(self) -> None:
        import httpx

        request = self._request
        try:
            with self._client.stream(
                request.method, self._url, content=request.body, headers=list(request.headers)
            ) as response:
                self._read(response)
        except httpx.HTTPError as error:
            self._fail(_end_of(error), _describe(error))
        except (httpx.InvalidURL, OSError) as error:
            self._fail("close", f"{error}")
        except Exception as error:
            # To be raised in the caller's thread; one that was left behind fails for good reasons.
            self._bug = error

    def _read(self, response: httpx.Response) -> None:
        self._head = (response.status_code, read_headers(response), self._elapsed())
        for piece in response.iter_raw():
            if self._is_abandoned:
                return
            self._pieces.append((self._elapsed(), piece))
            self._size += len(piece)
            self._lines += count_lines(piece)
            excess = self._excess()
            if excess:
                self._fail("hang", excess)
                return

    def _fail(self, end: End, error: str) -> None:
        if not self._is_abandoned:
            self._end, self._error = end, error

    def _answer(self) -> Response | None:
        if self._head is None:
            return None
        status, headers, at = self._head
        return Response(status, headers, tuple(self._pieces), self._end, at)

    def _elapsed(self) -> float:
        return time.perf_counter() - self._begun

    def _excess(self) -> str:
        if self._size > self._limits.size:
            return f"the answer had not ended after {self._limits.size} bytes"
        if max(self._lines, len(self._pieces)) > self._limits.lines:
            return f"the answer had not ended after {self._limits.lines} lines or pieces"
        return ""


def read_headers(response: httpx.Response) -> Headers:
    """Header fields as they came; latin-1, because RFC 9110 §5.5 allows any octet."""
    return tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw)


def _end_of(error: httpx.HTTPError) -> End:
    """The way in which an answer ended that the transport gave up."""
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return "hang"
    return "reset" if isinstance(error, httpx.ReadError) else "close"


def _describe(error: httpx.HTTPError) -> str:
    name = type(error).__name__
    return f"{name}: {error}" if str(error) else name
