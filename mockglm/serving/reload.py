"""Files that are watched: read again as a whole when one changes, kept as they were when broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from mockglm.errors import MockGLMError, UsageError
from mockglm.scenarios import Scenario, find_files, load_all

INTERVAL = 0.5
"""Seconds between two looks at the files. Looking and reading are done beside the server's loop;
in it, what was read is made ready to play."""

Fingerprint = dict[Path, tuple[int, int]]


class Reloader:
    """Watches files and folders from when it is made, so make it before they are read first.

    `take` gets what they hold now, `say` a sentence about it; `but` is a file that is left alone,
    because it is recorded into.
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
        self._but = but.resolve() if but else None
        self._seen = self._look()

    def load(self) -> tuple[Scenario, ...]:
        """What the files hold. Raises what `load_all` does."""
        return load_all(path for path in find_files(self._paths) if path.resolve() != self._but)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            now = await asyncio.to_thread(self._look)
            if now != self._seen:
                self._seen = now
                await self._reload()

    async def _reload(self) -> None:
        try:
            scenarios = await asyncio.to_thread(self.load)
            self._take(scenarios)
        except MockGLMError as error:
            self._say(f"mockglm: the files as they were go on playing:\n{error}")
            return
        self._say(f"mockglm: read again, {len(scenarios)} scenarios")

    def _look(self) -> Fingerprint:
        """Each file with its time of change in nanoseconds and its size."""
        return {path: _stat(path) for path in self._files()}

    def _files(self) -> list[Path]:
        try:
            return [path for path in find_files(self._paths) if path.resolve() != self._but]
        except UsageError:
            return []


def _stat(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size
