"""Tasks: results that are asked for later, `GET /async-result/{id}`.

Captured (RarogCmex/pi-bigmodel, 2026-10): the answer to a submission, the result of
a chat, and 1233 for the task of another account. Documented: the form while a task runs, `FAIL`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mockglm.endpoints.call import Call
from mockglm.endpoints.storage import StorageBudget
from mockglm.exchange import Response

MAX_TASKS = 1000
MAX_SIZE = 16 * 1024 * 1024


class Task(Struct, frozen=True, kw_only=True):
    """A task: its key, the time of its result in unix seconds, and the result.

    `size` is the memory of the result in bytes.
    """

    id: str
    key: str
    model: str
    request_id: str
    ready_at: float
    result: Mapping[str, Any]
    size: int = 0


class Tasks:
    """The tasks of a session; the oldest are dropped when there are too many."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, Task] = OrderedDict()
        self.size = 0

    def add(self, task: Task, budget: StorageBudget) -> None:
        """Keep a task. Raises UsageError beyond the bound of all sessions."""
        budget.reserve(self, task.size)
        # A request is decided again when a shared store has changed meanwhile.
        before = self._tasks.pop(task.id, None)
        self._tasks[task.id] = task
        self.size += task.size - (before.size if before else 0)
        while len(self._tasks) > MAX_TASKS or (self.size > MAX_SIZE and len(self._tasks) > 1):
            self.size -= self._tasks.popitem(last=False)[1].size

    def get(self, id: str, key: str) -> Task | None:
        """Find a task of a key; None for one of another key."""
        task = self._tasks.get(id)
        return task if task and task.key == key else None


def submit(call: Call, task: Task) -> Response:
    """Keep a task and answer that it is running."""
    call.state(Tasks).add(task, call.state(StorageBudget))
    return call.render(_running(task))


def get_result(call: Call) -> Response:
    """Answer with the result of a task, or that it is still running."""
    id = call.variables["id"]
    task = call.state(Tasks).get(id, call.key)
    if task is None:
        call.refuse("1233", task=id)
    return call.render(task.result if call.now >= task.ready_at else _running(task))


def failure(task_id: str, model: str, request_id: str) -> Mapping[str, Any]:
    """The result of a task that failed."""
    return {"id": task_id, "model": model, "request_id": request_id, "task_status": "FAIL"}


def _running(task: Task) -> Mapping[str, Any]:
    return {
        "id": task.id,
        "model": task.model,
        "request_id": task.request_id,
        "task_status": "PROCESSING",
    }
