"""MSG, STP, TOK: the message, its stop reason and its counts of tokens, in both forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mockglm.conformance.json_path import CheckFinding, shorten
from mockglm.conformance.message_view import MessageView
from mockglm.conformance.registry import MUST, NOTE, SHOULD, Catalogue
from mockglm.conformance.sources import (
    ANTHROPIC_BLOCKS,
    MESSAGE,
    MESSAGE_CALL,
    MESSAGE_STREAM,
    cite_recording,
)
from mockglm.conformance.view import ExchangeKind

CHECKS = Catalogue("message")
check = CHECKS.check

_BOTH: tuple[ExchangeKind, ...] = ("stream", "plain")
_KEYS = ("id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage")
_ID = re.compile(r"(msg_)?\d{14}[0-9a-f]{16}")
_STOP_REASONS = (
    *("end_turn", "tool_use", "max_tokens", "model_context_window_exceeded"),
    *("stop_sequence", "refusal"),
)
"""The first four are on record."""
_COUNTS = ("input_tokens", "output_tokens")
_OVERFLOW = "model_context_window_exceeded"
_MAPPED = cite_recording(
    "quochuydev/test-history-lines, claude-3-5-sonnet-20240620 answered as glm-4.6, 2025-10-13"
)


@check(
    "MSG-01",
    MUST,
    MESSAGE,
    MESSAGE_STREAM,
    ANTHROPIC_BLOCKS,
    probe=("message", "message-stream"),
    needs="completion",
    kinds=_BOTH,
)
def message_has_its_keys(view: MessageView) -> Iterator[CheckFinding]:
    """A message has the keys of the service, type message, role assistant and a list of content."""
    if not view.heads:
        yield view.finding("no message", view.completion[0], expected='"message":{…}')
    for head in view.heads:
        for key in _KEYS:
            if key not in head.value:
                yield view.finding(f"no {key}", head, expected=key)
        for key, value in (("type", "message"), ("role", "assistant")):
            if key in head.value and head.get(key) != value:
                actual = shorten(head.get(key))
                yield view.finding("another value", head, key, expected=value, actual=actual)
        if "content" in head.value and not isinstance(head.get("content"), list):
            yield view.finding("no list", head, "content", actual=shorten(head.get("content")))


@check(
    "MSG-02",
    SHOULD,
    MESSAGE,
    MESSAGE_STREAM,
    probe=("message", "message-stream"),
    needs="heads",
    kinds=_BOTH,
)
def message_id_is_a_log_id(view: MessageView) -> Iterator[CheckFinding]:
    """The id of a message is msg_ and a log id of 14 digits and 16 hexadecimal ones."""
    for head in view.heads:
        # In 2025 it was the log id alone.
        if not _ID.fullmatch(str(head.get("id"))):
            actual = shorten(head.get("id"))
            yield view.finding("another form", head, "id", expected="msg_…", actual=actual)


@check("MSG-03", SHOULD, _MAPPED, MESSAGE, probe="message", needs="heads", kinds=_BOTH)
def answer_names_the_model(view: MessageView) -> Iterator[CheckFinding]:
    """A message names the model that answers, in lower case, never one of Anthropic's."""
    for head in view.heads:
        model = head.get("model")
        if not isinstance(model, str) or model != model.lower() or model.startswith("claude"):
            yield view.finding("another name", head, "model", actual=shorten(model))


@check("MSG-04", MUST, MESSAGE, MESSAGE_CALL, probe="message", needs="bodies", kinds="plain")
def blocks_have_types(view: MessageView) -> Iterator[CheckFinding]:
    """The content of a message is blocks with a type, of text with their text."""
    content = view.bodies[0].get("content")
    for number, block in enumerate(content if isinstance(content, list) else ()):
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            yield view.finding(f"block {number} without a type", actual=shorten(block))
        elif block["type"] == "text" and not isinstance(block.get("text"), str):
            yield view.finding(f"block {number} without text", actual=shorten(block))


@check("MSG-05", NOTE, MESSAGE, MESSAGE_CALL, probe="message", needs="bodies", kinds="plain")
def keys_come_in_order(view: MessageView) -> Iterator[CheckFinding]:
    """The keys of a message come in the order of the service."""
    keys = [key for key in view.bodies[0].value if key in _KEYS]
    wanted = [key for key in _KEYS if key in keys]
    if keys != wanted:
        yield view.finding("another order", view.bodies[0], actual=", ".join(keys))


@check(
    "MSG-06",
    MUST,
    MESSAGE,
    cite_recording("headers of streams of open.bigmodel.cn: text/event-stream; charset=utf-8"),
    probe=("message", "message-stream"),
    needs="body_of_200",
    kinds=_BOTH,
)
def message_has_its_media_type(view: MessageView) -> Iterator[CheckFinding]:
    """A message is application/json, a stream text/event-stream."""
    wanted = "text/event-stream" if view.wants_stream else "application/json"
    if view.media_type != wanted:
        yield view.finding("another type", expected=wanted, actual=view.media_type or "none")


@check(
    "MSG-07",
    MUST,
    MESSAGE,
    MESSAGE_STREAM,
    probe=("message", "message-stream"),
    needs="blocks",
    together=True,
    capability="deterministic",
)
def both_forms_have_the_same_text(
    plain: MessageView, stream: MessageView
) -> Iterator[CheckFinding]:
    """The deltas of a stream join to the text of the JSON answer, if the endpoint is
    deterministic."""
    if plain.content != stream.content:
        expected, actual = shorten(plain.content), shorten(stream.content)
        yield stream.finding("another text", expected=expected, actual=actual)


