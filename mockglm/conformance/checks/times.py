"""HDR and TIM: what comes beside the answer, and when it comes."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from itertools import pairwise

from mockglm.conformance.catalogue import NOTE, SHOULD, Catalogue
from mockglm.conformance.parts import Finding
from mockglm.conformance.seen import Seen
from mockglm.conformance.sources import AGENT, CODES, GATEWAY, http

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_IDS = ("x-log-id", "x-request-id", "request-id")
_SLOW = 10.0
"""Seconds of silence worth a note: clients report connections cut after 30."""


@check("HDR-01", SHOULD, http("6.6.1"), GATEWAY, probe="plain", needs="messages", live=True)
def date(seen: Seen) -> Iterator[Finding]:
    """An answer has a Date that can be read."""
    value = seen.header("date") or ""
    try:
        parsedate_to_datetime(value)
    except ValueError:
        yield seen.wrong(
            "no date", expected="Sun, 22 Nov 2026 07:00:00 GMT", actual=value or "none"
        )


@check("HDR-02", SHOULD, CODES, GATEWAY, probe="bad-model", needs="body", alive=True)
def log_id(seen: Seen) -> Iterator[Finding]:
    """A refusal can be traced by an id in a header or in the body."""
    document = seen.document
    in_body = document is not None and any(document.get(k) for k in ("id", "request_id"))
    if not in_body and not any(seen.header(name) for name in _IDS):
        yield seen.wrong("no id", expected=f"one of {', '.join(_IDS)}, or request_id in the body")


@check("TIM-01", NOTE, AGENT, probe="stream", needs="timed")
def first(seen: Seen) -> Iterator[Finding]:
    """The first event comes within ten seconds."""
    if seen.timed[0] > _SLOW:
        yield seen.wrong("slow", expected=f"{_SLOW:g} s", actual=f"{seen.timed[0]:.1f} s")


@check("TIM-02", NOTE, AGENT, probe="stream", needs="timed")
def gap(seen: Seen) -> Iterator[Finding]:
    """No two events are more than ten seconds apart."""
    widest = max((later - earlier for earlier, later in pairwise(seen.timed)), default=0.0)
    if widest > _SLOW:
        yield seen.wrong("a gap", expected=f"{_SLOW:g} s", actual=f"{widest:.1f} s")
