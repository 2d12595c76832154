"""The state that the processes of `mockglm serve --workers` share in a folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mockglm.cli.log import warn
from mockglm.cli.workers import is_orphaned
from mockglm.server import Sessions, Settings
from mockglm.server.shared_session import WorkerSession
from mockglm.server.worker import Worker
from mockglm.store.state_folder import StateFolder

if TYPE_CHECKING:
    from mockglm.metrics import Metrics


class WorkerState:
    """The state that workers share in a folder, as the one with `index` uses it.

    It stands for SharedState where no store is given. `report` is called with what concerns all
    workers alike, as a reload.
    """

    def __init__(self, folder: Path, index: int, report: Callable[[str], None]) -> None:
        self._folder = StateFolder(folder, index)
        self.report = report
        self._worker: Worker | None = None

    def make_sessions(self, settings: Settings) -> Sessions:
        """Make sessions whose state can be shared."""
        return Sessions(settings, session_type=WorkerSession)

    def open_replica(self, sessions: Sessions, metrics: Metrics | None) -> Worker:
        self._worker = Worker(sessions, self._folder, report=warn)
        self._declare(self._worker)
        return self._worker

    def on_load(self) -> None:
        """Declare the scenarios that were loaded, so that no worker answers from others."""
        if self._worker is not None:
            self._declare(self._worker)

    async def close(self) -> None:
        if self._worker is not None:
            await self._worker.close()
        if is_orphaned():
            # The supervisor was killed, and cannot remove the folder.
            shutil.rmtree(self._folder.path, ignore_errors=True)

    async def run(self) -> None:
        """Answer the other workers until cancelled."""
        assert self._worker is not None, "the application was made before the loop"
        await self._worker.journals.run()

    def _declare(self, worker: Worker) -> None:
        worker.adopt_scenarios()
        worker.declare_scenarios()
