"""The uvicorn server of the application, run in a process of its own or in a thread."""

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
"""Seconds that running streams have to end when the server is stopped."""

CUT_GRACE = 2.0
"""Seconds that connections have to close after their streams were cut."""

Loop = Literal["asyncio", "uvloop"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """A server of one application.

    `on_ready` is called in the loop once the server accepts requests. `tasks` run in the loop until
    it stops, `on_shutdown` when no request is open any more. After SIGTERM the server says that it
    is not ready and accepts requests for `drain` seconds more, so that a load balancer can notice;
    then running streams have `grace` seconds to end. `loop` is uvloop if it is installed.
    """

    def __init__(
        self,
        app: App,
        *,
        on_ready: Callable[[], None] = lambda: None,
        tasks: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        on_shutdown: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        grace: float = GRACE,
        drain: float = 0.0,
        certfile: str | None = None,
        keyfile: str | None = None,
        loop: Loop | None = None,
        fast_lane: bool = True,
    ) -> None:
        lane = app if fast_lane and app.decides_at_once else None
        protocol = partial(GLMProtocol, limits=app.limits, lane=lane)
        super().__init__(
            uvicorn.Config(
                app,
                loop=loop or ("uvloop" if _is_uvloop_installed() else "asyncio"),
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
        self.app = app
        self._limits = app.limits
        self._on_ready = on_ready
        self._tasks = tasks
        self._on_shutdown = on_shutdown
        self._running: list[asyncio.Task[None]] = []
        self._grace = grace
        self._drain_time = drain
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake_event = asyncio.Event()
        await super().startup(sockets)
        self._running = [asyncio.create_task(run()) for run in self._tasks]
        self._on_ready()

    def stop(self) -> None:
        """Stop the server. May be called from any thread, or by a signal."""
        self.should_exit = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_event.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        readiness, loop = self.app.readiness, self._loop
        if sig == signal.SIGTERM and self._drain_time and loop and not readiness.is_draining:
            readiness.is_draining = True
            loop.call_soon_threadsafe(loop.call_later, self._drain_time, self.stop)
            return
        readiness.is_draining = True
        super().handle_exit(sig, frame)
        self.stop()

    async def main_loop(self) -> None:
        """Serve until stopped."""
        # uvicorn's own loop wakes ten times a second to see if it has to stop.
        await self.on_tick(0)
        while not self.should_exit:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake_event.wait(), self._limits.look)
            self._close_stuck()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let running streams end within the grace time, then cut them."""
        # uvicorn's own shutdown sleeps even if there is nothing to wait for.
        for task in self._running:
            task.cancel()
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        end = loop.call_later(self._grace, self._cut_transmissions)
        await self._drain(loop.time() + self._grace + CUT_GRACE)
        end.cancel()
        for close in self._on_shutdown:
            await close()

    async def _drain(self, deadline: float) -> None:
        """Wait until no response is being sent and no connection is open, or until the deadline.

        A second SIGINT ends the waiting.
        """
        loop = asyncio.get_running_loop()
        self._wake_event.clear()
        forced = asyncio.ensure_future(self._wake_event.wait())
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
        """The futures that have to end before the server: those of responses and connections."""
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

    def _cut_transmissions(self) -> None:
        """Cut the running streams; their recordings are kept up to here."""
        self.app.player.stop()
        for connection in list(self.server_state.connections):
            connection.transport.close()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals as uvicorn does, but without raising them again: the exit code is 0."""
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
    """A server in a thread of its own, for tests."""

    def __init__(self, app: App, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        self._socket = bind_socket(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._started = threading.Event()
        self.server = Server(app, on_ready=self._started.set, **options)
        self._thread = threading.Thread(target=self._run, name="mockglm", daemon=True)
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Start the server and wait until it accepts requests."""
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop the server, cut its streams, and wait for the end of the thread."""
        self.server.stop()
        self._thread.join()

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return len(self.server.server_state.connections)

    def call(self, function: Callable[[], Any]) -> Any:
        """Run a function in the server's loop and return its result."""

        async def run() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self.server.config.get_loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as failure:  # raised again in the thread that waits in start()
            self._failure = failure
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.server.serve(sockets=[self._socket])


def bind_socket(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Bind a socket to a host and port, 0 for any. Raises UsageError if that fails.

    If `is_shared`, other processes of this user may bind the same port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    if sys.platform != "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    sock.set_inheritable(True)
    return sock


def _is_uvloop_installed() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None