@check(
    "STP-01",
    MUST,
    MESSAGE,
    MESSAGE_STREAM,
    probe=("message", "message-stream"),
    needs="endings",
    kinds=_BOTH,
)
def stop_reason_is_known(view: MessageView) -> Iterator[CheckFinding]:
    """A message ends with a stop_reason of the service."""
    ending = view.endings[-1]
    if view.finish_reason not in _STOP_REASONS:
        actual = shorten(view.finish_reason)
        yield view.finding("unknown", ending, "stop_reason", expected="end_turn…", actual=actual)


@check(
    "STP-02",
    MUST,
    MESSAGE_CALL,
    MESSAGE_STREAM,
    probe=("message-tools", "message-tools-plain", "message"),
    needs="endings",
    kinds=_BOTH,
)
def calls_stop_with_tool_use(view: MessageView) -> Iterator[CheckFinding]:
    """A message stops with tool_use if and only if it has a call."""
    is_cut = view.finish_reason in ("max_tokens", _OVERFLOW)
    if not is_cut and bool(view.tool_blocks) != (view.finish_reason == "tool_use"):
        expected = "tool_use" if view.tool_blocks else "another"
        actual = shorten(view.finish_reason)
        yield view.finding(
            "not as the calls", view.endings[-1], "stop_reason", expected=expected, actual=actual
        )


@check(
    "STP-03",
    MUST,
    cite_recording("eroslifestyle/ai-router-switch, glm-5.3, thinking cut, 2026-08-17"),
    probe="message-length",
    needs="endings",
)
def cut_message_stops_with_max_tokens(view: MessageView) -> Iterator[CheckFinding]:
    """A message that max_tokens cuts stops with max_tokens."""
    if view.finish_reason != "max_tokens":
        actual = shorten(view.finish_reason)
        yield view.finding(
            "not cut", view.endings[-1], "stop_reason", expected="max_tokens", actual=actual
        )


@check("STP-04", SHOULD, MESSAGE_STREAM, probe="message-stream", needs="starts", kinds="stream")
def start_has_no_stop_reason(view: MessageView) -> Iterator[CheckFinding]:
    """The message of message_start has no content and no stop_reason yet."""
    for head in view.heads:
        for key, empty in (("stop_reason", None), ("stop_sequence", None), ("content", [])):
            if key in head.value and head.get(key) != empty:
                actual = shorten(head.get(key))
                yield view.finding("too early", head, key, expected=empty, actual=actual)


@check(
    "TOK-01",
    SHOULD,
    MESSAGE_STREAM,
    cite_recording("Claude Code stream-json, glm-4.7, 0 and 0, 2026-08-18"),
    probe="message-stream",
    needs="starts",
    kinds="stream",
)
def start_counts_nothing(view: MessageView) -> Iterator[CheckFinding]:
    """The usage of message_start is 0 input_tokens and 0 output_tokens."""
    for usage in filter(None, (head.child("usage") for head in view.heads)):
        for key in _COUNTS:
            if usage.get(key) != 0:
                actual = shorten(usage.get(key))
                yield view.finding("not 0", usage, key, expected=0, actual=actual)


@check(
    "TOK-02",
    MUST,
    MESSAGE,
    MESSAGE_STREAM,
    ANTHROPIC_BLOCKS,
    probe=("message", "message-stream"),
    needs="endings",
    kinds=_BOTH,
)
def usage_counts_both_sides(view: MessageView) -> Iterator[CheckFinding]:
    """Usage counts input_tokens and output_tokens, in a stream with the message_delta."""
    if not view.usages:
        yield view.finding("no usage", view.endings[-1], expected='"usage":{…}')
    for usage in view.usages:
        for key in _COUNTS:
            if not _is_count(usage.get(key)):
                yield view.finding("not a count", usage, key, actual=shorten(usage.get(key)))


@check(
    "TOK-03",
    MUST,
    MESSAGE,
    MESSAGE_STREAM,
    probe=("message", "message-stream"),
    needs="usages",
    kinds=_BOTH,
)
def output_is_counted(view: MessageView) -> Iterator[CheckFinding]:
    """A message with text or calls counts output_tokens."""
    usage = view.usages[-1]
    if (view.content or view.tool_blocks) and usage.get("output_tokens") == 0:
        actual = f"0 for {len(view.content)} characters and {len(view.tool_blocks)} calls"
        yield view.finding("nothing counted", usage, "output_tokens", actual=actual)


@check(
    "TOK-04",
    SHOULD,
    MESSAGE,
    MESSAGE_STREAM,
    probe=("message", "message-stream"),
    needs="usages",
    kinds=_BOTH,
)
def cached_input_is_counted(view: MessageView) -> Iterator[CheckFinding]:
    """Usage counts cache_read_input_tokens, and no cache_creation_input_tokens."""
    for usage in view.usages:
        if not _is_count(usage.get("cache_read_input_tokens")):
            actual = shorten(usage.get("cache_read_input_tokens"))
            yield view.finding("not a count", usage, "cache_read_input_tokens", actual=actual)
        if "cache_creation_input_tokens" in usage.value:
            actual = shorten(usage.get("cache_creation_input_tokens"))
            yield view.finding("never sent", usage, "cache_creation_input_tokens", actual=actual)


@check(
    "TOK-05",
    MUST,
    cite_recording("eroslifestyle/ai-router-switch, glm-5.3, thinking cut, 2026-08-17"),
    probe="message-length",
    needs="usages",
    kinds=_BOTH,
)
def output_keeps_the_limit(view: MessageView) -> Iterator[CheckFinding]:
    """The output_tokens are no more than max_tokens."""
    limit, usage = view.request_json.get("max_tokens"), view.usages[-1]
    count = usage.get("output_tokens")
    if _is_count(limit) and _is_count(count) and count > limit:
        yield view.finding(
            "more than max_tokens", usage, "output_tokens", expected=limit, actual=count
        )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
