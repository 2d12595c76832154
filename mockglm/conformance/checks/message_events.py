"""EVT: the events of a stream on the Anthropic surface, their names and their order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import dropwhile

from mockglm import sse
from mockglm.conformance.json_path import CheckFinding, JSONNode, decode_json, shorten
from mockglm.conformance.message_view import MessageView
from mockglm.conformance.registry import MUST, SHOULD, Catalogue
from mockglm.conformance.sources import (
    ANTHROPIC_BLOCKS,
    ANTHROPIC_EVENTS,
    JSON,
    MESSAGE_STREAM,
    cite_rfc9112,
    cite_whatwg,
)

CHECKS = Catalogue("message")
check = CHECKS.check

_TYPES = (
    *("message_start", "ping", "content_block_start", "content_block_delta"),
    *("content_block_stop", "message_delta", "message_stop", "error"),
)
_DEFECTS: tuple[sse.Kind, ...] = (
    *("bom", "invalid-utf8", "unknown-field", "nul-in-id", "bad-retry"),
    *("no-data", "empty-data", "unterminated"),
)


@check(
    "EVT-01",
    MUST,
    cite_whatwg("parsing-an-event-stream"),
    probe="message-stream",
    needs="data_events",
    kinds="stream",
)
def message_stream_is_well_framed(view: MessageView) -> Iterator[CheckFinding]:
    """A stream is UTF-8 in fields that are known, and each event has data and ends."""
    for defect in view.defects(*_DEFECTS):
        yield CheckFinding(f"{defect.kind}", at=defect.at, actual=shorten(defect.text))


@check(
    "EVT-02", MUST, JSON, ANTHROPIC_EVENTS, probe="message-stream", needs="events", kinds="stream"
)
def message_events_are_json(view: MessageView) -> Iterator[CheckFinding]:
    """Each event before [DONE] is one JSON object with a type."""
    for event in view.data_events:
        try:
            value = decode_json(event.data)
        except ValueError as error:
            yield CheckFinding(f"{error}", at=event.start, actual=shorten(event.data))
            continue
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            yield CheckFinding("no type", at=event.start, actual=shorten(event.data))


@check(
    "EVT-03",
    MUST,
    ANTHROPIC_EVENTS,
    probe="message-stream",
    needs="typed_events",
    kinds="stream",
)
def events_are_named_by_their_type(view: MessageView) -> Iterator[CheckFinding]:
    """The event field of each event is the type of its data."""
    for event, node in view.typed_events:
        if event.event != node.get("type"):
            yield CheckFinding(
                "another name" if event.event else "no name",
                at=event.start,
                expected=f"event: {node.get('type')}",
                actual=event.event,
            )


@check(
    "EVT-04",
    MUST,
    ANTHROPIC_BLOCKS,
    MESSAGE_STREAM,
    probe="message-stream",
    needs="whole_stream",
    kinds="stream",
)
def message_start_comes_first(view: MessageView) -> Iterator[CheckFinding]:
    """The event message_start comes first, and once."""
    first = view.chunks[0]
    if first.get("type") != "message_start":
        yield view.finding("not the first", first, expected="message_start", actual=_type(first))
    for again in view.starts[1:]:
        yield view.finding("more than once", again, actual="message_start")


@check(
    "EVT-05",
    SHOULD,
    MESSAGE_STREAM,
    probe="message-stream",
    needs="starts",
    kinds="stream",
)
def one_ping_follows_the_start(view: MessageView) -> Iterator[CheckFinding]:
    """One ping follows message_start, and no other comes."""
    for second in view.chunks[1:2]:
        if second.get("type") != "ping":
            yield view.finding("no ping", second, expected="ping", actual=_type(second))
    for again in view.of_type("ping")[1:]:
        yield view.finding("more than one", again, actual="ping")


@check(
    "EVT-06",
    MUST,
    MESSAGE_STREAM,
    ANTHROPIC_BLOCKS,
    probe="message-stream",
    needs="whole_stream",
    kinds="stream",
)
def message_delta_and_stop_end_the_message(view: MessageView) -> Iterator[CheckFinding]:
    """After the blocks come one message_delta and one message_stop."""
    for name in ("message_delta", "message_stop"):
        found = view.of_type(name)
        if not found:
            last = view.chunks[-1]
            yield view.finding(f"no {name}", last, expected=name, actual=_type(last))
        for again in found[1:]:
            yield view.finding("more than once", again, actual=name)
    for late in dropwhile(_is_before_delta, view.chunks):
        if str(late.get("type")).startswith("content_block_"):
            yield view.finding("a block after message_delta", late, actual=_type(late))


@check(
    "EVT-07",
    MUST,
    MESSAGE_STREAM,
    probe="message-stream",
    needs="whole_stream",
    kinds="stream",
)
def nothing_follows_message_stop(view: MessageView) -> Iterator[CheckFinding]:
    """Nothing follows message_stop, no [DONE] either."""
    stops = view.of_type("message_stop")
    for event in view.events:
        if event.data.startswith("[DONE]") or (stops and event.start > stops[0].at):
            yield CheckFinding("the stream went on", at=event.start, actual=shorten(event.data))
            return


@check("EVT-08", SHOULD, MESSAGE_STREAM, probe="message-stream", needs="chunks", kinds="stream")
def event_types_are_known(view: MessageView) -> Iterator[CheckFinding]:
    """The types of events are those that the service sends."""
    for event in view.chunks:
        if isinstance(event.get("type"), str) and event.get("type") not in _TYPES:
            yield view.finding("an unknown type", event, "type", actual=_type(event))


@check(
    "EVT-09",
    MUST,
    cite_rfc9112("6.3"),
    probe="message-stream",
    needs="events",
    kinds="stream",
)
def message_stream_ends_by_itself(view: MessageView) -> Iterator[CheckFinding]:
    """The body of a stream ends by itself, neither cut nor left open."""
    if view.cut_reason:
        yield view.finding("not ended", expected="a complete body", actual=view.cut_reason)


def _is_before_delta(event: JSONNode) -> bool:
    return bool(event.get("type") != "message_delta")


def _type(event: object) -> str:
    return shorten(getattr(event, "value", {}).get("type"))
