"""What was asked and what came of it: a bounded ring of entries, redacted before they enter."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace as alter

from mockglm.exchange import Answer, Exchange, Request
from mockglm.redact import REDACTED, Redactor

__all__ = ["Budget", "Entry", "Journal", "Outcome"]

Outcome = Literal["open", "done", "cut", "gone"]

MOST_ENTRIES = 1000
MOST_BYTES = 256 * 1024 * 1024

MOST_LEARNED = 1000
"""Credentials that are known to have been learned; a client may sign one for each request."""

FIXED_PATHS = frozenset(("/chat/completions", "/models"))
"""Paths in which there is no room for a key."""

SECRET_HEADERS = frozenset(("authorization", "cookie", "proxy-authorization", "x-api-key"))
"""Headers whose value is a secret whatever it is."""


class Entry(Struct):
    """One exchange as the journal keeps it.

    `source` is what answered (`hello.yaml:4`, `improvised`, `refused`, `miss`…), `passed` names
    rules that were broken and let through, `notes` what else is worth knowing. Times are in
    seconds: `at` unix time, `first` and `total` since the request. `outcome` is `open` while the
    answer is played, then `done`, `cut` (a fault ended it) or `gone` (the client left, or the
    server was stopped).
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
        return held + self.answer.held if self.answer else held

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
class Budget:
    """The bytes that all journals of a server keep together."""

    most: int = MOST_BYTES
    used: int = 0


class Journal:
    """The newest entries of a session; the oldest go first, when there are too many or when the
    journals of the server are over their budget. What it gives out has no key in it."""

    def __init__(self, budget: Budget | None = None, most_entries: int = MOST_ENTRIES) -> None:
        self._budget = budget or Budget()
        self._most = most_entries
        self._entries: deque[tuple[Entry, int]] = deque()
        self._listeners: list[Callable[[Entry], None]] = []
        self._redactor = Redactor()
        self._learned: set[str] = set()

    def add(self, entry: Entry) -> None:
        """Take an entry in and let old ones go."""
        size = entry.size
        self._entries.append((entry, size))
        self._budget.used += size
        while len(self._entries) > self._most or (
            self._budget.used > self._budget.most and len(self._entries) > 1
        ):
            self._budget.used -= self._entries.popleft()[1]

    def learn(self, credential: str) -> None:
        """Know a key or JWT that entries may have in them."""
        if credential not in self._learned:
            if len(self._learned) >= MOST_LEARNED:
                self._learned.clear()
            self._learned.add(credential)
            self._redactor.learn(credential)

    def redacted(self, request: Request) -> Request:
        """A request as it would have been recorded: without a secret in path, query and body."""
        return replace(
            request,
            path=self._redactor.text(request.path),
            query=self._redactor.text(request.query),
            body=self._redactor.bytes(request.body),
        )

    def close(self, entry: Entry) -> None:
        """Say that an entry has its outcome; listeners are told of it as it may be shown."""
        if self._listeners:
            shown = self.shown(entry)
            for listener in tuple(self._listeners):
                listener(shown)

    def shown(self, entry: Entry) -> Entry:
        """An entry as a log line or a feed may show it: without a key in its path."""
        if entry.request.path in FIXED_PATHS:
            return entry
        path = self._redactor.text(entry.request.path)
        if path is entry.request.path:
            return entry
        return alter(entry, request=replace(entry.request, path=path))

    def clear(self) -> None:
        self._budget.used -= sum(size for _, size in self._entries)
        self._entries.clear()

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Have every closed entry told; what is returned ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def __iter__(self) -> Iterator[Entry]:
        """The entries as they are now, oldest first, redacted."""
        return map(self._clean, [entry for entry, _ in self._entries])

    def __len__(self) -> int:
        return len(self._entries)

    def _clean(self, entry: Entry) -> Entry:
        asked, answer = entry.request, entry.answer
        headers = tuple((name, self._header(name, value)) for name, value in asked.headers)
        request = replace(self.redacted(asked), headers=headers)
        return alter(entry, request=request, answer=answer and self._cleaned(answer))

    def _cleaned(self, answer: Answer) -> Answer:
        times = [at for at, _ in answer.pieces]
        pieces = self._redactor.pieces([piece for _, piece in answer.pieces])
        headers = tuple((name, self._redactor.text(value)) for name, value in answer.headers)
        return replace(answer, headers=headers, pieces=tuple(zip(times, pieces, strict=True)))

    def _header(self, name: str, value: str) -> str:
        return REDACTED if name in SECRET_HEADERS else self._redactor.text(value)
