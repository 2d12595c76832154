"""One answer on its way: every piece goes to the client as it comes, and is remembered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol

from mockglm.exchange import Answer, End, Headers
from mockglm.recorder.upstream import passed_on

if TYPE_CHECKING:
    import httpx

__all__ = ["Passage", "Send", "Wire"]

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MEND = 0.02
"""Seconds within which what continues a frame, or a body that is no stream, belongs to what came
before: so far the network cuts, not the service."""

_ENDING = re.compile(rb'"finish_reason":\s*"|data:\s*\[DONE\]')


class Wire(Protocol):
    """What is needed of the connection below ASGI."""

    async def sent(self) -> None:
        """Wait until the client's system has all bytes."""

    def reset(self) -> None:
        """Reset the connection (RST)."""

    def close(self) -> None:
        """Close the connection (FIN)."""

    @property
    def gone(self) -> asyncio.Future[None]:
        """Done when the connection is lost."""


class Passage:
    """What has come so far. Times are the loop's; `began` is when the request was there."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._loop = asyncio.get_running_loop()
        self._head: float | None = None
        self._status = 0
        self._headers: Headers = ()
        self._pieces: list[tuple[float, bytes]] = []
        self._last_read = 0.0
        self._is_stream = False
        self.end: End = "close"
        self.is_ending = False
        """Whether what came last says that the answer is about to be whole."""

    async def run(self, response: httpx.Response, send: Send) -> None:
        """Pass an answer on to its end. What it holds stays whatever is raised meanwhile."""
        self._head = self._since()
        self._status = response.status_code
        self._headers = _headers(response)
        self._is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
        head = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in self._headers
        ]
        await send({"type": "http.response.start", "status": self._status, "headers": head})
        # Not compressed, as was asked for; what is all the same, is passed on as it was meant.
        is_coded = "content-encoding" in response.headers
        async for piece in response.aiter_bytes() if is_coded else response.aiter_raw():
            self._take(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        self.end = "done"

    @property
    def answer(self) -> Answer | None:
        """The answer as it was seen; None when none began."""
        if self._head is None:
            return None
        return Answer(self._status, self._headers, tuple(self._pieces), self.end, self._head)

    def _take(self, piece: bytes) -> None:
        now = self._since()
        is_mended = now - self._last_read < MEND and self._is_open()
        self._last_read = now
        if is_mended and self._pieces:
            at, before = self._pieces.pop()
            self._pieces.append((now if self._is_stream else at, before + piece))
        else:
            self._pieces.append(
                (now if self._is_stream or self._pieces else self._first(now), piece)
            )
        if self._is_stream and _ENDING.search(piece):
            self.is_ending = True

    def _is_open(self) -> bool:
        """Whether what came last is not the end of a frame."""
        if not self._is_stream:
            return True
        return bool(self._pieces) and not self._pieces[-1][1].endswith((b"\n\n", b"\r\n\r\n"))

    def _first(self, now: float) -> float:
        """When a body that is no stream begins: with the headers, if it came with them."""
        head = self._head or 0.0
        return head if now - head < MEND else now

    def _since(self) -> float:
        return self._loop.time() - self._began


def _headers(response: httpx.Response) -> Headers:
    """The headers that are passed on.

    Not the length of the body: so the client knows that it has all of it only when it is told,
    which is when the exchange is on disk, and yet no byte is held back.
    """
    raw = response.headers.raw
    lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
    made_anew = ("content-encoding", "content-length")
    return tuple(line for line in passed_on(lines) if line[0].lower() not in made_anew)
