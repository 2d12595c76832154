"""What was asked and what came of it: a bounded ring of entries, redacted before they enter."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from mockglm.exchange import Answer, Exchange, Request

__all__ = ["Entry", "Journal", "Outcome"]

Outcome = Literal["open", "done", "cut", "gone"]

MOST_ENTRIES = 1000
MOST_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Entry:
    """One exchange as the journal keeps it.

    `source` is what answered (`hello.yaml:4`, `improvised`, `refused`, `miss`…), `passed` names
    rules that were broken and let through, `notes` what else is worth knowing. Times are in
    seconds: `at` unix time, `first` and `total` since the request. `outcome` is `open` while the
    answer is played, then `done`, `cut` (a fault ended it) or `gone` (the client left).
    """

    ordinal: int
    session: str
    at: float
    request: Request
    model: str = ""
    source: str = ""
    answer: Answer | None = None
    code: str = ""
    finish: str = ""
    passed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    first: float | None = None
    total: float | None = None
    outcome: Outcome = "open"

    @property
    def exchange(self) -> Exchange:
        return Exchange(self.request, self.answer, self.at)

    @property
    def frames(self) -> int:
        """The events of a streamed answer, `[DONE]` among them; 0 for a plain one."""
        if self.answer is None or not self.answer.is_stream:
            return 0
        return self.answer.body.count(b"\n\n")

    @property
    def size(self) -> int:
        """The bytes this entry keeps alive."""
        held = len(self.request.body)
        return held + sum(len(piece) for _, piece in self.answer.pieces) if self.answer else held

    def summary(self) -> dict[str, Any]:
        """The entry as one flat JSON object, without bodies."""
        return {
            "ordinal": self.ordinal,
            "session": self.session,
            "at": round(self.at, 3),
            "method": self.request.method,
            "path": self.request.path,
            "model": self.model,
            "source": self.source,
            "status": self.answer.status if self.answer else None,
            "code": self.code,
            "finish": self.finish,
            "outcome": self.outcome,
            "first": self.first,
            "total": self.total,
            "frames": self.frames,
            "passed": list(self.passed),
            "notes": list(self.notes),
        }


@dataclass(slots=True)
class Journal:
    """The newest entries, at most so many and so many bytes; the oldest go first."""

    most_entries: int = MOST_ENTRIES
    most_bytes: int = MOST_BYTES
    _entries: deque[Entry] = field(default_factory=deque)
    _bytes: int = 0
    _listeners: list[Callable[[Entry], None]] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Take an entry in and let old ones go."""
        self._entries.append(entry)
        self._bytes += entry.size
        while len(self._entries) > self.most_entries or (
            self._bytes > self.most_bytes and len(self._entries) > 1
        ):
            self._bytes -= self._entries.popleft().size

    def close(self, entry: Entry) -> None:
        """Say that an entry has its outcome; listeners are told."""
        for listener in tuple(self._listeners):
            listener(entry)

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Have every closed entry told; what is returned ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

