"""The client whose request is forwarded: its response goes out over ASGI and its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from msgspec import Struct

from mockglm.exchange import Headers, Response
from mockglm.recorder.forwarding import encode_fields

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ClientConnection(Protocol):
    """The part of the connection below ASGI that a recorder needs."""

    async def wait_sent(self) -> None:
        """Wait until the client's system has all bytes."""

    def reset(self) -> None:
        """Reset the connection (RST)."""

    def close(self) -> None:
        """Close the connection (FIN)."""

    @property
    def gone(self) -> asyncio.Future[None]:
        """Done when the connection is lost."""


class Client(Struct, frozen=True):
    """The client of one exchange. `connection` is None if there is nothing below ASGI."""

    send: Send
    connection: ClientConnection | None = None

    async def begin(self, status: int, headers: Headers) -> None:
        """Send status and headers."""
        fields = encode_fields(headers)
        await self.send({"type": "http.response.start", "status": status, "headers": fields})

    async def write(self, piece: bytes) -> None:
        """Send a piece of the body, after which more follow."""
        await self.send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self, response: Response) -> None:
        """End the response as it ended for the recorder."""
        connection = self.connection
        if response.end == "done":
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        elif connection is not None and not connection.gone.done():
            if response.end == "reset":
                await connection.wait_sent()
                connection.reset()
            else:
                connection.close()
            await connection.gone

    async def respond(self, response: Response | None) -> None:
        """Send a whole response; for None, only close the connection."""
        if response is not None:
            length = ("content-length", str(response.size))
            await self.begin(response.status, (*response.headers, length))
            await self.send({"type": "http.response.body", "body": response.body})
        elif self.connection is not None:
            self.connection.close()
