"""`/batches`: files of chats that are run one after the other, each as a chat would be.

Captured (RarogCmex/pi-bigmodel, 2026-10): the answer to a creation, with nulls and
milliseconds, where the documentation has seconds. Documented: statuses, cancellation, lists, the
lines of output. Assumed: the times of the statuses; that twenty lines run at once; lines that fail
are in the error file alone; the refusals; no batch expires.

A batch goes on when it is looked at, as far as the session's clock allows, and by no more than
`LINES_A_LOOK` lines, so that no answer takes long.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from msgspec import Struct, field

from mockglm.endpoints.batch_lines import URL, check_lines, run_line, split_lines
from mockglm.endpoints.call import Call
from mockglm.endpoints.files import find_file, keep_file, paginate
from mockglm.endpoints.storage import StorageBudget, StoredFiles
from mockglm.errors import UsageError
from mockglm.exchange import Response

MAX_BATCHES = 200
MAX_METADATA = 16
MAX_PAIR = 1024
"""Characters of the longest name and value of `metadata` together."""
LINES_A_LOOK = 500
PARALLEL = 20
"""Lines that run at once."""
STEP = 1.0
"""Seconds of validation, of finalizing and of cancelling."""

_STAMPS = (
    *("in_progress_at", "expires_at", "finalizing_at", "completed_at"),
    *("failed_at", "expired_at", "cancelling_at", "cancelled_at"),
)


class BatchRequest(Struct):
    """The body of a creation."""

    input_file_id: str = ""
    endpoint: str = ""
    completion_window: str | None = None
    auto_delete_input_file: bool = True
    metadata: dict[str, str] | None = None


class Batch(Struct, kw_only=True):
    """A batch. `created` and `stamps` are in unix seconds; `lines` are those that wait, `elapsed`
    the seconds in which the others ran."""

    id: str
    key: str
    request: BatchRequest
    created: float
    lines: list[bytes]
    total: int
    status: str = "validating"
    stamps: dict[str, float] = field(default_factory=dict)
    outputs: list[bytes] = field(default_factory=list)
    errors: list[bytes] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    elapsed: float = 0.0

    @property
    def size(self) -> int:
        return sum(map(len, (*self.lines, *self.outputs, *self.errors)))


class Batches:
    """The batches of a session."""

    def __init__(self) -> None:
        self.batches: OrderedDict[str, Batch] = OrderedDict()

    @property
    def size(self) -> int:
        """The bytes of all lines that wait or were run."""
        return sum(batch.size for batch in self.batches.values())

    def add(self, batch: Batch, budget: StorageBudget) -> None:
        """Keep a batch. Raises UsageError beyond the bounds."""
        if len(self.batches) >= MAX_BATCHES:
            raise UsageError(f"mockglm: a session has at most {MAX_BATCHES} batches")
        budget.reserve(self, batch.size)
        self.batches[batch.id] = batch


def create_batch(call: Call, request: BatchRequest) -> Response:
    """Start a batch."""
    call.require(request.input_file_id, "input_file_id")
    call.require(request.endpoint, "endpoint")
    call.check("endpoint", holds=request.endpoint == URL)
    pairs = (request.metadata or {}).items()
    is_short = all(len(name) + len(value) <= MAX_PAIR for name, value in pairs)
    call.check("metadata", holds=len(pairs) <= MAX_METADATA and is_short)
    call.check("completion_window", holds=request.completion_window in (None, "24h"))
    file = find_file(call, request.input_file_id)
    total = check_lines(call, file.content)
    digest = blake2b(call.id.encode(), digest_size=8).digest()
    number = 10**18 + int.from_bytes(digest, "big") % (9 * 10**18)
    batch = Batch(
        id=f"batch_{number}",
        key=call.key,
        request=request,
        created=call.now,
        lines=list(split_lines(file.content)),
        total=total,
    )
    call.state(Batches).add(batch, call.state(StorageBudget))
    return call.render(_describe(batch), is_sorted=False)


def get_batch(call: Call) -> Response:
    """Answer with the state of a batch."""
    return call.render(_describe(_find(call)), is_sorted=False)


def list_batches(call: Call) -> Response:
    """List the batches of the key, the newest first."""
    found = call.state(Batches).batches
    ids = [id for id, batch in reversed(found.items()) if batch.key == call.key]
    page, has_more = paginate(call, ids)
    for id in page:
        _advance(call, found[id], lines=LINES_A_LOOK // len(page))
    body = {
        "object": "list",
        "data": [_describe(found[id]) for id in page],
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
        "has_more": has_more,
    }
    return call.render(body, is_sorted=False)


def cancel_batch(call: Call) -> Response:
    """Cancel a batch that has not ended."""
    batch = _find(call)
    call.check("batch_id", holds=batch.status in ("validating", "in_progress"))
    batch.status = "cancelling"
    batch.stamps["cancelling_at"] = call.now
    batch.lines.clear()
    return call.render(_describe(batch), is_sorted=False)


def _find(call: Call) -> Batch:
    """Find a batch of the key of a call, and let it go on."""
    batch = call.state(Batches).batches.get(call.variables["id"])
    if batch is None or batch.key != call.key:
        call.refuse("1214", field="batch_id")
    _advance(call, batch)
    return batch


def _advance(call: Call, batch: Batch, *, lines: int = LINES_A_LOOK) -> None:
    """Let a batch go on to the time of a call, by at most so many lines."""
    step = call.scaled(STEP)
    if batch.status == "cancelling" and call.now >= batch.stamps["cancelling_at"] + step:
        _end(call, batch, "cancelled", at=batch.stamps["cancelling_at"] + step)
    began = batch.created + step
    if batch.status == "validating" and call.now >= began:
        batch.status = "in_progress"
        batch.stamps["in_progress_at"] = began
    if batch.status == "in_progress":
        _run_lines(call, batch, began, lines=lines)
    ended = began + batch.elapsed
    if batch.status == "in_progress" and not batch.lines and call.now >= ended:
        batch.status = "finalizing"
        batch.stamps["finalizing_at"] = ended
    if batch.status == "finalizing" and call.now >= ended + step:
        _end(call, batch, "completed", at=ended + step)


def _run_lines(call: Call, batch: Batch, began: float, *, lines: int) -> None:
    """Run the lines whose turn has come."""
    count = 0
    for text in batch.lines[:lines]:
        if call.now < began + batch.elapsed:
            break
        done = len(batch.outputs) + len(batch.errors)
        result = run_line(call, text, batch.id, number=done)
        (batch.errors if result.has_failed else batch.outputs).append(result.text)
        batch.elapsed += result.seconds / PARALLEL
        count += 1
    del batch.lines[:count]


def _end(call: Call, batch: Batch, status: str, *, at: float) -> None:
    """Write the output files of a batch, and delete its input."""
    for name, lines in (("output", batch.outputs), ("error", batch.errors)):
        if lines:
            content = b"\n".join(lines) + b"\n"
            kept = keep_file(call, f"{batch.id}_{name}.jsonl", f"batch_{name}", content=content)
            batch.files[name] = kept.id
    batch.stamps[f"{status}_at"] = at
    batch.status = status
    if batch.request.auto_delete_input_file:
        call.state(StoredFiles).remove(batch.request.input_file_id)


def _describe(batch: Batch) -> Mapping[str, Any]:
    has_begun = batch.status != "validating"
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.request.endpoint,
        "input_file_id": batch.request.input_file_id,
        "completion_window": batch.request.completion_window,
        "status": batch.status,
        "output_file_id": batch.files.get("output"),
        "error_file_id": batch.files.get("error"),
        "created_at": int(batch.created * 1000),
        **{name: _milliseconds(batch.stamps.get(name)) for name in _STAMPS},
        "request_counts": {
            "total": batch.total,
            "completed": len(batch.outputs) if has_begun else None,
            "failed": len(batch.errors) if has_begun else None,
        },
        "metadata": batch.request.metadata,
    }


def _milliseconds(stamp: float | None) -> int | None:
    return None if stamp is None else int(stamp * 1000)
