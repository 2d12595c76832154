"""ENV, KEY: errors of the Anthropic surface, and the keys it accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mockglm.conformance.json_path import CheckFinding, shorten
from mockglm.conformance.message_view import MessageView
from mockglm.conformance.registry import MUST, SHOULD, Catalogue, Citation
from mockglm.conformance.sources import (
    ANTHROPIC_EVENTS,
    MESSAGE_REFUSALS,
    cite_recording,
    cite_rfc9110,
)

CHECKS = Catalogue("message")
check = CHECKS.check

_CURL = cite_recording("quochuydev/test-history-lines, api.z.ai by curl, 2025-10-13")
_MINSPEC = cite_recording("AIClarityAU/minspec, api.z.ai, a wrong key, 2026-08-07")
_UNKNOWN = cite_recording("HoldThatThgt/LabelKit, api.z.ai, glm-5.2[1m], 2026-07-23")
_SDK_STATUS = Citation("sdk", "anthropic 2.14.0 _client.py: 529 is an error of its own, repeated")
_IN_STREAM = cite_recording("public capability matrix of glm-5.3-flash, event: error, 2026-09-14")
_OTHER_ENVELOPES = (401, 404, 405, 413, 422, 502, 503, 504)
"""Statuses whose bodies have another form, or none that is on record."""
_TYPES: Mapping[int, tuple[str, ...]] = {
    400: ("invalid_request_error",),
    429: ("rate_limit_error",),
    500: ("api_error", "overloaded_error"),
    529: ("overloaded_error",),
}
_BRACKETS = re.compile(r"\[(?P<code>\d+)\]\[(?P<text>.*)\]\[(?P<log_id>\w+)\]", re.DOTALL)


@check(
    "ENV-01",
    MUST,
    MESSAGE_REFUSALS,
    probe="message-bad-model",
    needs="body",
    kinds="refusal",
    requires_success=True,
)
def refusal_has_the_envelope(view: MessageView) -> Iterator[CheckFinding]:
    """A refusal is {"type":"error","error":{…}} with a type and a message inside."""
    if view.status in _OTHER_ENVELOPES:
        return
    error = view.error_object
    if error is None or view.envelope_type != "error":
        actual = shorten(view.body.decode(errors="replace"))
        expected = '{"type":"error","error":{…}}'
        yield view.finding("no envelope", view.json_body, expected=expected, actual=actual)
        return
    for key in ("type", "message"):
        if not isinstance(error.get(key), str) or not error.get(key):
            yield view.finding(f"no {key}", error, key, actual=shorten(error.get(key)))


@check(
    "ENV-02",
    SHOULD,
    MESSAGE_REFUSALS,
    probe="message-bad-model",
    needs="envelope_log_id",
    kinds="refusal",
    requires_success=True,
)
def error_message_has_code_and_log_id(view: MessageView) -> Iterator[CheckFinding]:
    """The message of a refusal is [code][text][log id], and request_id is that log id."""
    error = view.error_object
    if error is None:
        return
    found = _BRACKETS.fullmatch(str(error.get("message")))
    if found is None:
        yield view.finding("no brackets", error, "message", actual=shorten(error.get("message")))
    elif found["log_id"] != view.envelope_log_id or found["code"] != error.get("code"):
        actual = f"{found['code']}, {found['log_id']}"
        expected = f"{shorten(error.get('code'))}, {view.envelope_log_id}"
        yield view.finding("do not agree", error, "message", expected=expected, actual=actual)


@check(
    "ENV-03",
    MUST,
    MESSAGE_REFUSALS,
    probe="message-bad-model",
    needs="envelopes",
    kinds="refusal",
    requires_success=True,
)
def error_type_fits_the_status(view: MessageView) -> Iterator[CheckFinding]:
    """The type of an error fits its status: 400, 429, 500 and 529 have types of their own."""
    types = _TYPES.get(view.status)
    if types and view.error_type not in types:
        expected, actual = " or ".join(types), shorten(view.error_type)
        yield view.finding(
            "another type", view.error_object, "type", expected=expected, actual=actual
        )


@check(
    "ENV-04",
    MUST,
    _UNKNOWN,
    probe="message-bad-model",
    needs="answer",
    requires_success=True,
)
def model_of_no_name_is_refused(view: MessageView) -> Iterator[CheckFinding]:
    """A model that does not exist is refused with 400 and 1211, or 1214 for modelCode."""
    if view.status != 400 or view.error_code not in ("1211", "1214"):
        yield view.unexpected_answer("400 and 1211 or 1214")


@check(
    "ENV-05",
    MUST,
    _UNKNOWN,
    _SDK_STATUS,
    probe="message-bad-model-stream",
    needs="answer",
    requires_success=True,
)
def refusal_of_a_stream_is_json(view: MessageView) -> Iterator[CheckFinding]:
    """A request for a stream is refused with a status of 400 or more and JSON, whatever its label
    says."""
    if view.status < 400 or view.json_body is None:
        yield view.unexpected_answer("400 and a JSON object")


@check(
    "ENV-06",
    MUST,
    MESSAGE_REFUSALS,
    _SDK_STATUS,
    probe="message-overload",
    needs="is_overloaded",
    kinds="refusal",
    if_missing="not_exercised",
)
def overload_is_529(view: MessageView) -> Iterator[CheckFinding]:
    """An overload (1305) is answered 529 with overloaded_error."""
    # A code of 500 comes as overloaded_error, too.
    is_expected = view.status == 529 or (view.status == 500 and view.error_code == "500")
    if not is_expected or view.error_type != "overloaded_error":
        yield view.unexpected_answer("529 and overloaded_error")


@check(
    "ENV-07",
    MUST,
    _IN_STREAM,
    ANTHROPIC_EVENTS,
    probe="message-failing",
    needs="stream_errors",
    kinds="stream",
    if_missing="not_exercised",
)
def error_event_ends_the_stream(view: MessageView) -> Iterator[CheckFinding]:
    """An error in a stream is an event named error with an error object, and ends it."""
    first = view.stream_errors[0]
    event = next(event for event, node in view.typed_events if node is first)
    error = first.child("error")
    if event.event != "error":
        yield view.finding("not named", first, expected="event: error", actual=event.event)
    if error is None or not isinstance(error.get("message"), str):
        actual = shorten(first.get("error"))
        yield view.finding(
            "no error object", first, "error", expected="{type, message}", actual=actual
        )
    after = [event for event in view.data_events if event.start > first.at]
    if after:
        yield CheckFinding("the stream went on", at=after[0].start, actual=shorten(after[0].data))


@check(
    "ENV-08",
    SHOULD,
    cite_recording("eroslifestyle/ai-router-switch, [1,131072] on api.z.ai, 2026-08-18"),
    probe="message-bad-limit",
    needs="answer",
    requires_success=True,
)
def limit_out_of_range_is_refused(view: MessageView) -> Iterator[CheckFinding]:
    """A max_tokens of 0 is refused with 400 and 1210."""
    if view.status != 400 or view.error_code != "1210":
        yield view.unexpected_answer("400 and 1210")


@check(
    "ENV-09",
    SHOULD,
    cite_recording("public capability matrix of glm-5.3-flash, a tool without a name, 2026-09"),
    probe="message-bad-shape",
    needs="answer",
    requires_success=True,
)
def wrong_shape_is_refused(view: MessageView) -> Iterator[CheckFinding]:
    """A tool without a name is refused with 422 and a list under detail."""
    detail = view.json_body.get("detail") if view.json_body else None
    if view.status != 422 or not isinstance(detail, list):
        yield view.unexpected_answer("422 and detail")


@check(
    "KEY-01",
    MUST,
    cite_recording("public live probe of api.z.ai, 2026-08-26"),
    probe="message",
    needs="answer",
)
def x_api_key_is_accepted(view: MessageView) -> Iterator[CheckFinding]:
    """The key is accepted in the header x-api-key."""
    if not view.completion:
        yield view.unexpected_answer("200 and a message")


@check(
    "KEY-02",
    MUST,
    _CURL,
    Citation("sdk", "anthropic 2.14.0: auth_token is sent as a Bearer credential"),
    probe="message-bearer",
    needs="answer",
)
def bearer_is_accepted_too(view: MessageView) -> Iterator[CheckFinding]:
    """The key is accepted as a Bearer credential, also after bad requests."""
    if not view.completion:
        yield view.unexpected_answer("200 and a message")


@check("KEY-03", MUST, _MINSPEC, probe="message-bad-key", needs="answer", requires_success=True)
def unknown_key_is_refused(view: MessageView) -> Iterator[CheckFinding]:
    """A wrong key is refused with 401 and an error that has a message."""
    yield from _expect_401(view)


@check(
    "KEY-04",
    SHOULD,
    _MINSPEC,
    probe="message-no-key",
    needs="answer",
    requires_success=True,
)
def request_without_a_key_is_refused(view: MessageView) -> Iterator[CheckFinding]:
    """A request without a key is refused with 401 and an error that has a message."""
    yield from _expect_401(view)


@check(
    "KEY-05",
    MUST,
    cite_rfc9110("11.4"),
    probe=("message", "message-bad-key"),
    needs="with_known_key",
    kinds=("stream", "plain", "refusal"),
    if_missing="not_applicable",
)
def key_is_not_returned(view: MessageView) -> Iterator[CheckFinding]:
    """No answer contains the key that was sent."""
    at = view.body.find(view.secret.encode())
    if at >= 0 or any(view.secret in value for _, value in view.headers):
        yield CheckFinding("the key came back", at=at if at >= 0 else None)


def _expect_401(view: MessageView) -> Iterator[CheckFinding]:
    error = view.error_object
    if view.status != 401 or error is None or not isinstance(error.get("message"), str):
        yield view.unexpected_answer("401 and a message")
