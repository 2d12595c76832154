"""The verdict on a client: what it did that it should not have, by what the server saw of it.

Attempts are grouped by what was asked and by when, not by headers of an SDK: a request is an
attempt of an earlier one if both have one canonical key, the earlier failed, and had ended.
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
from mockglm.completions import parse_json, parse_stream
from mockglm.error_codes import CODES
from mockglm.errors import StreamError
from mockglm.exchange import Reply, Response
from mockglm.journal import Entry, Source
from mockglm.matching import canonical

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "retried-in-vain": "asked again what cannot succeed: the account, the request or the "
        "content has to change first (1113, 1210, 1214, 1261, 1301…, `sensitive`)",
        "ignored-reset": "asked again before the time at which the answer said the limit ends "
        "(1308, 1310, 1316…)",
        "gave-up": "did not ask again what can succeed a moment later (1302, 1305, 1234, 5xx)",
        "no-backoff": "asked again at once, or over and over after the same wait",
        "storm": "asked again so often that it is part of the problem",
        "took-cut": "took an answer that broke off for a whole one: it is in a later history",
        "left-open": "neither read an answer to its end nor closed it",
    }
)
"""Every kind of finding, by its name."""

Fate = Literal["fine", "again", "later", "never", "left"]
"""What an answer means for asking again: no need to, it can help, only once the limit is reset, it
cannot help, or the client left before the end."""

FINISHES: Mapping[str, Fate] = {
    "network_error": "again",
    "sensitive": "never",
    "model_context_window_exceeded": "never",
    "": "again",
}
"""Finish reasons that are no good end; a stream that has none was cut."""

LEAST_WAIT = 0.1
"""Seconds; official SDKs wait 0.5 (openai) or 1 (zai-sdk) before they ask again."""

GROWTH = 1.5
"""How much longer the longest wait is than the first, at least, if waits grow at all."""

ADVICE = (("retry-after-ms", 0.001), ("retry-after", 1.0))
"""Headers that say how long to wait, and their units in seconds. GLM sends neither, a gateway may
(https://github.com/openai/openai-python reads both)."""

STORMS = ((5, 5.0), (10, 60.0))
"""More than so many attempts in so many seconds are a storm; SDKs make three or four."""

SLACK = 0.05
"""Seconds by which the end of an answer is known: a busy server counts late, and it takes a moment
until it notices that a client has left."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")

Chain = Sequence["_Attempt"]
Beside = Mapping[int, Collection[int]]


class Finding(Struct, frozen=True):
    """One thing the client did: its kind, in words, and the ordinals of the requests."""

    name: str
    message: str
    requests: tuple[int, ...]

    def __str__(self) -> str:
        numbers = ", ".join(f"#{number}" for number in self.requests)
        return f"{self.name}: {self.message} ({numbers})"


class _Attempt(Struct, frozen=True):
    """A request and what its answer means; `end` and `reset` are in unix seconds."""

    entry: Entry
    reply: Reply | None
    fate: Fate
    what: str
    end: float
    reset: float | None = None

    @property
    def at(self) -> float:
        return self.entry.at

    @property
    def is_refusal(self) -> bool:
        """Whether an error came in the place of an answer, and the client has nothing of one."""
        answer = self.entry.response
        return answer is not None and not answer.is_stream and self.fate not in ("fine", "left")

    def header(self, name: str) -> str:
        """A header of the answer; "" without one."""
        return self.entry.response.header(name) if self.entry.response else ""


def judge(
    entries: Iterable[Entry], *, waiting: Collection[int] = (), beside: Beside | None = None
) -> tuple[Finding, ...]:
    """The findings about a client, those of one question together.

    `entries` are of one session, in their order; `waiting` are the ordinals of those that are still
    on their way; `beside` are, by ordinal, those that were when a request came, else told by the
    times. What mockglm had no answer for is left out.
    """
    attempts = [_attempt(entry) for entry in entries if entry.source != Source.MISS]
    chains = _chains(attempts, beside)
    found = [finding for chain in chains for rule in RULES for finding in rule(chain)]
    open_ones = [one for one in attempts if one.entry.ordinal in waiting and _is_held(one.entry)]
    return (*found, *_took_cut(attempts), *map(_left_open, open_ones))


def _chains(attempts: Iterable[_Attempt], beside: Beside | None) -> list[list[_Attempt]]:
    """The attempts of each question; each attempt goes on where the oldest failure ended."""
    chains: list[list[_Attempt]] = []
    alike: defaultdict[bytes, list[list[_Attempt]]] = defaultdict(list)
    for attempt in attempts:
        asked = attempt.entry.request
        known = alike[canonical.key(asked.method, asked.path, query=asked.query, body=asked.body)]
        failed = (one for one in known if one[-1].fate != "fine")
        ended = (one for one in failed if _has_ended(one[-1], attempt, beside))
        chain = min(ended, key=lambda one: one[-1].end, default=None)
        if chain is None:
            chain = []
            known.append(chain)
            chains.append(chain)
        chain.append(attempt)
    return chains


def _has_ended(one: _Attempt, other: _Attempt, beside: Beside | None) -> bool:
    """Whether an answer had ended when another request came."""
    if beside is None or one.fate == "left":
        return one.end - SLACK <= other.at
    return one.entry.ordinal not in beside.get(other.entry.ordinal, ())


def _attempt(entry: Entry) -> _Attempt:
    reply = _meaning(entry.response) if entry.response else None
    fate, what, reset = _fate(entry, reply)
    total = float("inf") if entry.total is None else entry.total
    return _Attempt(entry, reply, fate, what, entry.at + total, reset)


def _meaning(answer: Response) -> Reply | None:
    """What an answer says, as far as it can be read."""
    try:
        return (parse_stream if answer.is_stream else parse_json)(answer.body).reply
    except StreamError:
        return None


def _fate(entry: Entry, reply: Reply | None) -> tuple[Fate, str, float | None]:
    if entry.outcome == "gone":
        return "left", "an answer it left", None
    if reply is not None and reply.error is not None and reply.error.code in CODES:
        return _by_code(reply.error.code, reply.error.message or "")
    status = entry.response.status if entry.response else 0
    if status >= 400:
        return ("again" if status >= 500 or status == 429 else "never"), f"status {status}", None
    if entry.outcome == "cut" or (reply is not None and reply.error is not None):
        return "again", "a broken answer", None
    finish = reply.finish_reason if reply else entry.finish or "stop"
    return FINISHES.get(finish, "fine"), f"finish_reason {finish!r}", None


def _by_code(code: str, message: str) -> tuple[Fate, str, float | None]:
    row = CODES[code]
    what = f"{code} ({row.en.partition('.')[0].partition(',')[0].format_map(_Blank())})"
    if "reset" in row.fields:
        written = _TIME.search(message)
        reset = _unix(written[0]) if written else None
        return ("later" if reset else "never"), what, reset
    return ("again" if row.waits else "never"), what, None


class _Blank(dict[str, str]):
    """Leaves out what the text of a code is filled in with."""

    def __missing__(self, key: str) -> str:
        return "…"


def _unix(written: str) -> float:
    return timegm(strptime(written, "%Y-%m-%d %H:%M:%S")) - BEIJING


def _in_vain(chain: Chain) -> Iterator[Finding]:
    pairs = [(one, other) for one, other in pairwise(chain) if one.fate == "never"]
    if pairs:
        what, times = pairs[0][0].what, _times(len(pairs))
        yield Finding("retried-in-vain", f"asked again {times} after {what}", _numbers(pairs))


def _ignored_reset(chain: Chain) -> Iterator[Finding]:
    pairs = [(one, other) for one, other in pairwise(chain) if one.reset and other.at < one.reset]
    if pairs:
        one, other = pairs[0]
        early = (one.reset or 0.0) - other.at
        message = f"asked again {_times(len(pairs))} after {one.what}, {early:.0f} s too early"
        yield Finding("ignored-reset", message, _numbers(pairs))


def _gave_up(chain: Chain) -> Iterator[Finding]:
    (first, *more) = chain
    may_retry = first.header("x-should-retry") != "false"
    if not more and first.fate == "again" and first.is_refusal and may_retry:
        message = f"did not ask again after {first.what}"
        yield Finding("gave-up", message, (first.entry.ordinal,))


def _no_backoff(chain: Chain) -> Iterator[Finding]:
    pairs = [
        (one, other)
        for one, other in pairwise(chain)
        if one.is_refusal and one.fate == "again" and not _is_advised(one, other)
    ]
    waits = [max(other.at - one.end, 0.0) for one, other in pairs]
    quick = [pair for pair, wait in zip(pairs, waits, strict=True) if wait < LEAST_WAIT]
    if quick:
        message = f"asked again {min(waits):.3f} s after {quick[0][0].what}"
        yield Finding("no-backoff", message, _numbers(quick))
    elif len(waits) > 2 and max(waits) < waits[0] * GROWTH:
        message = f"asked again {_times(len(waits))} after the same {waits[0]:.1f} s"
        yield Finding("no-backoff", message, _numbers(pairs))


def _is_advised(one: _Attempt, other: _Attempt) -> bool:
    """Whether a client waited as long as the answer said, in one of the headers that SDKs heed."""
    for name, unit in ADVICE:
        written = one.header(name)
        if written.replace(".", "", 1).isdigit():
            return other.at - one.end + SLACK >= float(written) * unit
    return False


def _storm(chain: Chain) -> Iterator[Finding]:
    times = [one.at for one in chain]
    for most, seconds in STORMS:
        spans = [late - early for early, late in zip(times, times[most:], strict=False)]
        if any(span <= seconds for span in spans):
            took = times[-1] - times[0]
            message = f"asked {len(chain)} times in {took:.1f} s"
            yield Finding("storm", message, tuple(one.entry.ordinal for one in chain))
            return


RULES: tuple[Callable[[Chain], Iterator[Finding]], ...] = (
    _in_vain,
    _ignored_reset,
    _gave_up,
    _no_backoff,
    _storm,
)
"""What the attempts of one question are held against."""


def _took_cut(attempts: Sequence[_Attempt]) -> Iterator[Finding]:
    """The text of an answer that broke off, in the history of a later request: the proof."""
    whole = {one.reply.content for one in attempts if one.fate == "fine" and one.reply}
    for index, one in enumerate(attempts):
        text = one.reply.content if one.reply else None
        if one.fate != "again" or not text or text in whole:
            continue
        taken = next((late for late in attempts[index + 1 :] if text in _history(late)), None)
        if taken is not None:
            message = f"{one.what}: its text is in a later history as an answer"
            yield Finding("took-cut", message, (one.entry.ordinal, taken.entry.ordinal))


def _history(attempt: _Attempt) -> set[Any]:
    try:
        body = msgspec.json.decode(attempt.entry.request.body, type=dict[str, Any])
        said = [one for one in body.get("messages") or () if one.get("role") == "assistant"]
        return {one["content"] for one in said if isinstance(one.get("content"), str)}
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError, TypeError):
        return set()


def _is_held(entry: Entry) -> bool:
    """Whether an answer is still on its way because the client lets it be."""
    return entry.outcome == "open" or (entry.response is not None and entry.response.end == "hang")


def _left_open(attempt: _Attempt) -> Finding:
    message = "the answer was neither read to its end nor closed"
    return Finding("left-open", message, (attempt.entry.ordinal,))


def _numbers(pairs: Iterable[tuple[_Attempt, _Attempt]]) -> tuple[int, ...]:
    numbers = (one.entry.ordinal for pair in pairs for one in pair)
    return tuple(dict.fromkeys(numbers))


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
