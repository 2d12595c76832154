"""JSN: the parts of a plain reply."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.checks.chunks import find_other_model, find_wrong_types
from mockglm.conformance.json_path import CheckFinding, shorten
from mockglm.conformance.registry import MUST, SHOULD, Catalogue
from mockglm.conformance.sources import CHAT, SDK_COMPLETION, THOUGHT, TOOLS
from mockglm.conformance.view import ExchangeView

CHECKS = Catalogue()
check = CHECKS.check


@check(
    "JSN-01", MUST, CHAT, SDK_COMPLETION, TOOLS, probe="plain", needs="plain_replies", kinds="plain"
)
def reply_has_head_fields(view: ExchangeView) -> Iterator[CheckFinding]:
    """A plain reply has an id, a created time, a model, choices and usage of the right types."""
    for reply in view.plain_replies:
        yield from find_wrong_types(
            view, reply, id=str, created=int, model=str, choices=list, usage=dict
        )


@check(
    "JSN-02",
    MUST,
    CHAT,
    SDK_COMPLETION,
    TOOLS,
    probe="plain",
    needs="message_choices",
    kinds="plain",
)
def reply_has_one_message(view: ExchangeView) -> Iterator[CheckFinding]:
    """A plain reply has one choice, whose message has the role assistant."""
    if len(view.message_choices) != 1:
        yield view.finding(
            "not one choice", view.plain_replies[0], "choices", actual=len(view.message_choices)
        )
    for choice in view.message_choices:
        found = choice.child("message")
        if found is None or found.get("role") != "assistant":
            actual = shorten(choice.get("message"))
            yield view.finding("not a message of the assistant", choice, "message", actual=actual)


@check("JSN-03", MUST, CHAT, TOOLS, probe="plain", needs="messages", kinds="plain")
def content_is_a_string(view: ExchangeView) -> Iterator[CheckFinding]:
    """The content is a string, which may be null or absent beside tool calls."""
    for message in view.messages:
        text = message.get("content")
        if not isinstance(text, str) and not (text is None and view.calls):
            yield view.finding(
                "not text", message, "content", expected="a string", actual=shorten(text)
            )


@check("JSN-04", MUST, CHAT, SDK_COMPLETION, probe="plain", needs="message_choices", kinds="plain")
def choices_are_finished(view: ExchangeView) -> Iterator[CheckFinding]:
    """Each choice of a plain reply has a finish_reason."""
    for choice in view.message_choices:
        if not isinstance(choice.get("finish_reason"), str):
            actual = shorten(choice.get("finish_reason"))
            yield view.finding("not finished", choice, "finish_reason", actual=actual)


@check("JSN-05", SHOULD, CHAT, THOUGHT, probe="plain", needs="messages", kinds="plain")
def request_id_is_echoed(view: ExchangeView) -> Iterator[CheckFinding]:
    """The request_id is the one that was sent."""
    sent = view.request_json.get("request_id")
    reply = view.plain_replies[0]
    if sent is not None and reply.get("request_id") != sent:
        actual = shorten(reply.get("request_id"))
        yield view.finding("unexpected id", reply, "request_id", expected=sent, actual=actual)


@check("JSN-06", MUST, CHAT, TOOLS, probe="plain", needs="message_choices", kinds="plain")
def reply_has_no_delta(view: ExchangeView) -> Iterator[CheckFinding]:
    """A plain reply has no delta."""
    for choice in view.message_choices:
        if choice.get("delta") is not None:
            yield view.finding("a delta", choice, "delta", actual=shorten(choice.get("delta")))


@check("JSN-07", MUST, THOUGHT, TOOLS, probe="plain", needs="messages", kinds="plain")
def reply_is_of_no_other_model(view: ExchangeView) -> Iterator[CheckFinding]:
    """The model of a plain reply is not another one than was requested."""
    yield from find_other_model(view, view.plain_replies[0])
