"""LIM: what happens at the limits; only asked for with --glm-disruptive."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mockglm.conformance.catalogue import MUST, SHOULD, Catalogue
from mockglm.conformance.parts import Finding, brief
from mockglm.conformance.seen import Seen
from mockglm.conformance.sources import CODES, GATEWAY, http, recorded

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_BUSY = ("1302", "1303", "1305", "1308", "1310", "1113", "1312", "1313")
_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


@check(
    "LIM-01",
    MUST,
    CODES,
    GATEWAY,
    probe="burst",
    needs="limited",
    on="refusal",
    absent="not_exercised",
)
def over(seen: Seen) -> Iterator[Finding]:
    """Over the limit a request is refused with a code that says which limit."""
    if seen.code not in _BUSY:
        yield seen.wrong(
            "another code", seen.envelope, "code", expected=" or ".join(_BUSY), actual=seen.code
        )


@check(
    "LIM-02",
    SHOULD,
    http("10.2.3"),
    probe="burst",
    needs="delayed",
    on="refusal",
    absent="not_applicable",
)
def retry_after(seen: Seen) -> Iterator[Finding]:
    """A Retry-After is a number of seconds or a date."""
    value = seen.header("retry-after") or ""
    if not value.isdigit() and not _DATE.fullmatch(value):
        yield seen.wrong("neither", expected="120, or an HTTP date", actual=value)


@check(
    "LIM-03",
    MUST,
    CODES,
    recorded("RarogCmex/pi-bigmodel, 3.9 MB of text, 2026-10-08"),
    probe="overflow",
    needs="answer",
    alive=True,
)
def context(seen: Seen) -> Iterator[Finding]:
    """A prompt longer than the context is refused with 400 and 1261, or 1210."""
    if seen.status not in (400, 413) or seen.code not in ("1261", "1210"):
        actual = f"{seen.status} {brief(seen.body.decode(errors='replace'))}"
        yield seen.wrong("another answer", expected="400 and 1261", actual=actual)


@check("LIM-04", MUST, CODES, probe="burst", needs="answer")
def others(seen: Seen) -> Iterator[Finding]:
    """Of many requests at once each is answered whole, or refused with 429."""
    is_whole = seen.answer is not None and seen.answer.end == "done"
    if not is_whole or (seen.status == 200 and not seen.finishes):
        actual = seen.exchange.error or "no finish_reason"
        yield seen.wrong("not whole", expected="a finished stream, or 429", actual=actual)
    if seen.answer and seen.status not in (200, 429):
        yield seen.wrong("another answer", expected="200 or 429", actual=seen.status)


@check(
    "LIM-05",
    SHOULD,
    CODES,
    recorded("RarogCmex/pi-bigmodel, max_tokens 99999999, 2026-10-08"),
    probe="ceiling",
    needs="answer",
    alive=True,
)
def ceiling(seen: Seen) -> Iterator[Finding]:
    """A max_tokens beyond what the model has is refused with 400 and 1210."""
    if seen.status != 400 or seen.code != "1210":
        actual = f"{seen.status} {brief(seen.body.decode(errors='replace'))}"
        yield seen.wrong("another answer", expected="400 and 1210", actual=actual)
