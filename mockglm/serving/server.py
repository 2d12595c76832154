"""uvicorn set up for this application: in a process of its own or in a thread, quiet, prompt."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, cast

import uvicorn

from mockglm.errors import UsageError
from mockglm.serving.protocol import GLMProtocol

if TYPE_CHECKING:
    from mockglm.app import App


GRACE = 3.0
"""Seconds running streams are given when the server is told to stop."""

AFTER_GRACE = 2.0
"""Seconds that answers which were ended are given to be over."""

Loop = Literal["asyncio", "uvloop"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """One server of one app. `ready` is called in the loop once it answers; `beside` are run in
    the loop as long as it does, `after` once no request is open; `loop` is uvloop where there is
    one."""

    def __init__(
        self,
        app: App,
        *,
        ready: Callable[[], None] = lambda: None,
        beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        after: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        grace: float = GRACE,
        certfile: str | None = None,
        keyfile: str | None = None,
        loop: Loop | None = None,
        fast_lane: bool = True,
    ) -> None:
        protocol = partial(GLMProtocol, limits=app.limits, lane=app if fast_lane else None)
        super().__init__(
            uvicorn.Config(
                app,
                loop=loop or ("uvloop" if _has_uvloop() else "asyncio"),
                http=cast("Any", protocol),
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,  # the player's, for an answer may have a wrong one on purpose
                timeout_keep_alive=cast("int", app.limits.idle),
                timeout_graceful_shutdown=int(grace) + 2,
                ssl_certfile=certfile,
                ssl_keyfile=keyfile,
            )
        )
        self._app = app
        self._limits = app.limits
        self._ready = ready
        self._beside = beside
        self._after = after
        self._running: list[asyncio.Task[None]] = []
        self._grace = grace
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        await super().startup(sockets)
        self._running = [asyncio.create_task(run()) for run in self._beside]
        self._ready()

    def stop(self) -> None:
        """Have the server stop. To be called from any thread, or by a signal."""
        self.should_exit = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.stop()

    async def main_loop(self) -> None:
        """Serve until told to stop. uvicorn's own loop looks for that ten times a second."""
        await self.on_tick(0)
        while not self.should_exit:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._limits.look)
            self._close_stuck()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running streams end within the grace time, then end them. uvicorn's own shutdown
        sleeps even where there is nothing to wait for."""
        for task in self._running:
            task.cancel()
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        end = loop.call_later(self._grace, self._end)
        await self._drain(loop.time() + self._grace + AFTER_GRACE)
        end.cancel()
        for close in self._after:
            await close()

    async def _drain(self, deadline: float) -> None:
        """Wait until no answer is under way and no connection is open, or until a time; a second
        SIGINT ends it."""
        loop = asyncio.get_running_loop()
        self._woken.clear()
        forced = asyncio.ensure_future(self._woken.wait())
        while not self.force_exit and (pending := self._pending()):
            ended = asyncio.ensure_future(asyncio.wait(pending))
            left = max(deadline - loop.time(), 0)
            await asyncio.wait((ended, forced), timeout=left, return_when="FIRST_COMPLETED")
            if not ended.done():
                ended.cancel()
                break
        forced.cancel()
        for task in () if self.force_exit else self.server_state.tasks:
            task.cancel()

    def _pending(self) -> list[asyncio.Future[None]]:
        """What is to end before the server does: answers under way, and open connections."""
        connections = self.server_state.connections
        gone = (one.gone for one in connections if isinstance(one, GLMProtocol))
        return [*self.server_state.tasks, *gone]

    def _close_stuck(self) -> None:
        now = monotonic()
        for connection in list(self.server_state.connections):
            if not isinstance(connection, GLMProtocol):
                continue
            if connection.is_stuck(now):
                connection.transport.abort()
            elif connection.is_expired(now):
                connection.transport.close()

    def _end(self) -> None:
        """End what still runs where it is; what is recorded is kept as far as it came."""
        self._app.player.stop()
        for connection in list(self.server_state.connections):
            connection.transport.close()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn, but a signal that was obeyed is not raised again: a clean stop ends 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class BackgroundServer:
    """A server in a thread of its own, for tests: start, use `port`, stop."""

    def __init__(self, app: App, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        self._socket = listen(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._started = threading.Event()
        self._server = Server(app, ready=self._started.set, **options)
        self._thread = threading.Thread(target=self._run, name="mockglm", daemon=True)
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Start serving; returns once it answers."""
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop serving; running streams are ended. Returns once the thread is gone."""
        self._server.stop()
        self._thread.join()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._server.server_state.connections)

    def call(self, function: Callable[[], Any]) -> Any:
        """Run a function in the server's loop and return what it returns."""

        async def run() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as failure:  # handed over to the thread that waits in start()
            self._failure = failure
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to host and port (0 for any). Raises UsageError where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    if sys.platform != "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    sock.set_inheritable(True)
    return sock


def _has_uvloop() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None
