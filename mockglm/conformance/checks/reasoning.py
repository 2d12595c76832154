"""RSN: the reasoning of a model."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.json_path import CheckFinding, JSONNode, shorten
from mockglm.conformance.registry import MUST, SHOULD, Catalogue
from mockglm.conformance.sources import AGENT, CHAT, STREAM, THOUGHT, cite_issues, cite_recording
from mockglm.conformance.view import ExchangeKind, ExchangeView

CHECKS = Catalogue()
check = CHECKS.check

_BOTH: tuple[ExchangeKind, ...] = ("stream", "plain")


@check(
    "RSN-01",
    MUST,
    CHAT,
    STREAM,
    probe="thinking",
    needs="has_thought",
    kinds="stream",
    if_missing="not_exercised",
    capability="thinking",
)
def streamed_reasoning_has_a_field(view: ExchangeView) -> Iterator[CheckFinding]:
    """Streamed reasoning is in reasoning_content."""
    if not view.reasoning:
        yield _reasoning_without_field(view)


@check(
    "RSN-02",
    MUST,
    CHAT,
    STREAM,
    cite_issues("danny-avila/LibreChat#9954"),
    probe="thinking",
    needs="reasoning",
    kinds="stream",
    if_missing="not_exercised",
    capability="thinking",
)
def reasoning_precedes_content(view: ExchangeView) -> Iterator[CheckFinding]:
    """Reasoning comes before the content, never after it."""
    begun = False
    for delta in view.deltas:
        if begun and delta.get("reasoning_content"):
            yield view.finding("reasoning after content", delta, "reasoning_content")
        begun = begun or bool(delta.get("content"))


@check(
    "RSN-03",
    SHOULD,
    STREAM,
    AGENT,
    probe="thinking",
    needs="reasoning",
    kinds="stream",
    if_missing="not_exercised",
    capability="thinking",
)
def reasoning_and_content_are_apart(view: ExchangeView) -> Iterator[CheckFinding]:
    """No delta carries both reasoning and content."""
    for delta in view.deltas:
        if delta.get("reasoning_content") and delta.get("content") is not None:
            yield view.finding("both in one delta", delta, "content", actual=shorten(delta.value))


@check(
    "RSN-04",
    MUST,
    CHAT,
    cite_issues("stacklok/mecatl#240"),
    probe="thinking",
    needs="content",
    kinds=_BOTH,
    if_missing="not_exercised",
    capability="thinking",
)
def content_has_no_think_tags(view: ExchangeView) -> Iterator[CheckFinding]:
    """The content has no <think> tag."""
    if "<think>" in view.content or "</think>" in view.content:
        at = view.body.find(b"think>")
        yield CheckFinding("reasoning in the content", at=at, actual=shorten(view.content))


@check(
    "RSN-05",
    MUST,
    CHAT,
    cite_issues("mistralai/client-python#628"),
    probe="thinking",
    needs="finished_choices",
    kinds=_BOTH,
    capability="thinking",
)
def finished_reply_has_content(view: ExchangeView) -> Iterator[CheckFinding]:
    """A reply that stops has content or calls, not only reasoning."""
    if view.finish_reason == "stop" and view.reasoning and not view.content and not view.calls:
        choice = view.finished_choices[-1]
        yield view.finding("only reasoning", choice, "finish_reason", expected="content, then stop")


@check(
    "RSN-06",
    MUST,
    CHAT,
    AGENT,
    probe=("stream", "plain"),
    needs="thinking_off",
    kinds=_BOTH,
    capability="switch",
)
def thinking_can_be_disabled(view: ExchangeView) -> Iterator[CheckFinding]:
    """A model whose thinking is disabled sends no reasoning_content."""
    if view.reasoning:
        part = next(part for part in view.thinking_off if part.get("reasoning_content"))
        yield view.finding("reasoning", part, "reasoning_content", actual=shorten(view.reasoning))


@check(
    "RSN-07",
    MUST,
    AGENT,
    cite_recording("pydantic/pydantic-ai test_zai preserved thinking, glm-4.7, 2026-06"),
    probe="replay",
    needs="answer",
    capability="thinking",
)
def history_with_reasoning_is_accepted(view: ExchangeView) -> Iterator[CheckFinding]:
    """A history with reasoning_content is accepted."""
    if not view.completion:
        yield view.unexpected_answer("200 and a message")


@check(
    "RSN-08",
    MUST,
    CHAT,
    THOUGHT,
    probe="thinking-plain",
    needs="has_thought",
    kinds="plain",
    if_missing="not_exercised",
    capability="thinking",
)
def plain_reasoning_has_a_field(view: ExchangeView) -> Iterator[CheckFinding]:
    """The reasoning of a plain reply is in the reasoning_content of its message."""
    if not view.reasoning:
        yield _reasoning_without_field(view)


def _reasoning_without_field(view: ExchangeView) -> CheckFinding:
    part: JSONNode | None = view.completion_details[-1] if view.completion_details else None
    key = "completion_tokens_details" if part else ""
    actual = shorten(part.get(key) if part else view.content)
    return view.finding(
        "reasoning without reasoning_content",
        part,
        key,
        expected="reasoning_content",
        actual=actual,
    )
