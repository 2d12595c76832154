"""The ramp: streams opened one after the other, and kept open, until the endpoint refuses one.

It needs streams that stay open while more are sent, which a transport that returns whole exchanges
cannot give: each stream has a thread of its own, which ends when the ramp does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from socket import SHUT_RDWR
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from mockglm.exchange import Request
from mockglm.measurement.samples import read_code

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpcore
    import httpx

LIMIT_CODES = ("1302", "1305")
"""Too many in flight for the account; the model is overloaded (docs.bigmodel.cn, 错误码)."""

_OK = 200
_MOST_ERROR = 64 * 1024
"""Bytes of a refusal that are read."""

RampEnd = Literal["refused", "most", "stalled", "failed"]


class RampResult(Struct, frozen=True):
    """The outcome of a ramp.

    `highest` is the most streams that were open at once. `end` is `refused` (by `code`), `most`
    (all were answered that may be sent), `stalled` (no head in time, as an overload of the service
    often looks: Hmbown/Codewhale#3496) or `failed` (`reason`).
    """

    highest: int
    end: RampEnd
    requests: int
    code: str = ""
    reason: str = ""


class RampLimits(Struct, frozen=True):
    """Bounds of a ramp: streams open at once, seconds to wait for a head, for a byte, for all."""

    most: int
    head: float = 60.0
    idle: float = 60.0
    whole: float = 300.0


class _OpenStream:
    """One stream in a thread of its own, from its request to its end or to `close`."""

    def __init__(self, client: httpx.Client, url: str, request: Request) -> None:
        self.status = 0
        self.code = self.reason = ""
        self.has_head = threading.Event()
        self._is_over = threading.Event()
        self._client, self._url, self._request = client, url + request.path, request
        self._connection: httpcore.NetworkStream | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        return self.status == _OK and not self._is_over.is_set()

    def close(self) -> None:
        """Shut the connection down, which wakes the thread that waits for its bytes."""
        connection = self._connection.get_extra_info("socket") if self._connection else None
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def _run(self) -> None:
        import httpx

        try:
            self._read()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self.reason = f"{type(error).__name__}: {error}"
        finally:
            self._is_over.set()
            self.has_head.set()

    def _read(self) -> None:
        request = self._request
        with self._client.stream(
            request.method,
            self._url,
            content=request.body,
            headers=list(request.headers),
            extensions={"trace": self._trace},
        ) as response:
            self.status = response.status_code
            if self.status != _OK:
                self.code = _read_code(response)
                return
            self.has_head.set()
            for _ in response.iter_raw():
                pass

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        # A stream whose head has not come has no response that could be closed.
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._connection = info["return_value"]


def climb(
    url: str,
    make_request: Callable[[int], Request],
    *,
    limits: RampLimits,
    trust: SSLContext | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> RampResult:
    """Open streams at the base URL until one is refused, and return how many were open at once.

    At most twice as many are sent as may be open, for those that end early are replaced.
    `progress` is called with the number that are open.
    """
    import httpx

    verify = True if trust is None else trust
    bounds = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    timeout = httpx.Timeout(limits.idle, pool=None)
    streams: list[_OpenStream] = []
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(timeout=timeout, limits=bounds, verify=verify))
        stack.callback(_close_all, streams)
        return _climb(
            streams,
            lambda number: _OpenStream(client, url, make_request(number)),
            limits=limits,
            progress=progress,
        )


def _climb(
    streams: list[_OpenStream],
    begin: Callable[[int], _OpenStream],
    *,
    limits: RampLimits,
    progress: Callable[[int], None],
) -> RampResult:
    highest, until = 0, monotonic() + limits.whole
    while highest < limits.most and len(streams) < 2 * limits.most and monotonic() < until:
        stream = begin(len(streams))
        streams.append(stream)
        if not stream.has_head.wait(limits.head):
            return RampResult(highest, "stalled", len(streams))
        if stream.code in LIMIT_CODES:
            return RampResult(highest, "refused", len(streams), stream.code)
        if stream.status != _OK:
            reason = stream.reason or f"status {stream.status}"
            return RampResult(highest, "failed", len(streams), stream.code, reason)
        highest = max(highest, sum(one.is_open for one in streams))
        progress(highest)
    return RampResult(highest, "most", len(streams))


def _close_all(streams: Sequence[_OpenStream]) -> None:
    for stream in streams:
        stream.close()
    for stream in streams:
        stream.join(1.0)


def _read_code(response: httpx.Response) -> str:
    body = b""
    for piece in response.iter_raw():
        body += piece
        if len(body) > _MOST_ERROR:
            return ""
    return read_code(body)
