"""Files that are watched: read again as a whole when one changes, kept as they were when broken."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from mockglm.errors import MockGLMError, UsageError
from mockglm.scenarios import Scenario, find_files, load_all

INTERVAL = 0.5
"""Seconds between two looks at the files. Looking and reading are done beside the server's loop;
in it, the scenarios are made ready to play."""

Fingerprint = dict[Path, tuple[int, int]]

T = TypeVar("T")


class Reloader:
    """Watches files and folders from when it is made, so make it before they are read first.

    `take` gets the scenarios of the files, `say` a sentence about them; `but` is a file that is
    left alone, because it is recorded into.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        take: Callable[[Sequence[Scenario]], None],
        say: Callable[[str], None],
        *,
        but: Path | None = None,
    ) -> None:
        self._paths = paths
        self._take = take
        self._say = say
        self._but = os.path.realpath(but) if but else None
        self._seen = self._look()

    def load(self) -> tuple[Scenario, ...]:
        """The scenarios of the files. Raises what `load_all` does."""
        return load_all(self._files())

    async def run(self) -> None:
        """Watch until cancelled. No error of a file ends the watching."""
        while True:
            await asyncio.sleep(INTERVAL)
            now = await _run_in_thread(self._look)
            if now != self._seen:
                self._seen = now
                await self._reload()

    async def _reload(self) -> None:
        try:
            scenarios = await _run_in_thread(self.load)
            self._take(scenarios)
        except MockGLMError as error:
            self._say(f"mockglm: the files as they were go on playing:\n{error}")
            return
        # `load` makes a FileError of what a file can cause; this is for what it could not foresee.
        except Exception as error:
            self._say(f"mockglm: the files as they were go on playing:\n{error!r}")
            return
        self._say(f"mockglm: read again, {len(scenarios)} scenarios")

    def _look(self) -> Fingerprint:
        """Each file with its time of change in nanoseconds and its size."""
        try:
            return {path: _stat(path) for path in self._files()}
        # A path is gone, or a folder was deleted while it was listed.
        except (UsageError, OSError):
            return {}

    def _files(self) -> list[Path]:
        found = find_files(self._paths)
        if self._but is None:
            return list(found)
        # Not Path.resolve, which raises RuntimeError for a link that leads to itself.
        return [path for path in found if os.path.realpath(path) != self._but]


async def _run_in_thread(function: Callable[[], T]) -> T:
    """The result of a function that is run in a thread of its own.

    Unlike the threads of asyncio.to_thread this one is not waited for when the server is stopped,
    for nothing bounds the time that reading from a network drive takes.
    """
    future: Future[T] = Future()

    def run() -> None:
        # From here on nobody but this thread ends the future.
        future.set_running_or_notify_cancel()
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="mockglm-reload", daemon=True).start()
    return await asyncio.wrap_future(future)


def _stat(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size
