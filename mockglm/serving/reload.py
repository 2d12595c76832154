"""Watching of files: all are read again when one changes; broken ones change nothing."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from mockglm.errors import MockGLMError, UsageError
from mockglm.scenarios import FileListener, Scenario, find_files, load_all

INTERVAL = 0.5
"""Seconds between two checks of the files.

Files are checked and read in a thread; the scenarios are indexed in the server's loop.
"""

Fingerprint = dict[Path, tuple[int, int]]

T = TypeVar("T")


class Reloader:
    """Watches files and folders for changes since it was made.

    Make it before the files are first read. `on_load` is called with the scenarios of all files,
    `report` with a sentence about them; `excluded` is a file that is being recorded.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        on_load: Callable[[Sequence[Scenario]], None],
        report: Callable[[str], None],
        *,
        excluded: Path | None = None,
    ) -> None:
        self._paths = paths
        self._on_load = on_load
        self._report = report
        self._excluded = os.path.realpath(excluded) if excluded else None
        self._fingerprint = self._read_fingerprint()

    def load(self, on_file: FileListener | None = None) -> tuple[Scenario, ...]:
        """Read all files. Raises what `load_all` raises."""
        return load_all(self._find_files(), on_file)

    async def run(self) -> None:
        """Watch until cancelled; errors of files are reported."""
        while True:
            await asyncio.sleep(INTERVAL)
            now = await _run_in_thread(self._read_fingerprint)
            if now != self._fingerprint:
                self._fingerprint = now
                await self._reload()

    async def _reload(self) -> None:
        try:
            scenarios = await _run_in_thread(self.load)
            self._on_load(scenarios)
        except MockGLMError as error:
            self._report(f"mockglm: not reloaded, because files have mistakes:\n{error}")
            return
        # `load` raises FileError for a mistake of a file; this is for errors of mockglm.
        except Exception as error:
            self._report(f"mockglm: not reloaded, because files have mistakes:\n{error!r}")
            return
        count = len(scenarios)
        self._report(f"mockglm: reloaded {count} scenario{'s' * (count != 1)}")

    def _read_fingerprint(self) -> Fingerprint:
        """The modification time in nanoseconds and the size of each file."""
        try:
            return {path: _stat(path) for path in self._find_files()}
        # A path was deleted, perhaps while its folder was listed.
        except (UsageError, OSError):
            return {}

    def _find_files(self) -> list[Path]:
        found = find_files(self._paths)
        if self._excluded is None:
            return list(found)
        # Not Path.resolve, which raises RuntimeError for a link that leads to itself.
        return [path for path in found if os.path.realpath(path) != self._excluded]


async def _run_in_thread(function: Callable[[], T]) -> T:
    """Run a function in a thread of its own and return its result.

    Unlike the threads of asyncio.to_thread, this one does not delay the end of the process:
    reading from a network drive can take for ever.
    """
    future: Future[T] = Future()

    def run() -> None:
        # From here on only this thread completes the future.
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
