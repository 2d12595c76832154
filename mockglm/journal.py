"""The bounded log of the exchanges of a session: what it gives out is redacted."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from mockglm.cassettes import (
    find_credentials,
    find_new_cookies,
    redact_request,
    redact_response,
)
from mockglm.exchange import Exchange, Headers, Request, Response
from mockglm.models import MODELS
from mockglm.redaction import REDACTED, SHORTEST, Redactor, is_secret_header

Outcome = Literal["open", "done", "cut", "gone"]

MOST_ENTRIES = 1000
MOST_BYTES = 256 * 1024 * 1024

LIKELY = 16
"""Characters of a credential that is a secret although no list has it, as many as the secret half
of a key has: where no key is needed it is `anything` or `not-needed`, words of many a prompt."""

OVERHEAD = 1024
"""Bytes of an entry beside its texts, with header fields that other entries have, too."""

FIXED_PATHS = frozenset(("/chat/completions", "/models"))
"""Paths in which there is no room for a key."""


class Source(StrEnum):
    """What answers where no interaction does."""

    QUEUED = "queued"
    IMPROVISED = "improvised"
    REFUSED = "refused"
    GATEWAY = "gateway"
    MISS = "miss"
    UPSTREAM = "upstream"


class Entry(Struct):
    """One exchange as the journal keeps it.

    `source` is what answered, the place of an interaction (`hello.yaml:4`) or a Source; `passed`
    names rules that were broken and let through, `notes` what else is worth knowing. Times are in
    seconds: `at` unix time, `first` and `total` since the request. `outcome` is `open` while the
    answer is played, then `done`, `cut` (a fault ended it) or `gone` (the client left, or the
    server was stopped). `size` is about how many bytes it keeps alive, as its journal counts them.
    """

    ordinal: int
    session: str
    at: float
    request: Request
    model: str = ""
    source: str = ""
    response: Response | None = None
    code: str = ""
    finish: str = ""
    waived: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    first: float | None = None
    total: float | None = None
    outcome: Outcome = "open"
    size: int = 0

    @property
    def exchange(self) -> Exchange:
        return Exchange(self.request, self.response, self.at)

    @property
    def frames(self) -> int:
        """The events of a streamed answer, `[DONE]` among them; 0 for a plain one."""
        if self.response is None or not self.response.is_stream:
            return 0
        return self.response.body.count(b"\n\n")

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
            "status": self.response.status if self.response else None,
            "code": self.code,
            "finish": self.finish,
            "outcome": self.outcome,
            "first": self.first,
            "total": self.total,
            "frames": self.frames,
            "passed": list(self.waived),
            "notes": list(self.notes),
        }


class MemoryBudget:
    """The bytes that all journals of a server keep together; over it, the oldest entry of them
    all goes."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.used = 0
        self._most = most
        self._serial = 0
        self._order: OrderedDict[int, Journal] = OrderedDict()

    def enter(self, journal: Journal, size: int) -> int:
        """Count a journal's new entry, and let go what is too much; the number it leaves by."""
        self._serial += 1
        self._order[self._serial] = journal
        self.used += size
        if self.used > self._most:
            self.trim()
        return self._serial

    def trim(self) -> None:
        """Let go what is too much; the newest entry stays."""
        while self.used > self._most and len(self._order) > 1:
            next(iter(self._order.values())).drop()

    def leave(self, serial: int, size: int) -> None:
        """Count an entry no longer."""
        del self._order[serial]
        self.used -= size


class Feed:
    """Who is told of exchanges, whatever becomes of the journals they are in."""

    def __init__(self) -> None:
        self._listeners: list[tuple[Callable[[Entry], None], str | None]] = []
        self.has_listeners = False

    def listen(
        self, listener: Callable[[Entry], None], session: str | None = None
    ) -> Callable[[], None]:
        """Have the exchanges of one session told, by its name, or of all: each when it comes and
        when it has its outcome. What is returned ends it."""
        told = listener, session
        self._listeners.append(told)
        self.has_listeners = True

        def forget() -> None:
            self._listeners.remove(told)
            self.has_listeners = bool(self._listeners)

        return forget

    def publish(self, entry: Entry) -> None:
        for listener, session in tuple(self._listeners):
            if session is None or session == entry.session:
                listener(entry)


class _Kept(Struct):
    """An entry that is kept, and the number by which it leaves the budget."""

    entry: Entry
    serial: int


