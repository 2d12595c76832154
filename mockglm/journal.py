"""The journal: the bounded log of the exchanges of a session.

Entries are kept as they came and redacted when they are read, for the journal learns credentials
from later requests, too.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import islice
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockglm.cassettes import (
    find_credentials,
    find_new_cookies,
    redact_request,
    redact_response,
)
from mockglm.exchange import Exchange, Frames, Headers, Request, Response
from mockglm.messages.parser import to_chat_usage
from mockglm.models import MODELS
from mockglm.redaction import (
    MIN_LENGTH,
    REDACTED,
    RedactionCache,
    Redactor,
    is_secret_header,
)
from mockglm.surfaces import SURFACES, find_surface
from mockglm.validation import Chat

Outcome = Literal["open", "done", "cut", "gone"]

MAX_ENTRIES = 1000
MAX_BYTES = 256 * 1024 * 1024

MAX_DROPPED = 1000
"""Dropped entries that the budget may keep beside as many as there are others."""

SHORTEST_UNLISTED = 16
"""Characters of the shortest credential that is redacted although it is not a listed key.

The secret half of a key has as many. Shorter ones are words such as `anything` or `not-needed`,
which clients send to servers without keys and which also occur in prompts.
"""

ENTRY_OVERHEAD = 1024
"""Bytes of an entry without its texts, including header fields that it shares with others."""

_USAGE = re.compile(rb'"usage": ?(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})')
_USAGE_CHUNKS = 8
"""Chunks at the end of a response in which its usage is searched."""

PROMPT_LENGTH = 200
"""Characters of a prompt that a summary has."""

PROMPT_SEARCHED = 4000
"""Characters of it that are redacted first: a secret that begins in the summary ends in them."""

MAX_PROMPT_BODY = 1024 * 1024
"""Bytes of the largest body in which a prompt is searched."""

KEYLESS_PATHS = frozenset(path for surface in SURFACES for path in surface.endpoints)
"""Paths that cannot contain a key."""


class Source(StrEnum):
    """The source of a response that is not an interaction."""

    QUEUED = "queued"
    IMPROVISED = "improvised"
    REFUSED = "refused"
    GATEWAY = "gateway"
    MISS = "miss"
    UPSTREAM = "upstream"


class Entry(Struct, gc=False):
    """One exchange as the journal keeps it.

    `base` is the base path that the path of the request is below, empty if that is whole.
    `source` is the location of an interaction (`hello.yaml:4`) or a Source. `waived` names
    validation rules that were broken but not enforced. Times are in seconds: `at` is unix time,
    `first` and `total` count from the request. `outcome` is `open` while the response is sent, then
    `done`, `cut` (a fault ended it) or `gone` (the client left, or the server was stopped). `size`
    is the estimated memory in bytes, `serial` counts the entries of all journals; `sent` is the
    number of chunks that went out, None for all.
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
    serial: int = 0
    sent: int | None = None
    base: str = ""

    @property
    def exchange(self) -> Exchange:
        return Exchange(self.request, self.response, self.at)

    @property
    def moment(self) -> int:
        """A number that orders the entries of several processes, of which each has serials of its
        own."""
        return int(self.at * 1e4)

    @property
    def frames(self) -> int:
        """The number of events of a stream that went out, `[DONE]` included; 0 for any other
        response."""
        if self.response is None or not self.response.is_stream:
            return 0
        chunks = self.response.chunks
        if self.sent is None and type(chunks) is Frames:
            return chunks.events
        body = self.response.body
        if self.sent is not None:
            body = b"".join(chunk for _, chunk in self.response.chunks[: self.sent])
        if b"\r" in body:
            body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return body.count(b"\n\n")

    def summary(self) -> dict[str, Any]:
        """The entry as one flat JSON object, without bodies."""
        return {
            "ordinal": self.ordinal,
            "session": self.session,
            "at": round(self.at, 3),
            "surface": find_surface(self.request.path).name,
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
            "usage": find_usage(self),
            "serial": self.serial,
            "passed": list(self.waived),
            "notes": list(self.notes),
        }


