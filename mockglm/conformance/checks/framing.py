"""SSE: how a stream is framed, read as a browser reads it and keeping what a browser drops."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mockglm import sse
from mockglm.conformance.catalogue import MUST, NOTE, SHOULD, Catalogue
from mockglm.conformance.parts import Finding, brief, decode
from mockglm.conformance.seen import Seen
from mockglm.conformance.sources import CHAT, JSON, SDK_STREAM, STREAM, issue, whatwg

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_GLUED = issue("zai-org/GLM-5#66", "opencode#8431", "anomalyco/opencode#23442")


@check("SSE-01", MUST, whatwg("parsing-an-event-stream"), probe="stream", needs="data", on="stream")
def encoding(seen: Seen) -> Iterator[Finding]:
    """A stream is UTF-8 and no character of it is cut."""
    for defect in seen.defects("invalid-utf8"):
        yield _at(defect.at, "bytes that are no UTF-8", actual=_line(defect.text))


@check(
    "SSE-02",
    MUST,
    whatwg("parsing-an-event-stream"),
    STREAM,
    probe="stream",
    needs="data",
    on="stream",
)
def byte_order_mark(seen: Seen) -> Iterator[Finding]:
    """A stream opens without a byte-order mark."""
    for defect in seen.defects("bom"):
        yield _at(defect.at, "a byte-order mark", expected="data: …", actual="EF BB BF")


@check(
    "SSE-03",
    MUST,
    whatwg("event-stream-interpretation"),
    probe="stream",
    needs="data",
    on="stream",
)
def fields(seen: Seen) -> Iterator[Finding]:
    """Every line is a comment or a field named data, event, id or retry."""
    expected = "data:, event:, id:, retry: or a comment"
    for defect in seen.defects("unknown-field", "nul-in-id", "bad-retry"):
        yield _at(defect.at, "a line of no meaning", expected=expected, actual=_line(defect.text))


@check(
    "SSE-04",
    MUST,
    whatwg("event-stream-interpretation"),
    probe="stream",
    needs="data",
    on="stream",
)
def blank_lines(seen: Seen) -> Iterator[Finding]:
    """Every event has data and ends with a blank line, the last one too."""
    for defect in seen.defects("unterminated", "no-data", "empty-data"):
        yield _at(defect.at, f"an event that is {defect.kind}", actual=_line(defect.text))


@check("SSE-05", MUST, JSON, SDK_STREAM, _GLUED, probe="stream", needs="data", on="stream")
def one_object(seen: Seen) -> Iterator[Finding]:
    """Each event is one JSON object or [DONE]."""
    for number, event in enumerate(seen.data):
        wrong = _no_object(event.data)
        if wrong:
            at = _place(seen, event, wrong[1])
            yield _at(at, f"event {number}: {wrong[0]}", actual=_line(event.data))


@check("SSE-06", MUST, CHAT, SDK_STREAM, STREAM, probe="stream", needs="data", on="stream")
def done(seen: Seen) -> Iterator[Finding]:
    """[DONE] ends the stream, once and bare."""
    marks = [event for event in seen.events if event.data.startswith("[DONE]")]
    if not marks:
        last = seen.events[-1]
        yield _at(last.start, "no [DONE]", expected="data: [DONE]", actual=_line(last.data))
    for mark in marks:
        if mark.data != "[DONE]" or mark.event:
            yield _at(mark.start, "not bare", expected="data: [DONE]", actual=_line(mark.data))
    for event, after in pairwise(seen.events):
        if event in marks:
            yield _at(after.start, "an event after [DONE]", actual=_line(after.data))


@check("SSE-07", SHOULD, SDK_STREAM, STREAM, probe="stream", needs="data", on="stream")
def unnamed(seen: Seen) -> Iterator[Finding]:
    """Chunks carry no event field."""
    for event in seen.data:
        if event.event:
            yield _at(event.start, "a named event", expected="no event:", actual=event.event)


@check("SSE-08", NOTE, whatwg("authoring-notes"), probe="stream", needs="data", on="stream")
def keep_alive(seen: Seen) -> Iterator[Finding]:
    """No comments are sent to keep the connection alive."""
    comments = seen.reading[1].comments
    if comments:
        at, text = comments[0]
        yield _at(at, f"{len(comments)} comment(s)", expected="none", actual=f":{_line(text)}")


def _at(
    at: int, message: str, *, expected: str | None = None, actual: str | None = None
) -> Finding:
    return Finding(message, at=at, expected=expected, actual=actual)


def _line(text: str) -> str:
    return brief(text, 120)


def _no_object(data: str) -> tuple[str, int] | None:
    """What is wrong with the data of an event, and the character it is wrong at."""
    try:
        value = decode(data)
    except ValueError as error:
        glued = data.find("data:")
        if glued >= 0:
            return 'a second "data:" inside the line: two frames were spliced', glued
        return str(error), getattr(error, "pos", 0)
    return None if isinstance(value, dict) else ("no JSON object", 0)


def _place(seen: Seen, event: sse.Event, character: int) -> int:
    """The byte of a character of an event's data, which is in one line as a rule."""
    start = seen.body.find(b"data:", event.start, event.end) + len(b"data:")
    start += seen.body[start : start + 1] == b" "
    return min(start + len(event.data[:character].encode(errors="replace")), event.end - 1)
