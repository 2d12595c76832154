"""What mockglm is measured by: bare uvicorn that reads and parses, and a player of thirty lines.

`python -m benchmarks.apps KIND PORT FILE [FIRST EVERY]` serves what is in the file.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import Any, cast

import uvicorn
from httptools import HttpRequestParser

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PLAIN = [(b"content-type", b"application/json")]
STREAM = [(b"content-type", b"text/event-stream")]


async def read(receive: Receive) -> Any:
    """The body of a request, parsed."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return json.loads(body)


def plain(answer: bytes) -> App:
    """Answers with these bytes."""
    headers = [*PLAIN, (b"content-length", str(len(answer)).encode())]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read(receive)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app


def stream(answer: bytes) -> App:
    """Answers with these events, a body event each."""
    frames = [frame + b"\n\n" for frame in answer.split(b"\n\n")[:-1]]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read(receive)
        await send({"type": "http.response.start", "status": 200, "headers": STREAM})
        for frame in frames:
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


def ticking(answer: bytes, first: float, every: float) -> App:
    """Answers with these events on time: absolute deadlines, looked at every millisecond."""
    frames = [frame + b"\n\n" for frame in answer.split(b"\n\n")[:-1]]
    frames[-2:] = [b"".join(frames[-2:])]
    due: list[tuple[float, int, asyncio.Future[None]]] = []
    order = count()
    ticks: list[asyncio.Task[None]] = []

    async def tick(loop: asyncio.AbstractEventLoop) -> None:
        while True:
            await asyncio.sleep(0.001)
            while due and due[0][0] <= loop.time():
                heappop(due)[2].set_result(None)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        at = loop.time() + first
        if not ticks:
            ticks.append(loop.create_task(tick(loop)))
        await read(receive)
        await send({"type": "http.response.start", "status": 200, "headers": STREAM})
        for frame in frames:
            if at > loop.time():
                future = loop.create_future()
                heappush(due, (at, next(order), future))
                await future
            await send({"type": "http.response.body", "body": frame, "more_body": True})
            at += every
        await send({"type": "http.response.body", "body": b""})

    return app


def routed(answer: bytes) -> App:
    """The same as `plain`, found by one route of Starlette."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    app: App = Starlette(routes=[Mount("/api", plain(answer))])
    return app


def behind_middleware(answer: bytes) -> App:
    """The same behind one middleware that passes everything on."""
    from starlette.middleware.base import BaseHTTPMiddleware

    async def pass_on(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    app: App = BaseHTTPMiddleware(routed(answer), dispatch=pass_on)
    return app


def mockglm_under_asgi(scenario: bytes) -> App:
    """mockglm's application with a scenario, for uvicorn's own protocol."""
    from mockglm.app import App as Application
    from mockglm.scenarios import parse
    from mockglm.server import Sessions, Settings

    app: App = Application(Sessions(Settings(speed=0.0), (parse(scenario, "asgi.yaml"),)))
    return app


class Raw(asyncio.Protocol):
    """The least that a server in Python can do: find the end of a request, write fixed bytes."""

    def __init__(self, answer: bytes) -> None:
        self._parser = HttpRequestParser(self)
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self._answer = head % len(answer) + answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(self._answer)


def serve_raw(answer: bytes, port: int) -> None:
    """Serve with `Raw`, without uvicorn and ASGI."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Raw(answer), "127.0.0.1", port)
        await server.serve_forever()

    import uvloop

    uvloop.run(run())


def serve(app: Any, port: int) -> None:
    """Serve an ASGI application with bare uvicorn, as all yardsticks are."""
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
    )


def main(kind: str, port: str, file: str, *pace: str) -> None:
    answer = Path(file).read_bytes()
    if kind == "raw":
        serve_raw(answer, int(port))
        return
    apps: dict[str, Callable[..., App]] = {
        "plain": plain,
        "stream": stream,
        "ticking": ticking,
        "routed": routed,
        "middleware": behind_middleware,
        "asgi": mockglm_under_asgi,
    }
    serve(apps[kind](answer, *map(float, pace)), int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
