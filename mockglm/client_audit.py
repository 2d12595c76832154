"""The audit of a client under test: its mistakes, as far as the server sees them.

Requests are grouped into attempts by meaning and time, not by headers of an SDK: a request is a
retry of an earlier one if both have the same canonical key and the earlier one failed and ended
before.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from time import strptime
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from msgspec import Struct

from mockglm.clock import BEIJING
from mockglm.error_codes import CODES
from mockglm.errors import StreamError
from mockglm.exchange import Reply, Request, Response
from mockglm.journal import Entry, Source
from mockglm.matching import canonical
from mockglm.surfaces import find_surface

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "retried-in-vain": "retried an error that cannot succeed: the account, the request or the "
        "content has to change first (1113, 1210, 1214, 1261, 1301…, `sensitive`)",
        "ignored-reset": "retried before the time at which the error said the limit is reset "
        "(1308, 1310, 1316…)",
        "gave-up": "did not retry an error that can succeed a moment later (1302, 1305, 1234, 5xx)",
        "no-backoff": "retried at once, or repeatedly after the same wait",
        "storm": "retried so often that it adds to the overload",
        "took-cut": "used a response that broke off as a complete one: it is in a later history",
        "left-open": "neither read a response to its end nor closed it",
    }
)
"""The kinds of findings, by name."""

RetryAdvice = Literal["unneeded", "useful", "after reset", "useless", "abandoned"]
"""The use of a retry after a response; `abandoned` if the client left before the end."""

FINISH_REASONS: Mapping[str, RetryAdvice] = {
    "network_error": "useful",
    "sensitive": "useless",
    "model_context_window_exceeded": "useless",
    "": "useful",
}
"""Finish reasons of a failure; a stream without any was cut."""

LEAST_WAIT = 0.1
"""Seconds; official SDKs wait 0.5 (openai) or 1 (zai-sdk) before they retry."""

LEAST_GROWTH = 1.5
"""The ratio of the longest wait to the first, at least, if waits grow at all."""

WAIT_HEADERS = (("retry-after-ms", 0.001), ("retry-after", 1.0))
"""Headers that say how long to wait, and their units in seconds. GLM sends neither, a gateway may
(https://github.com/openai/openai-python reads both)."""

STORMS = ((5, 5.0), (10, 60.0))
"""Numbers of attempts and seconds; more attempts in that time are a storm. SDKs make three or
four."""

TOLERANCE = 0.05
"""Seconds by which the end of a response is known: a busy server counts late, and notices late that
a client has left."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")

Chain = Sequence["_Attempt"]
Concurrent = Mapping[int, Collection[int]]


class AuditFinding(Struct, frozen=True):
    """One mistake of the client: its kind, a message, and the ordinals of the requests."""

    name: str
    message: str
    requests: tuple[int, ...]

    def __str__(self) -> str:
        numbers = ", ".join(f"#{number}" for number in self.requests)
        return f"{self.name}: {self.message} ({numbers})"


class _Attempt(Struct, frozen=True):
    """A request and the meaning of its response; `end` and `reset` are in unix seconds."""

    entry: Entry
    reply: Reply | None
    retry: RetryAdvice
    result: str
    end: float
    reset: float | None = None

    @property
    def at(self) -> float:
        return self.entry.at

    @property
    def is_refusal(self) -> bool:
        """True if the client got an error and nothing of a reply."""
        answer = self.entry.response
        is_error = self.retry not in ("unneeded", "abandoned")
        return answer is not None and not answer.is_stream and is_error

    def header(self, name: str) -> str:
        """A header of the response; "" without one."""
        return self.entry.response.header(name) if self.entry.response else ""


def audit_client(
    entries: Iterable[Entry],
    *,
    unfinished: Collection[int] = (),
    concurrent: Concurrent | None = None,
) -> tuple[AuditFinding, ...]:
    """List the findings about a client, those of one question together.

    `entries` are of one session, in their order; `unfinished` are the ordinals of those on their
    way; `concurrent` has, by ordinal, the ordinals of those that were on their way when a request
    came; without it, times decide. Requests that nothing matched are left out.
    """
    attempts = [_attempt(entry) for entry in entries if entry.source != Source.MISS]
    chains = _chains(attempts, concurrent)
    found = [finding for chain in chains for rule in RULES for finding in rule(chain)]
    held = [one for one in attempts if one.entry.ordinal in unfinished and _is_held(one.entry)]
    return (*found, *_took_cut(attempts), *map(_left_open, held))


def _chains(attempts: Iterable[_Attempt], concurrent: Concurrent | None) -> list[list[_Attempt]]:
    """The attempts of each question; an attempt continues the chain whose failure ended first."""
    chains: list[list[_Attempt]] = []
    by_key: defaultdict[bytes, list[list[_Attempt]]] = defaultdict(list)
    for attempt in attempts:
        request = attempt.entry.request
        known = by_key[_canonical_key(request)]
        failed = (one for one in known if one[-1].retry != "unneeded")
        ended = (one for one in failed if _ended_before(one[-1], attempt, concurrent))
        chain = min(ended, key=lambda one: one[-1].end, default=None)
        if chain is None:
            chain = []
            known.append(chain)
            chains.append(chain)
        chain.append(attempt)
    return chains


def _ended_before(one: _Attempt, other: _Attempt, concurrent: Concurrent | None) -> bool:
    if concurrent is None or one.retry == "abandoned":
        return one.end - TOLERANCE <= other.at
    return one.entry.ordinal not in concurrent.get(other.entry.ordinal, ())


def _attempt(entry: Entry) -> _Attempt:
    reply = _parse(entry.request.path, entry.response) if entry.response else None
    retry, result, reset = _classify(entry, reply)
    total = float("inf") if entry.total is None else entry.total
    return _Attempt(entry, reply, retry, result, entry.at + total, reset)


def _parse(path: str, answer: Response) -> Reply | None:
    try:
        return find_surface(path).parse(answer).reply
    except StreamError:
        return None


def _classify(entry: Entry, reply: Reply | None) -> tuple[RetryAdvice, str, float | None]:
    if entry.outcome == "gone":
        return "abandoned", "an abandoned response", None
    if reply is not None and reply.error is not None and reply.error.code in CODES:
        return _classify_code(reply.error.code, reply.error.message or "")
    status = entry.response.status if entry.response else 0
    if status >= 400:
        is_useful = status >= 500 or status == 429
        return ("useful" if is_useful else "useless"), f"status {status}", None
    if entry.outcome == "cut" or (reply is not None and reply.error is not None):
        return "useful", "a broken response", None
    finish = reply.finish_reason if reply else entry.finish or "stop"
    return FINISH_REASONS.get(finish, "unneeded"), f"finish_reason {finish!r}", None


def _classify_code(code: str, message: str) -> tuple[RetryAdvice, str, float | None]:
    row = CODES[code]
    result = f"{code} ({row.en.partition('.')[0].partition(',')[0].format_map(_Ellipsis())})"
    if "reset" in row.fields:
        written = _TIME.search(message)
        reset = _unix_time(written[0]) if written else None
        return ("after reset" if reset else "useless"), result, reset
    return ("useful" if row.waits else "useless"), result, None


class _Ellipsis(dict[str, str]):
    """Stands for every field of an error's message."""

    def __missing__(self, key: str) -> str:
        return "…"


def _unix_time(written: str) -> float:
    return timegm(strptime(written, "%Y-%m-%d %H:%M:%S")) - BEIJING


def _in_vain(chain: Chain) -> Iterator[AuditFinding]:
    pairs = [(one, other) for one, other in pairwise(chain) if one.retry == "useless"]
    if pairs:
        message = f"retried {_times(len(pairs))} after {pairs[0][0].result}"
        yield AuditFinding("retried-in-vain", message, _numbers(pairs))


def _ignored_reset(chain: Chain) -> Iterator[AuditFinding]:
    pairs = [(one, other) for one, other in pairwise(chain) if one.reset and other.at < one.reset]
    if pairs:
        one, other = pairs[0]
        early = (one.reset or 0.0) - other.at
        message = f"retried {_times(len(pairs))} after {one.result}, {early:.0f} s too early"
        yield AuditFinding("ignored-reset", message, _numbers(pairs))


def _gave_up(chain: Chain) -> Iterator[AuditFinding]:
    (first, *more) = chain
    may_retry = first.header("x-should-retry") != "false"
    if not more and first.retry == "useful" and first.is_refusal and may_retry:
        message = f"did not retry after {first.result}"
        yield AuditFinding("gave-up", message, (first.entry.ordinal,))


def _no_backoff(chain: Chain) -> Iterator[AuditFinding]:
    pairs = [
        (one, other)
        for one, other in pairwise(chain)
        if one.is_refusal and one.retry == "useful" and not _waited_as_told(one, other)
    ]
    waits = [max(other.at - one.end, 0.0) for one, other in pairs]
    quick = [pair for pair, wait in zip(pairs, waits, strict=True) if wait < LEAST_WAIT]
    if quick:
        message = f"retried {min(waits):.3f} s after {quick[0][0].result}"
        yield AuditFinding("no-backoff", message, _numbers(quick))
    elif len(waits) > 2 and max(waits) < waits[0] * LEAST_GROWTH:
        message = f"retried {_times(len(waits))} after the same {waits[0]:.1f} s"
        yield AuditFinding("no-backoff", message, _numbers(pairs))


def _waited_as_told(one: _Attempt, other: _Attempt) -> bool:
    """True if the client waited as long as a header of the response said."""
    for name, unit in WAIT_HEADERS:
        written = one.header(name)
        if written.replace(".", "", 1).isdigit():
            return other.at - one.end + TOLERANCE >= float(written) * unit
    return False


def _storm(chain: Chain) -> Iterator[AuditFinding]:
    times = [one.at for one in chain]
    for most, seconds in STORMS:
        spans = [late - early for early, late in zip(times, times[most:], strict=False)]
        if any(span <= seconds for span in spans):
            took = times[-1] - times[0]
            message = f"sent {len(chain)} requests in {took:.1f} s"
            yield AuditFinding("storm", message, tuple(one.entry.ordinal for one in chain))
            return


RULES: tuple[Callable[[Chain], Iterator[AuditFinding]], ...] = (
    _in_vain,
    _ignored_reset,
    _gave_up,
    _no_backoff,
    _storm,
)
"""The rules for the attempts of one question."""


def _took_cut(attempts: Sequence[_Attempt]) -> Iterator[AuditFinding]:
    # The text of a response that broke off, in the history of a later request, is the proof.
    complete = {one.reply.content for one in attempts if one.retry == "unneeded" and one.reply}
    for index, one in enumerate(attempts):
        text = one.reply.content if one.reply else None
        if one.retry != "useful" or not text or text in complete:
            continue
        later = next((late for late in attempts[index + 1 :] if text in _history(late)), None)
        if later is not None:
            message = f"{one.result}: its text is in a later history as a complete reply"
            yield AuditFinding("took-cut", message, (one.entry.ordinal, later.entry.ordinal))


def _history(attempt: _Attempt) -> set[Any]:
    """The contents of the assistant's messages in a request."""
    try:
        body = msgspec.json.decode(attempt.entry.request.body, type=dict[str, Any])
        replies = [one for one in body.get("messages") or () if one.get("role") == "assistant"]
        return {one["content"] for one in replies if isinstance(one.get("content"), str)}
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError, TypeError):
        return set()


def _is_held(entry: Entry) -> bool:
    """True if a response is on its way because the client does not end it."""
    return entry.outcome == "open" or (entry.response is not None and entry.response.end == "hang")


def _left_open(attempt: _Attempt) -> AuditFinding:
    message = "the response was neither read to its end nor closed"
    return AuditFinding("left-open", message, (attempt.entry.ordinal,))


def _numbers(pairs: Iterable[tuple[_Attempt, _Attempt]]) -> tuple[int, ...]:
    numbers = (one.entry.ordinal for pair in pairs for one in pair)
    return tuple(dict.fromkeys(numbers))


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _canonical_key(request: Request) -> bytes:
    return canonical.key(request.method, request.path, query=request.query, body=request.body)
