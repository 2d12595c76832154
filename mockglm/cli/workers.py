"""`mockglm serve --workers N`: the supervisor's side, and what a worker does for it."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from typing import Any

from mockglm.cli.log import warn
from mockglm.errors import UsageError
from mockglm.serving import bind_socket
from mockglm.serving.supervisor import READY, Supervisor, WorkerSettings


def supervise(
    options: Mapping[str, Any], *, token: str | None, on_ready: Callable[[int], None]
) -> None:
    """Run the command line of this process in several workers, until they are told to stop.

    `on_ready` is called with the port when all accept requests. Raises UsageError for what workers
    cannot share.
    """
    _check_shared(options)
    from mockglm.store.state_folder import SUPERVISOR, StateFolder, make_state_folder

    count = options["workers"]
    with ExitStack() as stack:
        # Bound and not listening: it keeps the port, and gets no connection.
        socket = stack.enter_context(bind_socket(options["host"], options["port"], is_shared=True))
        port = socket.getsockname()[1]
        try:
            folder = stack.enter_context(make_state_folder())
            shared = stack.enter_context(closing(StateFolder(folder, SUPERVISOR)))
        except OSError as error:
            raise UsageError(f"--workers cannot share state in memory: {error}") from error
        supervisor = Supervisor(
            [sys.executable, "-m", "mockglm", *sys.argv[1:]],
            [
                WorkerSettings(
                    index=index, port=port, state=options["state"] or "", folder=str(folder)
                )
                for index in range(count)
            ],
            environment={"MOCKGLM_TOKEN": token or ""},
            on_ready=lambda: on_ready(port),
            on_death=shared.end_process,
            report=warn,
            patience=options["drain"] + options["grace"],
        )
        asyncio.run(supervisor.run())


def report_ready(stop: Callable[[], None]) -> None:
    """Tell the supervisor that this worker accepts requests, and stop when the supervisor ends."""
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    loop = asyncio.get_running_loop()

    def read() -> None:
        # The supervisor writes nothing: its end of the pipe is closed, be it by a signal.
        if not os.read(0, 1):
            loop.remove_reader(0)
            stop()

    loop.add_reader(0, read)


def is_orphaned() -> bool:
    """True if the supervisor has ended, which holds the other end of this worker's input."""
    return bool(select.select([0], [], [], 0)[0])


def _check_shared(options: Mapping[str, Any]) -> None:
    if sys.platform == "win32":
        raise UsageError("--workers needs SO_REUSEPORT, which Windows does not have")
    for option in ("cassette", "improvise_with"):
        if options[option]:
            name = option.replace("_", "-")
            raise UsageError(f"--{name} cannot be shared by --workers; use one process for it")
