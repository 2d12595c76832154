"""BLK, THK, CAL: blocks of content opened, filled and closed; thinking; calls of tools."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mockglm.conformance.json_path import CheckFinding, JSONNode, shorten
from mockglm.conformance.message_view import MessageBlock, MessageView, block_index
from mockglm.conformance.registry import MUST, SHOULD, Catalogue, Citation
from mockglm.conformance.sources import (
    ANTHROPIC_BLOCKS,
    MESSAGE_BLOCKS,
    MESSAGE_CALL,
    MESSAGE_STREAM,
    cite_issues,
    cite_recording,
)
from mockglm.conformance.view import ExchangeKind

CHECKS = Catalogue("message")
check = CHECKS.check

_AI_SDK = Citation("sdk", "@ai-sdk/anthropic refuses a block of thinking without a signature")
_BOTH: tuple[ExchangeKind, ...] = ("stream", "plain")
_SEARCH = cite_recording("the built-in search of open.bigmodel.cn, blocks in order, 2026-10-01")
_DELTAS: Mapping[str, tuple[str, ...]] = {
    "text": ("text_delta",),
    "thinking": ("thinking_delta", "signature_delta"),
    "tool_use": ("input_json_delta",),
    "server_tool_use": ("input_json_delta",),
}
_VALUES: Mapping[str, str] = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}
_EMPTY: Mapping[str, tuple[tuple[str, object], ...]] = {
    "text": (("text", ""),),
    "thinking": (("thinking", ""), ("signature", "")),
    "tool_use": (("input", {}),),
}
_CALL_ID = re.compile(r"call_[0-9A-Za-z_-]+")
_SIGNATURE = re.compile(r"[0-9a-f]{24}")


@check(
    "BLK-01",
    MUST,
    ANTHROPIC_BLOCKS,
    MESSAGE_STREAM,
    probe="message-stream",
    needs="block_events",
    kinds="stream",
)
def blocks_are_numbered_in_order(view: MessageView) -> Iterator[CheckFinding]:
    """Blocks begin with the indexes 0, 1, 2 and so on."""
    for number, event in enumerate(view.of_type("content_block_start")):
        if block_index(event) != number:
            actual = shorten(event.get("index"))
            yield view.finding("another index", event, "index", expected=number, actual=actual)


@check(
    "BLK-02",
    MUST,
    MESSAGE_STREAM,
    _SEARCH,
    probe="message-stream",
    needs="block_events",
    kinds="stream",
)
def blocks_are_closed_before_the_next(view: MessageView) -> Iterator[CheckFinding]:
    """Each block is closed once, before the next one begins."""
    opened: JSONNode | None = None
    for event in view.block_events:
        if event.get("type") == "content_block_start":
            if opened is not None:
                yield view.finding("not closed", opened, actual=shorten(opened.get("index")))
            opened = event
        elif event.get("type") == "content_block_stop":
            if opened is None or opened.get("index") != event.get("index"):
                actual = shorten(event.get("index"))
                yield view.finding("no block to close", event, "index", actual=actual)
            else:
                opened = None
    if opened is not None and not view.stream_errors:
        yield view.finding("not closed", opened, actual=shorten(opened.get("index")))


@check(
    "BLK-03",
    MUST,
    ANTHROPIC_BLOCKS,
    MESSAGE_STREAM,
    probe="message-stream",
    needs="block_events",
    kinds="stream",
)
def deltas_are_of_the_open_block(view: MessageView) -> Iterator[CheckFinding]:
    """Each delta is of the block that is open."""
    opened: object = None
    for event in view.block_events:
        if event.get("type") == "content_block_start":
            opened = event.get("index")
        elif event.get("type") == "content_block_stop":
            opened = None
        elif opened is None or event.get("index") != opened:
            expected = "an open block" if opened is None else f"{opened}"
            actual = shorten(event.get("index"))
            yield view.finding("another block", event, "index", expected=expected, actual=actual)


@check(
    "BLK-04",
    MUST,
    ANTHROPIC_BLOCKS,
    MESSAGE_STREAM,
    probe="message-stream",
    needs="blocks",
    kinds="stream",
)
def deltas_fit_their_block(view: MessageView) -> Iterator[CheckFinding]:
    """The deltas of a block are of its type, and hold text."""
    for block in view.blocks:
        fitting = _DELTAS.get(str(block.type), ())
        for delta in block.deltas:
            kind = str(delta.get("type"))
            if kind not in fitting:
                expected = " or ".join(fitting) or f"no delta of {block.type}"
                yield view.finding(
                    "not of its block", delta, "type", expected=expected, actual=kind
                )
            elif not isinstance(delta.get(_VALUES[kind]), str):
                actual = shorten(delta.get(_VALUES[kind]))
                yield view.finding("no text", delta, _VALUES[kind], actual=actual)


@check(
    "BLK-05",
    MUST,
    ANTHROPIC_BLOCKS,
    MESSAGE_STREAM,
    probe="message-stream",
    needs="blocks",
    kinds="stream",
)
def blocks_begin_empty(view: MessageView) -> Iterator[CheckFinding]:
    """A block that is streamed begins empty, and with its keys."""
    for block in view.blocks:
        for key, empty in _EMPTY.get(str(block.type), ()):
            # One of two probes of 2026-10-01 saw thinking begin without its signature.
            is_left_out = key == "signature" and key not in block.node.value
            if not is_left_out and block.node.get(key) != empty:
                actual = shorten(block.node.get(key))
                yield view.finding(
                    "not empty", block.node, key, expected=shorten(empty) or '""', actual=actual
                )


@check(
    "THK-01",
    MUST,
    MESSAGE_BLOCKS,
    _AI_SDK,
    probe="message-thinking",
    needs="thinking_blocks",
    kinds=_BOTH,
    if_missing="not_exercised",
    capability="thinking",
)
def thinking_has_text_and_signature(view: MessageView) -> Iterator[CheckFinding]:
    """A block of thinking has its text under thinking, and a signature that is text."""
    for block in view.thinking_blocks:
        nodes = (block.node, *block.deltas)
        for key in ("thinking", "signature"):
            if not any(isinstance(node.get(key), str) for node in nodes):
                actual = shorten(block.node.get(key))
                yield view.finding(f"no {key}", block.node, key, expected="text", actual=actual)


@check(
    "THK-02",
    SHOULD,
    _SEARCH,
    probe="message-thinking",
    needs="thinking_blocks",
    kinds="stream",
    if_missing="not_exercised",
    capability="thinking",
)
def signature_ends_the_thinking(view: MessageView) -> Iterator[CheckFinding]:
    """The signature comes in one delta, the last of its block."""
    for block in view.thinking_blocks:
        types = [str(delta.get("type")) for delta in block.deltas]
        if types.count("signature_delta") != 1 or types[-1] != "signature_delta":
            actual = f"{types.count('signature_delta')} of {len(types)} deltas"
            yield view.finding(
                "not one at the end", block.node, expected="signature_delta", actual=actual
            )


@check(
    "THK-03",
    SHOULD,
    MESSAGE_BLOCKS,
    probe="message-thinking",
    needs="thinking_blocks",
    kinds=_BOTH,
    if_missing="not_exercised",
    capability="thinking",
)
def signature_is_hexadecimal(view: MessageView) -> Iterator[CheckFinding]:
    """A signature is 24 hexadecimal digits."""
    for block in view.thinking_blocks:
        if not _SIGNATURE.fullmatch(block.signature):
            yield view.finding("another form", block.node, actual=shorten(block.signature))


@check(
    "CAL-01",
    MUST,
    MESSAGE_CALL,
    MESSAGE_BLOCKS,
    probe=("message-tools", "message-tools-plain"),
    needs="tool_blocks",
    kinds=_BOTH,
    if_missing="not_exercised",
    capability="tools",
)
def call_has_id_and_name(view: MessageView) -> Iterator[CheckFinding]:
    """A call has an id of its own and the name of a tool that was offered."""
    seen: set[str] = set()
    for block in view.tool_blocks:
        id, name = block.node.get("id"), block.node.get("name")
        if not isinstance(id, str) or not id or id in seen:
            yield view.finding("no id of its own", block.node, "id", actual=shorten(id))
        if not isinstance(name, str) or (view.offered and name not in view.offered):
            yield view.finding("not offered", block.node, "name", actual=shorten(name))
        seen.add(str(id))


@check(
    "CAL-02",
    SHOULD,
    MESSAGE_CALL,
    MESSAGE_BLOCKS,
    probe=("message-tools", "message-tools-plain"),
    needs="tool_blocks",
    kinds=_BOTH,
    if_missing="not_exercised",
    capability="tools",
)
def call_id_has_the_form_of_the_service(view: MessageView) -> Iterator[CheckFinding]:
    """The id of a call begins with call_."""
    for block in view.tool_blocks:
        id = block.node.get("id")
        if isinstance(id, str) and not _CALL_ID.fullmatch(id):
            yield view.finding("another form", block.node, "id", expected="call_…", actual=id)


@check(
    "CAL-03",
    MUST,
    ANTHROPIC_BLOCKS,
    MESSAGE_CALL,
    probe=("message-tools", "message-tools-plain"),
    needs="tool_blocks",
    kinds=_BOTH,
    if_missing="not_exercised",
    capability="tools",
)
def input_is_an_object(view: MessageView) -> Iterator[CheckFinding]:
    """The input of a call is an object; in a stream its fragments join to the JSON of one."""
    for block in view.tool_blocks:
        if not isinstance(block.input, dict):
            yield view.finding("not an object", block.node, "input", actual=_shown(block))


@check(
    "CAL-04",
    SHOULD,
    cite_issues("NousResearch/hermes-agent#86433"),
    probe="message-result",
    needs="answer",
    requires_success=True,
    capability="tools",
)
def history_of_a_call_is_accepted(view: MessageView) -> Iterator[CheckFinding]:
    """A history of thinking, a call and its result is answered with a message."""
    if not view.completion:
        yield view.unexpected_answer("200 and a message")


def _shown(block: MessageBlock) -> str:
    return shorten(block.arguments or block.node.get("input"))