class Journal:
    """The newest entries of a session; the oldest go first, when there are too many or when the
    journals of the server are over their budget. What it gives out has no key in it."""

    def __init__(
        self,
        budget: MemoryBudget | None = None,
        feed: Feed | None = None,
        *,
        most_entries: int = MOST_ENTRIES,
    ) -> None:
        self._budget = budget or MemoryBudget()
        self._feed = feed or Feed()
        self._most = most_entries
        self._kept: deque[_Kept] = deque()
        self._redactor = Redactor()
        self._read = 0

    def add(self, entry: Entry) -> None:
        """Take an entry in and let old ones go."""
        entry.size = _size(entry)
        self._kept.append(_Kept(entry, self._budget.enter(self, entry.size)))
        if len(self._kept) > self._most:
            self.drop()
        if self._feed.has_listeners:
            self._feed.publish(self.for_display(entry))

    def drop(self) -> None:
        """Let the oldest entry go."""
        kept = self._kept.popleft()
        self._budget.leave(kept.serial, kept.entry.size)

    def recount(self, entry: Entry) -> None:
        """Count anew what an entry keeps alive, with its header fields: once it has got an answer
        of the service, or where no other entry has the same fields."""
        for kept in reversed(self._kept):
            if kept.entry is entry:
                before, entry.size = entry.size, _size(entry) + _fields(entry.request.headers)
                entry.size += _fields(entry.response.headers) if entry.response else 0
                self._budget.used += entry.size - before
                self._budget.trim()
                return

    def learn(self, credential: str, *, is_listed: bool = False) -> None:
        """Know a key or JWT that entries may have in them."""
        self._redactor.learn(credential, SHORTEST if is_listed else LIKELY)

    def redacted(self, request: Request, *, shortest: int = LIKELY) -> Request:
        """A request as it would have been recorded, without a secret in path, query and body; the
        very same request if it has none. Its own credentials are secrets if they have so many
        characters."""
        return redact_request(request, self._including(request, shortest))

    def redacted_forms(self, request: Request) -> Iterator[Request]:
        """All that a recorder may have kept of a request: it was not to know that a short
        credential is a word, as `anything` is."""
        kept = self.redacted(request)
        yield kept
        if any(SHORTEST <= len(one) < LIKELY for one in find_credentials(request)):
            yield self.redacted(request, shortest=SHORTEST)

    def redacted_text(self, text: str, request: Request) -> str:
        """A text about a request, such as an error, without a secret."""
        return self._including(request).text(text)

    def close(self, entry: Entry) -> None:
        """Say that an entry has its outcome."""
        if self._feed.has_listeners:
            self._feed.publish(self.for_display(entry))

    def for_display(self, entry: Entry) -> Entry:
        """An entry as a log line or a feed may show it: without a key in its path, in the name of
        its model and in its notes."""
        is_known = not entry.model or entry.model in MODELS
        if is_known and not entry.notes and entry.request.path in FIXED_PATHS:
            return entry
        redactor = self._including(entry.request)
        path = redactor.text(entry.request.path)
        return replace(
            entry,
            request=replace(entry.request, path=path),
            model=redactor.text(entry.model),
            notes=tuple(map(redactor.text, entry.notes)),
        )

    def summaries(
        self, most: int, wanted: Callable[[Entry], bool] = lambda entry: True
    ) -> list[dict[str, Any]]:
        """The newest entries that are wanted, so many at most, oldest first, without bodies."""
        newest = islice(filter(wanted, (kept.entry for kept in reversed(self._kept))), most)
        return [self.for_display(entry).summary() for entry in reversed(list(newest))]

    def get(self, ordinal: int) -> Entry | None:
        """One entry as it is now, redacted; None if it is not here."""
        self._learn_entries()
        found = (kept.entry for kept in self._kept if kept.entry.ordinal == ordinal)
        return next(map(self._clean, found), None)

    def clear(self) -> None:
        self._read = 0
        while self._kept:
            self.drop()

    def __iter__(self) -> Iterator[Entry]:
        """The entries as they are now, oldest first, redacted."""
        self._learn_entries()
        return map(self._clean, [kept.entry for kept in self._kept])

    def __len__(self) -> int:
        return len(self._kept)

    def _learn_entries(self) -> None:
        """Know the credentials of entries in whatever header, for another entry may have them in
        its body. Only a journal that is read has to."""
        for entry in [kept.entry for kept in self._kept if kept.entry.ordinal > self._read]:
            for credential in find_credentials(entry.request):
                self.learn(credential)
            self._read = entry.ordinal

    def _clean(self, entry: Entry) -> Entry:
        shown = self.for_display(entry)
        redactor = self._including(entry.request).including(
            find_new_cookies(entry.response), LIKELY
        )
        request = redact_request(entry.request, redactor)
        request = replace(request, headers=_without_secrets(request.headers, redactor))
        response = entry.response and redact_response(entry.response, redactor)
        if response is not None:
            headers = _without_secrets(response.headers, redactor)
            response = replace(response, headers=headers)
        return replace(shown, request=request, response=response)

    def _including(self, request: Request, shortest: int = LIKELY) -> Redactor:
        """What is secret for one request: its own credentials are, however long ago it was."""
        return self._redactor.including(find_credentials(request), shortest)


def _without_secrets(headers: Headers, redactor: Redactor) -> Headers:
    """Headers without a secret, and without the values that their names call one."""
    clean = redactor.headers(headers)
    return tuple((name, REDACTED if is_secret_header(name) else value) for name, value in clean)


def _size(entry: Entry) -> int:
    """The bytes that an entry keeps alive, its header fields aside."""
    request, answer = entry.request, entry.response
    size = OVERHEAD + len(request.body) + len(request.path) + len(request.query)
    return size + len(entry.model) + (answer.memory_size if answer else 0)


def _fields(headers: Headers) -> int:
    return sum(len(name) + len(value) for name, value in headers)
