"""JSN: what a plain reply is made of."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.catalogue import MUST, SHOULD, Catalogue
from mockglm.conformance.checks.chunks import typed
from mockglm.conformance.parts import Finding, brief
from mockglm.conformance.seen import Seen
from mockglm.conformance.sources import CHAT, SDK_COMPLETION, THOUGHT, TOOLS

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check


@check("JSN-01", MUST, CHAT, SDK_COMPLETION, TOOLS, probe="plain", needs="replies", on="plain")
def head(seen: Seen) -> Iterator[Finding]:
    """A plain reply has an id, a created time, a model, choices and usage of the right types."""
    for reply in seen.replies:
        yield from typed(seen, reply, id=str, created=int, model=str, choices=list, usage=dict)


@check("JSN-02", MUST, CHAT, SDK_COMPLETION, TOOLS, probe="plain", needs="outcomes", on="plain")
def message(seen: Seen) -> Iterator[Finding]:
    """A plain reply has one choice, whose message has the role assistant."""
    if len(seen.outcomes) != 1:
        yield seen.wrong("not one choice", seen.replies[0], "choices", actual=len(seen.outcomes))
    for choice in seen.outcomes:
        found = choice.inner("message")
        if found is None or found.get("role") != "assistant":
            actual = brief(choice.get("message"))
            yield seen.wrong("no message of the assistant", choice, "message", actual=actual)


@check("JSN-03", MUST, CHAT, TOOLS, probe="plain", needs="messages", on="plain")
def content(seen: Seen) -> Iterator[Finding]:
    """The content is a string, which may be null or absent beside tool calls."""
    for message in seen.messages:
        text = message.get("content")
        if not isinstance(text, str) and not (text is None and seen.calls):
            yield seen.wrong("no text", message, "content", expected="a string", actual=brief(text))


@check("JSN-04", MUST, CHAT, SDK_COMPLETION, probe="plain", needs="outcomes", on="plain")
def finished(seen: Seen) -> Iterator[Finding]:
    """Each choice of a plain reply has a finish_reason."""
    for choice in seen.outcomes:
        if not isinstance(choice.get("finish_reason"), str):
            actual = brief(choice.get("finish_reason"))
            yield seen.wrong("not finished", choice, "finish_reason", actual=actual)


@check("JSN-05", SHOULD, CHAT, THOUGHT, probe="plain", needs="messages", on="plain")
def request_id(seen: Seen) -> Iterator[Finding]:
    """The request_id is the one that was sent."""
    sent = seen.asked.get("request_id")
    reply = seen.replies[0]
    if sent is not None and reply.get("request_id") != sent:
        actual = brief(reply.get("request_id"))
        yield seen.wrong("another id", reply, "request_id", expected=sent, actual=actual)


@check("JSN-06", MUST, CHAT, TOOLS, probe="plain", needs="outcomes", on="plain")
def no_delta(seen: Seen) -> Iterator[Finding]:
    """A plain reply has no delta."""
    for choice in seen.outcomes:
        if choice.get("delta") is not None:
            yield seen.wrong("a delta", choice, "delta", actual=brief(choice.get("delta")))
