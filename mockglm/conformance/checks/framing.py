"""SSE: the framing of a stream, read as a browser reads it, with the defects a browser ignores."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mockglm import sse
from mockglm.conformance.json_path import CheckFinding, decode_json, shorten
from mockglm.conformance.registry import MUST, NOTE, SHOULD, Catalogue
from mockglm.conformance.sources import (
    CHAT,
    JSON,
    NAMED_EVENTS,
    SDK_STREAM,
    STREAM,
    cite_issues,
    cite_whatwg,
)
from mockglm.conformance.view import ExchangeView

CHECKS = Catalogue()
check = CHECKS.check

_SPLICED_SEEN = cite_issues("zai-org/GLM-5#66", "opencode#8431", "anomalyco/opencode#23442")


@check(
    "SSE-01",
    MUST,
    cite_whatwg("parsing-an-event-stream"),
    probe="stream",
    needs="data_events",
    kinds="stream",
)
def stream_is_utf8(view: ExchangeView) -> Iterator[CheckFinding]:
    """A stream is UTF-8 and no character of it is cut."""
    for defect in view.defects("invalid-utf8"):
        yield _at(defect.at, "bytes that are not UTF-8", actual=_line(defect.text))


@check(
    "SSE-02",
    MUST,
    cite_whatwg("parsing-an-event-stream"),
    STREAM,
    probe="stream",
    needs="data_events",
    kinds="stream",
)
def stream_has_no_byte_order_mark(view: ExchangeView) -> Iterator[CheckFinding]:
    """A stream begins without a byte-order mark."""
    for defect in view.defects("bom"):
        yield _at(defect.at, "a byte-order mark", expected="data: …", actual="EF BB BF")


@check(
    "SSE-03",
    MUST,
    cite_whatwg("event-stream-interpretation"),
    probe="stream",
    needs="data_events",
    kinds="stream",
)
def lines_have_known_fields(view: ExchangeView) -> Iterator[CheckFinding]:
    """Every line is a comment or a field named data, event, id or retry."""
    expected = "data:, event:, id:, retry: or a comment"
    for defect in view.defects("unknown-field", "nul-in-id", "bad-retry"):
        yield _at(
            defect.at, "a line without a meaning", expected=expected, actual=_line(defect.text)
        )


@check(
    "SSE-04",
    MUST,
    cite_whatwg("event-stream-interpretation"),
    probe="stream",
    needs="data_events",
    kinds="stream",
)
def events_end_with_blank_lines(view: ExchangeView) -> Iterator[CheckFinding]:
    """Every event has data and ends with a blank line, the last one too."""
    for defect in view.defects("unterminated", "no-data", "empty-data"):
        yield _at(defect.at, f"an event that is {defect.kind}", actual=_line(defect.text))


@check(
    "SSE-05",
    MUST,
    JSON,
    SDK_STREAM,
    _SPLICED_SEEN,
    probe="stream",
    needs="data_events",
    kinds="stream",
)
def events_are_one_json_object(view: ExchangeView) -> Iterator[CheckFinding]:
    """Each event is one JSON object or [DONE]."""
    for number, event in enumerate(view.data_events):
        error = _json_error(event.data)
        if error:
            at = _byte_of(view, event, error[1])
            yield _at(at, f"event {number}: {error[0]}", actual=_line(event.data))


@check(
    "SSE-06", MUST, CHAT, SDK_STREAM, STREAM, probe="stream", needs="data_events", kinds="stream"
)
def done_ends_the_stream(view: ExchangeView) -> Iterator[CheckFinding]:
    """[DONE] ends the stream, once and bare."""
    marks = [event for event in view.events if event.data.startswith("[DONE]")]
    if not marks:
        last = view.events[-1]
        yield _at(last.start, "no [DONE]", expected="data: [DONE]", actual=_line(last.data))
    for mark in marks:
        if mark.data != "[DONE]" or mark.event:
            yield _at(mark.start, "not bare", expected="data: [DONE]", actual=_line(mark.data))
    for event, after in pairwise(view.events):
        if event.data.startswith("[DONE]"):
            yield _at(after.start, "an event after [DONE]", actual=_line(after.data))


@check("SSE-07", SHOULD, SDK_STREAM, STREAM, probe="stream", needs="data_events", kinds="stream")
def chunks_have_no_event_field(view: ExchangeView) -> Iterator[CheckFinding]:
    """Chunks carry no event field."""
    for event in view.data_events:
        if event.event:
            yield _at(event.start, "a named event", expected="no event:", actual=event.event)


@check(
    "SSE-09",
    MUST,
    cite_whatwg("dispatchMessage"),
    NAMED_EVENTS,
    STREAM,
    probe="stream",
    needs="data_events",
    kinds="stream",
)
def chunks_are_messages(view: ExchangeView) -> Iterator[CheckFinding]:
    """Chunks are events of the type message: of another type no onmessage gets."""
    for event in view.data_events:
        if event.event not in ("", "message"):
            yield _at(event.start, "another type", expected="message", actual=event.event)


@check(
    "SSE-08",
    NOTE,
    cite_whatwg("authoring-notes"),
    probe="stream",
    needs="data_events",
    kinds="stream",
)
def no_comments_are_sent(view: ExchangeView) -> Iterator[CheckFinding]:
    """No comments are sent to keep the connection alive."""
    comments = view.comments
    if comments:
        at, text = comments[0]
        yield _at(at, f"{len(comments)} comment(s)", expected="none", actual=f":{_line(text)}")


def _at(
    at: int, message: str, *, expected: str | None = None, actual: str | None = None
) -> CheckFinding:
    return CheckFinding(message, at=at, expected=expected, actual=actual)


def _line(text: str) -> str:
    return shorten(text)


def _json_error(data: str) -> tuple[str, int] | None:
    """The error in the data of an event, and the character it stands at."""
    try:
        value = decode_json(data)
    except ValueError as error:
        second = data.find("data:")
        if second >= 0:
            return 'a second "data:" inside the line: two frames were spliced', second
        return str(error), getattr(error, "pos", 0)
    return None if isinstance(value, dict) else ("not a JSON object", 0)


def _byte_of(view: ExchangeView, event: sse.Event, character: int) -> int:
    """The byte of a character of an event's data, which is one line as a rule."""
    start = view.body.find(b"data:", event.start, event.end) + len(b"data:")
    start += view.body[start : start + 1] == b" "
    return min(start + len(event.data[:character].encode(errors="replace")), event.end - 1)
