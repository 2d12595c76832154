"""HDR and TIM: headers beside the answer, and the times of events."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from itertools import pairwise

from mockglm.conformance.json_path import CheckFinding
from mockglm.conformance.registry import NOTE, SHOULD, Catalogue
from mockglm.conformance.sources import AGENT, CODES, GATEWAY, cite_rfc9110
from mockglm.conformance.view import ExchangeView

CHECKS = Catalogue()
check = CHECKS.check

_IDS = ("x-log-id", "x-request-id", "request-id")
_SLOW = 10.0
"""Seconds of silence worth a note: clients report connections cut after 30."""


@check(
    "HDR-01",
    SHOULD,
    cite_rfc9110("6.6.1"),
    GATEWAY,
    probe="plain",
    needs="messages",
    live_only=True,
)
def answer_has_a_date(view: ExchangeView) -> Iterator[CheckFinding]:
    """An answer has a valid Date."""
    value = view.header("date") or ""
    try:
        parsedate_to_datetime(value)
    except ValueError:
        yield view.finding(
            "no date", expected="Sun, 22 Nov 2026 07:00:00 GMT", actual=value or "none"
        )


@check("HDR-02", SHOULD, CODES, GATEWAY, probe="bad-model", needs="body", requires_success=True)
def refusal_has_an_id(view: ExchangeView) -> Iterator[CheckFinding]:
    """A refusal can be traced by an id in a header or in the body."""
    document = view.json_body
    in_body = document is not None and any(document.get(k) for k in ("id", "request_id"))
    if not in_body and not any(view.header(name) for name in _IDS):
        yield view.finding("no id", expected=f"one of {', '.join(_IDS)}, or request_id in the body")


@check("TIM-01", NOTE, AGENT, probe="stream", needs="event_times")
def first_event_is_quick(view: ExchangeView) -> Iterator[CheckFinding]:
    """The first event comes within ten seconds."""
    if view.event_times[0] > _SLOW:
        yield view.finding("slow", expected=f"{_SLOW:g} s", actual=f"{view.event_times[0]:.1f} s")


@check("TIM-02", NOTE, AGENT, probe="stream", needs="event_times")
def gaps_are_short(view: ExchangeView) -> Iterator[CheckFinding]:
    """No two events are more than ten seconds apart."""
    widest = max((later - earlier for earlier, later in pairwise(view.event_times)), default=0.0)
    if widest > _SLOW:
        yield view.finding("a gap", expected=f"{_SLOW:g} s", actual=f"{widest:.1f} s")