class EntryFilter(Struct, frozen=True, kw_only=True):
    """The entries that a reader wants: those after an ordinal, before a number of their order, with
    a business code and with an outcome; 0 and None select all."""

    after: int = 0
    before: int = 0
    code: str | None = None
    outcome: Outcome | None = None

    def matches(self, entry: Entry, order: int) -> bool:
        """True for an entry that is wanted; `order` is its number among those of all sessions."""
        is_new = entry.ordinal > self.after and (not self.before or order < self.before)
        return is_new and self.code in (None, entry.code) and self.outcome in (None, entry.outcome)


def find_prompt(request: Request) -> str:
    """Find the text of the last user message; empty if there is none, or if the body is large."""
    if not 0 < len(request.body) <= MAX_PROMPT_BODY:
        return ""
    chat = find_surface(request.path).decode(request.body)
    messages = chat.messages if isinstance(chat, Chat) else None
    spoken = (one.text for one in reversed(messages or ()) if one.role == "user")
    return next(spoken, "")[:PROMPT_SEARCHED]


def find_usage(entry: Entry) -> dict[str, int]:
    """Find the tokens of a response: `prompt`, of which `cached`, and `completion`; empty if it
    names none, or if none of its end was sent."""
    response = entry.response
    if response is None or not response.chunks:
        return {}
    if type(response.chunks) is Frames and entry.sent is None:
        tail = b"".join(response.chunks.parts()[-_USAGE_CHUNKS:])
    else:
        sent = response.chunks[: entry.sent]
        tail = b"".join(chunk for _, chunk in sent[-_USAGE_CHUNKS:])
    found = _USAGE.findall(tail)
    return _read_usage(found[-1]) if found else {}


def _read_usage(text: bytes) -> dict[str, int]:
    try:
        usage = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return {}
    if "input_tokens" in usage:
        usage = to_chat_usage(usage)
    details = usage.get("prompt_tokens_details")
    known = {
        "prompt": usage.get("prompt_tokens"),
        "completion": usage.get("completion_tokens"),
        "cached": details.get("cached_tokens") if isinstance(details, dict) else None,
    }
    return {name: count for name, count in known.items() if type(count) is int}


