"""One answer on its way: every piece goes to the client as it comes, and is remembered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol

from mockglm.cassettes import STATUSES
from mockglm.exchange import End, Headers, Response
from mockglm.recorder.header_fields import decode_fields, encode_fields, end_to_end

if TYPE_CHECKING:
    import httpx


Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MEND = 0.02
"""Seconds within which what continues a frame, or a body that is no stream, belongs to what came
before: so far the network cuts, not the service."""

CODING = "content-encoding"

UNDONE = ("gzip", "deflate", "identity")
"""Content codings that are undone where they come all the same: what is passed on and kept is what
was meant. Others are the client's to undo."""

_ENDING = re.compile(rb'"finish_reason":\s*"|data:\s*\[DONE\]')


class Wire(Protocol):
    """What is needed of the connection below ASGI."""

    async def wait_sent(self) -> None:
        """Wait until the client's system has all bytes."""

    def reset(self) -> None:
        """Reset the connection (RST)."""

    def close(self) -> None:
        """Close the connection (FIN)."""

    @property
    def gone(self) -> asyncio.Future[None]:
        """Done when the connection is lost."""


class Passage:
    """What has come so far, and when: in seconds by the clock since this was made."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._head: float | None = None
        self._status = 0
        self._headers: Headers = ()
        self._pieces: list[tuple[float, bytearray]] = []
        self._last_read = 0.0
        self._is_stream = False
        self.end: End = "close"
        self.is_ending = False
        """Whether what came last says that the answer is about to be whole."""

    async def run(self, response: httpx.Response, send: Send) -> None:
        """Pass an answer on to its end. What it holds stays whatever is raised meanwhile.

        Raises what httpx raises, also for a status that nobody passes on.
        """
        if response.status_code not in STATUSES:
            raise _unheard(response)
        self._head = self._since()
        self._status = response.status_code
        self._headers = _headers(response)
        self._is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
        head = encode_fields(self._headers)
        await send({"type": "http.response.start", "status": self._status, "headers": head})
        is_undone = _coding(response) in UNDONE
        async for piece in response.aiter_bytes() if is_undone else response.aiter_raw():
            self._take(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        self.end = "done"

    @property
    def answer(self) -> Response | None:
        """The answer as it was seen; None when none began."""
        if self._head is None:
            return None
        pieces = tuple((at, bytes(piece)) for at, piece in self._pieces)
        return Response(self._status, self._headers, pieces, self.end, self._head)

    def _take(self, piece: bytes) -> None:
        now = self._since()
        is_mended = bool(self._pieces) and now - self._last_read < MEND and self._is_open()
        self._last_read = now
        if is_mended:
            at, before = self._pieces[-1]
            before += piece
            self._pieces[-1] = now if self._is_stream else at, before
        else:
            is_later = self._is_stream or bool(self._pieces)
            self._pieces.append((now if is_later else self._first(now), bytearray(piece)))
        if self._is_stream and _ENDING.search(piece):
            self.is_ending = True

    def _is_open(self) -> bool:
        """Whether what came last is not the end of a frame."""
        return not self._is_stream or not self._pieces[-1][1].endswith((b"\n\n", b"\r\n\r\n"))

    def _first(self, now: float) -> float:
        """When a body that is no stream begins: with the headers, if it came with them."""
        head = self._head or 0.0
        return head if now - head < MEND else now

    def _since(self) -> float:
        return self._clock() - self._began


def _unheard(response: httpx.Response) -> Exception:
    import httpx

    return httpx.RemoteProtocolError(f"{response.status_code} is no status of HTTP")


def _coding(response: httpx.Response) -> str:
    """The content coding of an answer, "" for none, which is what was asked for."""
    name: str = response.headers.get(CODING, "")
    return name.strip().lower()


def _headers(response: httpx.Response) -> Headers:
    """The headers that are passed on.

    Not the length of the body: so the client knows that it has all of it only when it is told,
    which is when the exchange is on disk, and yet no byte is held back.
    """
    lines = end_to_end(decode_fields(response.headers.raw))
    left = {"content-length"} if _coding(response) not in UNDONE else {"content-length", CODING}
    return tuple(line for line in lines if line[0].lower() not in left)
