"""The use of a key by the hour: calls and tokens, counted in the journal of the session."""

from __future__ import annotations

import re
from calendar import timegm
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from time import strptime

from msgspec import Struct

from mockglm import auth
from mockglm.clock import BEIJING, local
from mockglm.endpoints.call import Call
from mockglm.exchange import Response
from mockglm.journal import Entry
from mockglm.surfaces import CHAT, SURFACES

HOUR = 3600
DAY = 24 * HOUR
ANSWERED = 200
MAX_HOURLY = 7 * DAY
"""Seconds of the longest period that is given by the hour."""
MAX_PERIOD = 366 * DAY
TIME = "%Y-%m-%d %H:%M:%S"

TOOL_PATHS: Mapping[str, str] = {"/web_search": "search-prime", "/reader": "web-reader"}
"""The tools of a plan by the path of a call, as quotas name them."""

_LAST_CHUNKS = 4
_LAST_BYTES = 4096
_TOTAL = re.compile(rb'"total_tokens": ?(\d{1,12})')
_PARTS = tuple(
    re.compile(rb'"%s": ?(\d{1,12})' % name)
    for name in (b"input_tokens", b"output_tokens", b"cache_read_input_tokens")
)
"""The figures of the Anthropic surface, which has no total."""

_CHAT_PATHS = frozenset(surface.path for surface in SURFACES) | {f"/async{CHAT.path}"}


class Period(Struct, frozen=True):
    """A period in steps of an hour or a day; `start` is in unix seconds, Beijing time is shown."""

    start: int
    step: int
    count: int

    @property
    def granularity(self) -> str:
        return "hourly" if self.step == HOUR else "daily"

    @property
    def times(self) -> list[str]:
        return [
            local(self.start + self.step * index, "%Y-%m-%d %H:%M") for index in range(self.count)
        ]

    def find_step(self, at: float) -> int | None:
        """The index of the step of a time, None outside of the period."""
        index = int(at - self.start) // self.step
        return index if at >= self.start and index < self.count else None


class Use(Struct, frozen=True):
    """One call: its step of the period, its model or tool, and its tokens."""

    step: int
    name: str
    tokens: int


def read_period(call: Call) -> Period:
    """Read `startTime` and `endTime`, by default the last day. Raises ValueError."""
    end = _read_time(call.query("endTime"), call.now)
    start = _read_time(call.query("startTime"), end - DAY + 1)
    if not 0 <= end - start <= MAX_PERIOD:
        raise ValueError("startTime and endTime")
    step = HOUR if end - start <= MAX_HOURLY else DAY
    first = int(start + BEIJING) // step * step - BEIJING
    return Period(first, step, int(end - first) // step + 1)


def _read_time(text: str, default: float) -> float:
    return timegm(strptime(text, TIME)) - BEIJING if text else default


def count_models(call: Call, period: Period) -> list[Use]:
    """The chats of the key in a period, with the tokens that their usage reports."""
    return [
        Use(step, entry.model, _count_tokens(entry.response))
        for step, entry in _entries(call, period)
        if entry.request.path in _CHAT_PATHS and entry.response and not entry.code
    ]


def _count_tokens(response: Response) -> int:
    """The tokens of a usage, which stands at the end of a response; so long ones take no longer."""
    tail = b"".join(chunk for _, chunk in response.chunks[-_LAST_CHUNKS:])[-_LAST_BYTES:]
    totals = _TOTAL.findall(tail)
    if totals:
        return int(totals[-1])
    return sum(int(figures[-1]) for one in _PARTS if (figures := one.findall(tail)))


def count_tools(call: Call, period: Period) -> list[Use]:
    """The calls of the tools of a plan in a period."""
    return [
        Use(step, TOOL_PATHS[entry.request.path], 0)
        for step, entry in _entries(call, period)
        if entry.request.path in TOOL_PATHS and entry.response and entry.response.status == ANSWERED
    ]


def sum_steps(uses: Sequence[Use], period: Period) -> tuple[list[int | None], list[int | None]]:
    """The calls and the tokens of each step; None for a step without calls."""
    calls: dict[int, int] = defaultdict(int)
    tokens: dict[int, int] = defaultdict(int)
    for use in uses:
        calls[use.step] += 1
        tokens[use.step] += use.tokens
    steps = range(period.count)
    return [calls.get(step) for step in steps], [tokens.get(step) for step in steps]


def _entries(call: Call, period: Period) -> Iterator[tuple[int, Entry]]:
    session = call.context.session
    for entry in session.journal.unredacted:
        step = period.find_step(entry.at)
        if step is not None and _key(call, entry) == call.key:
            yield step, entry


def _key(call: Call, entry: Entry) -> str:
    """The key that a request was made with."""
    session = call.context.session
    surface = next((one for one in SURFACES if entry.request.path in one.endpoints), CHAT)
    given, known = surface.credential(entry.request), session.ledger.keys
    return auth.authenticate(given, now=entry.at, listed=session.keys, known=known)[0]
