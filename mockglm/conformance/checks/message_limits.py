"""OVR: answers beyond the limits of the Anthropic surface; sent only with --disruptive."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.json_path import CheckFinding, shorten
from mockglm.conformance.message_view import MessageView
from mockglm.conformance.registry import MUST, Catalogue
from mockglm.conformance.sources import CODES, MESSAGE_REFUSALS, cite_issues, cite_recording

CHECKS = Catalogue("message")
check = CHECKS.check

_LIMIT_CODES = ("1302", "1303", "1305", "1308", "1310", "1113", "1312", "1313")
_OVERFLOW = "model_context_window_exceeded"
_BUSY = (429, 529)


@check(
    "OVR-01",
    MUST,
    cite_recording("HoldThatThgt/LabelKit, api.z.ai, glm-5.2, status 200, 2026-07-23"),
    cite_issues("modu-ai/moai-adk#676"),
    probe="message-overflow",
    needs="answer",
    requires_success=True,
)
def prompt_out_of_context_is_named(view: MessageView) -> Iterator[CheckFinding]:
    """A prompt longer than the context is answered with status 200 and the stop_reason
    model_context_window_exceeded, or refused with 400 and 1261."""
    is_named = view.finish_reason == _OVERFLOW
    # Reported of 2026-09, of another gateway of the service.
    is_refused = view.status == 400 and view.error_code == "1261"
    if not is_named and not is_refused:
        yield view.unexpected_answer(f"200 and {_OVERFLOW}")


@check(
    "OVR-02",
    MUST,
    MESSAGE_REFUSALS,
    CODES,
    probe="message-burst",
    needs="is_rate_limited",
    kinds="refusal",
    if_missing="not_exercised",
)
def message_beyond_a_limit_has_its_code(view: MessageView) -> Iterator[CheckFinding]:
    """A request over a limit is refused with the code of that limit and rate_limit_error."""
    expected = f"rate_limit_error, {' or '.join(_LIMIT_CODES)}"
    if view.error_type != "rate_limit_error" or view.error_code not in _LIMIT_CODES:
        actual = f"{shorten(view.error_type)}, {shorten(view.error_code)}"
        yield view.finding(
            "not as a limit", view.error_object, "code", expected=expected, actual=actual
        )


@check("OVR-03", MUST, MESSAGE_REFUSALS, CODES, probe="message-burst", needs="answer")
def parallel_messages_are_answered(view: MessageView) -> Iterator[CheckFinding]:
    """Each of many simultaneous requests is answered whole, or refused with 429 or 529."""
    is_message = view.status == 200
    if view.cut_reason or (is_message and not view.endings):
        actual = view.cut_reason or "no stop_reason"
        yield view.finding("not whole", expected="a whole message, or 429", actual=actual)
    if not is_message and view.status not in _BUSY:
        yield view.unexpected_answer("200, 429 or 529")
