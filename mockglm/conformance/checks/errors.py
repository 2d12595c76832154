"""ERR: refusals of bad requests, and errors in streams."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mockglm.conformance.json_path import CheckFinding, shorten
from mockglm.conformance.registry import MUST, SHOULD, Catalogue
from mockglm.conformance.sources import (
    CHAT,
    CODES,
    GATEWAY,
    SDK_ERRORS,
    SDK_STREAM,
    cite_issues,
    cite_recording,
    cite_rfc9110,
)
from mockglm.conformance.view import ExchangeView

CHECKS = Catalogue()
check = CHECKS.check

_SPRING = (404, 405)
"""Statuses that the service's web framework answers, in a format of its own."""
_MARKUP = re.compile(
    r"<\s*(html|!doctype|head|body|title)\b|Traceback \(most|^[ \t]+at \S+\(", re.I | re.M
)


@check(
    "ERR-01",
    MUST,
    CODES,
    GATEWAY,
    probe="bad-model",
    needs="body",
    kinds="refusal",
    requires_success=True,
)
def refusal_has_error_object(view: ExchangeView) -> Iterator[CheckFinding]:
    """The body of a refusal is an error with a message and a code, which is a string of digits."""
    if view.status in _SPRING or view.status >= 500:
        return
    if view.error_object is None:
        actual = shorten(view.body.decode(errors="replace"))
        yield view.finding("no error", view.json_body, expected='{"error":{…}}', actual=actual)
        return
    code, message = view.error_code, view.error_object.get("message")
    if not isinstance(code, str) or not code.isdigit():
        yield view.finding(
            "unexpected code",
            view.error_object,
            "code",
            expected='"1211"',
            actual=shorten([code])[1:-1],
        )
    if not isinstance(message, str) or not message:
        yield view.finding("no message", view.error_object, "message", actual=shorten(message))


@check(
    "ERR-02",
    MUST,
    CODES,
    SDK_ERRORS,
    cite_issues("OmniRoute#8451"),
    probe=("bad-model", "bad-model-stream"),
    needs="errors",
    kinds=("stream", "plain", "refusal"),
    requires_success=True,
)
def error_has_no_status_200(view: ExchangeView) -> Iterator[CheckFinding]:
    """An error before any part of a reply is not answered with status 200."""
    is_first = not view.deltas or view.deltas[0].at > view.errors[0].at
    if view.status == 200 and is_first:
        actual = shorten(view.errors[0].value)
        yield view.finding("200", view.errors[0], expected="a status of 400 or more", actual=actual)


@check(
    "ERR-03",
    MUST,
    CODES,
    GATEWAY,
    probe="bad-model",
    needs="answer",
    requires_success=True,
)
def unknown_model_is_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """A model that does not exist is refused with 1211, or 1214 for modelCode."""
    yield from _expect_refusal(view, (400, 404), ("1211", "1214"))


@check("ERR-04", SHOULD, CODES, CHAT, probe="no-messages", needs="answer", requires_success=True)
def empty_messages_are_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """An empty list of messages is refused with 400 and 1213 or 1214."""
    yield from _expect_refusal(view, (400,), ("1213", "1214"))


@check(
    "ERR-05",
    SHOULD,
    cite_rfc9110("15.5.1"),
    probe="bad-json",
    needs="answer",
    requires_success=True,
)
def broken_json_is_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """A body that is not JSON is refused with 400."""
    if view.status != 400:
        yield view.unexpected_answer("400")


@check(
    "ERR-06",
    MUST,
    CODES,
    cite_recording("1214 角色信息不正确, several reports of 2026-08"),
    probe="bad-role",
    needs="answer",
    requires_success=True,
)
def unknown_role_is_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """A role that GLM does not know is refused with 400 and 1214."""
    yield from _expect_refusal(view, (400,), ("1214",))


@check(
    "ERR-07", SHOULD, CODES, CHAT, probe="bad-temperature", needs="answer", requires_success=True
)
def temperature_out_of_range_is_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """A temperature out of range is refused with 400 and 1210 or 1214."""
    yield from _expect_refusal(view, (400,), ("1210", "1214"))


@check(
    "ERR-08", MUST, CODES, SDK_ERRORS, probe="bad-model-stream", needs="body", requires_success=True
)
def refusal_is_not_a_stream(view: ExchangeView) -> Iterator[CheckFinding]:
    """A refusal before a stream begins is JSON, not a stream."""
    if view.media_type != "application/json" or view.json_body is None:
        actual = f"{view.header('content-type')}: {shorten(view.body.decode(errors='replace'))}"
        yield view.finding("not JSON", expected="application/json", actual=actual)


@check(
    "ERR-09",
    SHOULD,
    cite_rfc9110("15.5.5"),
    probe="bad-path",
    needs="answer",
    requires_success=True,
)
def unknown_path_is_not_found(view: ExchangeView) -> Iterator[CheckFinding]:
    """A path that does not exist is answered 404."""
    if view.status != 404:
        yield view.unexpected_answer("404")


@check(
    "ERR-10",
    MUST,
    CODES,
    cite_issues("GLM-Free-API#32", "HKUDS/Vibe-Trading#758"),
    probe="bad-model",
    needs="body",
    kinds="refusal",
    requires_success=True,
)
def message_is_plain_text(view: ExchangeView) -> Iterator[CheckFinding]:
    """The message of a refusal is text, without markup or a stack trace."""
    if view.status == 405 or view.status >= 500:
        return
    found = _MARKUP.search(view.body.decode(errors="replace"))
    if found:
        at = len(found.string[: found.start()].encode())
        yield CheckFinding(
            "markup or a trace", at=at, actual=shorten(found.string[found.start() :])
        )


@check("ERR-11", MUST, cite_rfc9110("15.5"), probe="afterwards", needs="answer")
def endpoint_survives_bad_requests(view: ExchangeView) -> Iterator[CheckFinding]:
    """A good request after the bad ones is answered."""
    if not view.completion:
        yield view.unexpected_answer("200 and a message")


@check(
    "ERR-12",
    MUST,
    SDK_STREAM,
    cite_issues("OmniRoute#8451"),
    probe="failing",
    needs="stream_errors",
    kinds="stream",
    if_missing="not_exercised",
)
def error_ends_the_stream(view: ExchangeView) -> Iterator[CheckFinding]:
    """An error in a stream is an event with an error object, and only [DONE] follows it."""
    first = view.stream_errors[0]
    error = first.child("error")
    if error is None or not isinstance(error.get("message"), str):
        actual = shorten(first.get("error"))
        yield view.finding(
            "no error object", first, "error", expected="{code, message}", actual=actual
        )
    after = [event for event in view.data_events if event.start > first.at]
    if after:
        yield CheckFinding("the stream went on", at=after[0].start, actual=shorten(after[0].data))


@check(
    "ERR-13",
    SHOULD,
    cite_rfc9110("15.5.6"),
    probe="bad-method",
    needs="answer",
    requires_success=True,
)
def unknown_method_is_refused(view: ExchangeView) -> Iterator[CheckFinding]:
    """A method that the chat path does not support is answered 405."""
    if view.status != 405:
        yield view.unexpected_answer("405")


def _expect_refusal(
    view: ExchangeView, statuses: tuple[int, ...], codes: tuple[str, ...]
) -> Iterator[CheckFinding]:
    """A finding unless status and code are among the allowed ones."""
    if view.status not in statuses or view.error_code not in codes:
        yield view.unexpected_answer(f"{' or '.join(map(str, statuses))} and {' or '.join(codes)}")