class MemoryBudget:
    """The memory limit that all journals of a server share.

    Above it, the oldest entry of any journal is dropped. `redactions` is their common cache.
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self.used = 0
        self.redactions = RedactionCache()
        self._limit = limit
        self._serial = 0
        # The journal of each entry, oldest first. Those of a journal's `dropped` entries stand
        # before its others; they are removed when they come first, or when they are many.
        self._order: deque[Journal] = deque()
        self._dropped = 0

    def add(self, journal: Journal, size: int) -> int:
        """Count a new entry of a journal and return its serial number."""
        self._serial += 1
        self._order.append(journal)
        self.used += size
        if self.used > self._limit:
            self.trim()
        return self._serial

    def trim(self) -> None:
        """Drop the oldest entries above the limit, but never the newest."""
        while self.used > self._limit and len(self._order) - self._dropped > 1:
            self._order[0].drop_oldest()

    def remove(self, journal: Journal, size: int) -> None:
        """Stop counting the oldest entry of a journal."""
        self.used -= size
        order = self._order
        if order[0] is not journal:
            journal.dropped += 1
            self._dropped += 1
            if self._dropped > MAX_DROPPED + len(order) // 2:
                self._order = deque(one for one in order if not self._forget(one))
            return
        order.popleft()
        while self._dropped and self._forget(order[0]):
            order.popleft()

    def remove_newest(self, size: int) -> None:
        """Stop counting the entry that was added last."""
        self.used -= size
        self._order.pop()

    def _forget(self, journal: Journal) -> bool:
        """Stop counting a dropped entry of a journal; False if it has none."""
        if not journal.dropped:
            return False
        journal.dropped -= 1
        self._dropped -= 1
        return True


class EntryFeed:
    """Publishes entries to subscribers, who stay subscribed when a session and its journal go."""

    def __init__(self) -> None:
        self._subscriptions: list[tuple[Callable[[Entry], None], str | None]] = []
        self.has_subscribers = False

    @property
    def count(self) -> int:
        """The number of subscriptions."""
        return len(self._subscriptions)

    def subscribe(
        self, subscriber: Callable[[Entry], None], session: str | None = None
    ) -> Callable[[], None]:
        """Call a function with the entries of a session, or of all if there is no name.

        It is called when an entry is added and when it has its outcome. Returns a function that
        ends the subscription.
        """
        subscription = subscriber, session
        self._subscriptions.append(subscription)
        self.has_subscribers = True

        def unsubscribe() -> None:
            self._subscriptions.remove(subscription)
            self.has_subscribers = bool(self._subscriptions)

        return unsubscribe

    def publish(self, entry: Entry) -> None:
        for subscriber, session in tuple(self._subscriptions):
            if session is None or session == entry.session:
                subscriber(entry)


class Journal:
    """The newest entries of a session.

    The oldest are dropped when there are too many or when the journals of the server exceed their
    budget. Entries are redacted when they are read.
    """

    def __init__(
        self,
        budget: MemoryBudget | None = None,
        feed: EntryFeed | None = None,
        *,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        self.budget = budget or MemoryBudget()
        self._feed = feed or EntryFeed()
        self._most = max_entries
        self._kept: deque[Entry] = deque()
        self.dropped = 0
        self._redactor = Redactor(cache=self.budget.redactions)
        self._last_learned = 0

    def add(self, entry: Entry) -> None:
        """Add an entry and drop old ones that are too many."""
        entry.size = _body_size(entry)
        entry.serial = self.budget.add(self, entry.size)
        self._kept.append(entry)
        if len(self._kept) > self._most:
            self.drop_oldest()
        if self._feed.has_subscribers:
            self._feed.publish(self.redact_for_display(entry))

    def withdraw(self, entry: Entry) -> None:
        """Remove the entry that was added last, as its request has to be decided again."""
        if self._kept and self._kept[-1] is entry:
            self._kept.pop()
            self.budget.remove_newest(entry.size)

    def drop_oldest(self) -> None:
        entry = self._kept.popleft()
        self.budget.remove(self, entry.size)

    def update_size(self, entry: Entry) -> None:
        """Measure an entry again, with its header fields.

        Needed when the response of the live service has been added, and for an entry that shares
        its header fields with no other.
        """
        for kept in reversed(self._kept):
            if kept is entry:
                before, entry.size = entry.size, _body_size(entry)
                entry.size += _header_size(entry.request.headers)
                entry.size += _header_size(entry.response.headers) if entry.response else 0
                self.budget.used += entry.size - before
                self.budget.trim()
                return

    def redact_summary(self, summary: dict[str, Any]) -> dict[str, Any]:
        """Redact the texts of a summary once more, by the keys that are known now."""
        texts = {name: self._redactor.text(summary[name]) for name in ("path", "model", "prompt")}
        return {**summary, **texts, "notes": list(map(self._redactor.text, summary["notes"]))}

    @property
    def learned(self) -> tuple[tuple[str, int], ...]:
        """The keys that are redacted, each with the least number of its characters; never to be
        shown."""
        self._learn_from_entries()
        return self._redactor.learned

    def learn_all(self, learned: Iterable[tuple[str, int]]) -> None:
        """Remember the keys that another journal has learned."""
        for credential, shortest in learned:
            self._redactor.learn(credential, shortest)

    def learn(self, credential: str, *, is_listed: bool = False) -> None:
        """Remember a key or JWT that has to be redacted in all entries."""
        self._redactor.learn(credential, MIN_LENGTH if is_listed else SHORTEST_UNLISTED)

    def redact(self, request: Request, *, shortest: int = SHORTEST_UNLISTED) -> Request:
        """Redact path, query and body of a request as a recorder would.

        Returns the same object if it has no secret. The request's own credentials count as secrets
        from `shortest` characters.
        """
        return redact_request(request, self._redactor_for(request, shortest))

    def redacted_forms(self, request: Request) -> Iterator[Request]:
        """Yield the forms in which a recorder may have written a request.

        A recorder redacts short credentials, too, as it cannot tell them from keys.
        """
        yield self.redact(request)
        if any(MIN_LENGTH <= len(one) < SHORTEST_UNLISTED for one in find_credentials(request)):
            yield self.redact(request, shortest=MIN_LENGTH)

    def redact_text(self, text: str, request: Request) -> str:
        """Redact a text about a request, such as an error message."""
        return self._redactor_for(request).text(text)

    def close(self, entry: Entry) -> None:
        """Publish an entry that has its outcome."""
        if self._feed.has_subscribers:
            self._feed.publish(self.redact_for_display(entry))

    def redact_for_display(self, entry: Entry) -> Entry:
        """Redact path, model and notes of an entry, for a log line or a feed."""
        is_known_model = not entry.model or entry.model in MODELS
        if is_known_model and not entry.notes and entry.request.path in KEYLESS_PATHS:
            return entry
        redactor = self._redactor_for(entry.request)
        path = redactor.text(entry.request.path)
        return replace(
            entry,
            request=replace(entry.request, path=path),
            model=redactor.text(entry.model),
            notes=tuple(map(redactor.text, entry.notes)),
        )

    def summaries(
        self, limit: int, is_wanted: Callable[[Entry], bool] = lambda entry: True
    ) -> list[dict[str, Any]]:
        """Summarize the newest entries that are wanted, oldest first."""
        return [self.summarize(entry) for entry in self.find_newest(limit, is_wanted)]

    def find_newest(
        self, limit: int, is_wanted: Callable[[Entry], bool] = lambda entry: True
    ) -> list[Entry]:
        """Find the newest entries that are wanted, oldest first; they are not redacted."""
        return list(islice(filter(is_wanted, reversed(self._kept)), limit))[::-1]

    def summarize(self, entry: Entry) -> dict[str, Any]:
        """Summarize an entry, redacted, with the beginning of its prompt."""
        prompt = self.redact_text(find_prompt(entry.request), entry.request)
        shown = self.redact_for_display(entry)
        return {**shown.summary(), "prompt": prompt[:PROMPT_LENGTH]}

    def get(self, ordinal: int) -> Entry | None:
        """Return one entry, redacted; None if it was dropped or never existed."""
        self._learn_from_entries()
        found = (entry for entry in self._kept if entry.ordinal == ordinal)
        return next(map(self.redact_entry, found), None)

    def get_request(self, ordinal: int) -> Request | None:
        """Return the request of an entry as it came, to be sent again; never to be shown."""
        found = (entry.request for entry in self._kept if entry.ordinal == ordinal)
        return next(found, None)

    def clear(self) -> None:
        self._last_learned = 0
        while self._kept:
            self.drop_oldest()

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over the entries, oldest first, redacted."""
        self._learn_from_entries()
        return map(self.redact_entry, list(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def unredacted(self) -> tuple[Entry, ...]:
        """The entries as they came, oldest first; to count them, never to show them."""
        return tuple(self._kept)

    def _learn_from_entries(self) -> None:
        """Learn the credentials in the headers of entries, as other bodies may contain them."""
        # Not in `add`, for most journals are never read.
        for entry in [one for one in self._kept if one.ordinal > self._last_learned]:
            for credential in find_credentials(entry.request):
                self.learn(credential)
            self._last_learned = entry.ordinal

    def redact_entry(self, entry: Entry) -> Entry:
        """Redact all parts of an entry, with the credentials that are known so far."""
        shown = self.redact_for_display(entry)
        cookies = find_new_cookies(entry.response)
        redactor = self._redactor_for(entry.request).with_secrets(cookies, SHORTEST_UNLISTED)
        request = redact_request(entry.request, redactor)
        request = replace(request, headers=_redact_headers(request.headers, redactor))
        response = entry.response and redact_response(entry.response, redactor)
        if response is not None:
            headers = _redact_headers(response.headers, redactor)
            response = replace(response, headers=headers)
        return replace(shown, request=request, response=response)

    def _redactor_for(self, request: Request, shortest: int = SHORTEST_UNLISTED) -> Redactor:
        # With the request's own credentials, which the journal may have forgotten since.
        return self._redactor.with_secrets(find_credentials(request), shortest)


def _redact_headers(headers: Headers, redactor: Redactor) -> Headers:
    """Redact known secrets, and all values of headers that carry secrets by their name."""
    clean = redactor.headers(headers)
    return tuple((name, REDACTED if is_secret_header(name) else value) for name, value in clean)


def _body_size(entry: Entry) -> int:
    """Estimate the memory of an entry without its header fields."""
    request, response = entry.request, entry.response
    size = ENTRY_OVERHEAD + len(request.body) + len(request.path) + len(request.query)
    return size + len(entry.model) + (0 if response is None else response.memory_size)


def _header_size(headers: Headers) -> int:
    return sum(len(name) + len(value) for name, value in headers)
