"""LIM: refusals at the limits; sent only with --disruptive."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mockglm.conformance.json_path import CheckFinding
from mockglm.conformance.registry import MUST, SHOULD, Catalogue
from mockglm.conformance.sources import CODES, GATEWAY, cite_recording, cite_rfc9110
from mockglm.conformance.view import ExchangeView

CHECKS = Catalogue()
check = CHECKS.check

_LIMIT_CODES = ("1302", "1303", "1305", "1308", "1310", "1113", "1312", "1313")
_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")


@check(
    "LIM-01",
    MUST,
    CODES,
    GATEWAY,
    probe="burst",
    needs="is_rate_limited",
    kinds="refusal",
    if_missing="not_exercised",
)
def rate_limit_has_a_code(view: ExchangeView) -> Iterator[CheckFinding]:
    """A request over a limit is refused with the code of that limit."""
    if view.error_code not in _LIMIT_CODES:
        yield view.finding(
            "unexpected code",
            view.error_object,
            "code",
            expected=" or ".join(_LIMIT_CODES),
            actual=view.error_code,
        )


@check(
    "LIM-02",
    SHOULD,
    cite_rfc9110("10.2.3"),
    probe="burst",
    needs="retry_after",
    kinds="refusal",
    if_missing="not_applicable",
)
def retry_after_is_valid(view: ExchangeView) -> Iterator[CheckFinding]:
    """A Retry-After is a number of seconds or a date."""
    value = str(view.header("retry-after"))
    if not value.isdigit() and not _DATE.fullmatch(value):
        yield view.finding(
            "neither seconds nor a date", expected="120, or an HTTP date", actual=value
        )


@check(
    "LIM-03",
    MUST,
    CODES,
    cite_recording("RarogCmex/pi-bigmodel, 3.9 MB of text, 2026-10-08"),
    probe="overflow",
    needs="answer",
    requires_success=True,
)
def context_overflow_is_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """A prompt longer than the context is refused with 400 and 1261, or 1210."""
    if view.status not in (400, 413) or view.error_code not in ("1261", "1210"):
        yield view.unexpected_answer("400 and 1261")


@check("LIM-04", MUST, CODES, probe="burst", needs="answer")
def parallel_requests_are_answered(view: ExchangeView) -> Iterator[CheckFinding]:
    """Each of many simultaneous requests is answered whole or refused with 429."""
    is_whole = view.answer is not None and view.answer.end == "done"
    if not is_whole or (view.status == 200 and not view.finished_choices):
        actual = view.exchange.error or "no finish_reason"
        yield view.finding("not whole", expected="a finished stream, or 429", actual=actual)
    if view.answer and view.status not in (200, 429):
        yield view.unexpected_answer("200 or 429")


@check(
    "LIM-05",
    SHOULD,
    CODES,
    cite_recording("RarogCmex/pi-bigmodel, max_tokens 99999999, 2026-10-08"),
    probe="ceiling",
    needs="answer",
    requires_success=True,
)
def excessive_max_tokens_is_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """A max_tokens above the maximum of the model is refused with 400 and 1210."""
    if view.status != 400 or view.error_code != "1210":
        yield view.unexpected_answer("400 and 1210")
