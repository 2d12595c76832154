"""The supervisor of worker processes: starts them, restarts what dies, stops all together."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic

import msgspec
from msgspec import Struct

from mockglm.errors import UsageError

VARIABLE = "MOCKGLM_WORKER"
"""The environment variable that makes a process of `mockglm serve` a worker."""

READY = b"ready\n"
"""The line that a worker prints when it accepts requests."""

MAX_RESTARTS = 5
RESTART_WINDOW = 10.0
"""So many restarts in so many seconds are too many: the supervisor waits as long before the next
one, or stops if no worker is left."""

MARGIN = 5.0
"""Seconds beyond draining and grace after which a worker that does not stop is killed."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """The settings that a worker has from its supervisor, beside the command line.

    Workers listen on the same `port`, share their state at the URL `state`, or in `folder` if there
    is none, and put their metrics into `folder`. The one with `index` 0 reports what concerns all.
    """

    index: int
    port: int
    state: str
    folder: str


def read_worker_settings() -> WorkerSettings | None:
    """Return the settings of this process; None unless a supervisor started it."""
    text = os.environ.get(VARIABLE, "")
    return msgspec.json.decode(text, type=WorkerSettings) if text else None


class Supervisor:
    """Runs worker processes of one command until it is told to stop.

    `settings` are those of the workers, `environment` is added to theirs. `on_ready` is called
    once, when all accept requests; `on_death` with the index of a worker that died, `report` with a
    sentence about it. Workers have `patience` seconds to stop.
    """

    def __init__(
        self,
        command: Sequence[str],
        settings: Sequence[WorkerSettings],
        *,
        environment: Mapping[str, str],
        on_ready: Callable[[], None],
        on_death: Callable[[int], None] = lambda index: None,
        report: Callable[[str], None],
        patience: float,
    ) -> None:
        self._command = command
        self._settings = settings
        self._environment = environment
        self._on_ready = on_ready
        self._on_death = on_death
        self._report = report
        self._patience = patience + MARGIN
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._ready: set[int] = set()
        self._restarts: deque[float] = deque(maxlen=MAX_RESTARTS)
        self._stopping = asyncio.Event()
        self._is_announced = False

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM.

        Raises UsageError if workers die again and again before all were ready, or until none is
        left. While others serve, the cause may go away, as a broken file does.
        """
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._stopping.set)
        workers = [asyncio.create_task(self._keep(one)) for one in self._settings]
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([stopping, *workers], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopping.set()
            await self._stop()
            failures = await asyncio.gather(*workers, return_exceptions=True)
        for failure in failures:
            if isinstance(failure, Exception):
                raise failure

    async def _keep(self, settings: WorkerSettings) -> None:
        """Run a worker, and start it again when it dies."""
        while not self._stopping.is_set():
            process = await self._start(settings)
            if self._stopping.is_set():
                # It was not there yet when the others were stopped.
                process.kill()
                await process.wait()
                return
            assert process.stdout is not None, "it is a pipe"
            if await process.stdout.readline() == READY:
                self._note_ready(settings.index)
            status = await process.wait()
            self._on_death(settings.index)
            self._ready.discard(settings.index)
            if self._stopping.is_set():
                return
            await self._limit_restarts()
            self._report(f"mockglm: worker {settings.index} ended ({status}); it is started again")

    async def _start(self, settings: WorkerSettings) -> asyncio.subprocess.Process:
        text = msgspec.json.encode(settings).decode()
        # The worker stops when its standard input ends, which it does with the supervisor.
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **self._environment, VARIABLE: text},
            start_new_session=True,
        )
        self._processes[settings.index] = process
        return process

    def _note_ready(self, index: int) -> None:
        self._ready.add(index)
        if len(self._ready) == len(self._settings) and not self._is_announced:
            self._is_announced = True
            self._on_ready()

    async def _limit_restarts(self) -> None:
        is_often = len(self._restarts) == MAX_RESTARTS
        if is_often and monotonic() - self._restarts[0] < RESTART_WINDOW:
            if not self._is_announced or not self._ready:
                raise UsageError("workers die again and again; the server is stopped")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), RESTART_WINDOW)
        self._restarts.append(monotonic())

    async def _stop(self) -> None:
        """Stop all workers together, and kill those that do not stop in time."""
        running = [one for one in self._processes.values() if one.returncode is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        waiting = [asyncio.create_task(one.wait()) for one in running]
        if waiting:
            await asyncio.wait(waiting, timeout=self._patience)
        for process in running:
            if process.returncode is None:
                process.kill()
                await process.wait()
