"""RSN: where the thought of a model stands."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.catalogue import MUST, SHOULD, Catalogue
from mockglm.conformance.parts import Finding, Part, brief
from mockglm.conformance.seen import Kind, Seen
from mockglm.conformance.sources import AGENT, CHAT, STREAM, THOUGHT, issue, recorded

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_BOTH: tuple[Kind, ...] = ("stream", "plain")


@check(
    "RSN-01",
    MUST,
    CHAT,
    STREAM,
    probe="thinking",
    needs="thought",
    on="stream",
    absent="not_exercised",
    capability="thinking",
)
def streamed(seen: Seen) -> Iterator[Finding]:
    """A streamed thought stands in reasoning_content."""
    if not seen.reasoning:
        yield _unspoken(seen)


@check(
    "RSN-02",
    MUST,
    CHAT,
    STREAM,
    issue("danny-avila/LibreChat#9954"),
    probe="thinking",
    needs="reasoning",
    on="stream",
    absent="not_exercised",
    capability="thinking",
)
def order(seen: Seen) -> Iterator[Finding]:
    """Reasoning comes before the content, never after it."""
    begun = False
    for delta in seen.deltas:
        if begun and delta.get("reasoning_content"):
            yield seen.wrong("reasoning after content", delta, "reasoning_content")
        begun = begun or bool(delta.get("content"))


@check(
    "RSN-03",
    SHOULD,
    STREAM,
    AGENT,
    probe="thinking",
    needs="reasoning",
    on="stream",
    absent="not_exercised",
    capability="thinking",
)
def apart(seen: Seen) -> Iterator[Finding]:
    """No delta carries reasoning and content."""
    for delta in seen.deltas:
        if delta.get("reasoning_content") and delta.get("content") is not None:
            yield seen.wrong("both in one delta", delta, "content", actual=brief(delta.value))


@check(
    "RSN-04",
    MUST,
    CHAT,
    issue("stacklok/mecatl#240"),
    probe="thinking",
    needs="content",
    on=_BOTH,
    absent="not_exercised",
    capability="thinking",
)
def no_tags(seen: Seen) -> Iterator[Finding]:
    """The content holds no <think> tag."""
    if "<think>" in seen.content or "</think>" in seen.content:
        at = seen.body.find(b"think>")
        yield Finding("a thought in the content", at=at, actual=brief(seen.content))


@check(
    "RSN-05",
    MUST,
    CHAT,
    issue("mistralai/client-python#628"),
    probe="thinking",
    needs="finishes",
    on=_BOTH,
    capability="thinking",
)
def answered(seen: Seen) -> Iterator[Finding]:
    """A reply that stops has content or calls, not only reasoning."""
    if seen.finish == "stop" and seen.reasoning and not seen.content and not seen.calls:
        choice = seen.finishes[-1]
        yield seen.wrong("only reasoning", choice, "finish_reason", expected="content, then stop")


@check(
    "RSN-06",
    MUST,
    CHAT,
    AGENT,
    probe=("stream", "plain"),
    needs="unthinking",
    on=_BOTH,
    capability="switch",
)
def off(seen: Seen) -> Iterator[Finding]:
    """A model whose thinking is disabled sends no reasoning_content."""
    if seen.reasoning:
        part = next(part for part in seen.unthinking if part.get("reasoning_content"))
        yield seen.wrong("a thought", part, "reasoning_content", actual=brief(seen.reasoning))


@check(
    "RSN-07",
    MUST,
    AGENT,
    recorded("pydantic/pydantic-ai test_zai preserved thinking, glm-4.7, 2026-06"),
    probe="replay",
    needs="answer",
    capability="thinking",
)
def history(seen: Seen) -> Iterator[Finding]:
    """A history with reasoning_content is accepted."""
    if not seen.completion:
        actual = f"{seen.status} {brief(seen.body.decode(errors='replace'))}"
        yield seen.wrong("not accepted", expected="200 and a message", actual=actual)


@check(
    "RSN-08",
    MUST,
    CHAT,
    THOUGHT,
    probe="thinking-plain",
    needs="thought",
    on="plain",
    absent="not_exercised",
    capability="thinking",
)
def whole(seen: Seen) -> Iterator[Finding]:
    """The thought of a plain reply stands in the message's reasoning_content."""
    if not seen.reasoning:
        yield _unspoken(seen)


def _unspoken(seen: Seen) -> Finding:
    part: Part | None = seen.counted[-1] if seen.counted else None
    key = "completion_tokens_details" if part else ""
    actual = brief(part.get(key) if part else seen.content)
    return seen.wrong(
        "a thought without reasoning_content",
        part,
        key,
        expected="reasoning_content",
        actual=actual,
    )
