"""The strict reader of server-sent events: WHATWG's cases, cut anywhere; defects and offsets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mockglm import sse
from mockglm.sse import Defect, Event, Reader

# After the web-platform-tests of eventsource, format-*: the body, and what a browser dispatches
# as (type, data, last event id). A type of "" is one that was not named.
CASES: dict[str, tuple[bytes, list[tuple[str, str, str | None]]]] = {
    "bom": (
        b"\xef\xbb\xbfdata:1\n\n\xef\xbb\xbfdata:2\n\ndata:3\n\n",
        [("", "1", None), ("", "3", None)],
    ),
    "bom-2": (
        b"\xef\xbb\xbf\xef\xbb\xbfdata:1\n\ndata:2\n\ndata:3\n\n",
        [("", "2", None), ("", "3", None)],
    ),
    "comments": (
        b"data:1\r:\0\n:\r\ndata:2\n:"
        + b"x" * 48
        + b"\rdata:3\n:data:fail\r:"
        + b"x" * 48
        + b"\ndata:4\n\n",
        [("", "1\n2\n3\n4", None)],
    ),
    "data-before-final-empty-line": (
        b"retry:1000\ndata:test1\n\nid:test\ndata:test2",
        [("", "test1", None)],
    ),
    "field-data": (
        b"data:\n\ndata\ndata\n\ndata:test\n\n",
        [("", "", None), ("", "\n", None), ("", "test", None)],
    ),
    "field-event": (b"event:test\ndata:x\n\ndata:x\n\n", [("test", "x", None), ("", "x", None)]),
    "field-event-empty": (b"event: \ndata:data\n\n", [("", "data", None)]),
    "field-id": (
        b"id:1\ndata:a\n\ndata:b\n\nid\ndata:c\n\n",
        [("", "a", "1"), ("", "b", "1"), ("", "c", "")],
    ),
    "field-id-of-an-empty-block": (b"id:7\n\ndata:a\n\n", [("", "a", "7")]),
    "field-id-null": (
        b"id:\0\0\ndata:x\n\nid:a\0b\ndata:y\n\n",
        [("", "x", None), ("", "y", None)],
    ),
    "field-parsing": (
        b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n"
        b" data:32\ndata:4\n\n",
        [("", "\0\n 2\n1\n3\n\n4", None)],
    ),
    "field-retry": (b"retry:03000\ndata:x\n\n", [("", "x", None)]),
    "field-retry-bogus": (b"retry:3000\nretry:1000x\ndata:x\n\n", [("", "x", None)]),
    "field-retry-empty": (b"retry\ndata:test\n\n", [("", "test", None)]),
    "field-unknown": (
        b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\n\n",
        [("", "test\n", None)],
    ),
    "leading-space": (b"data:\ttest\rdata: \ndata:test\n\n", [("", "\ttest\n\ntest", None)]),
    "newlines": (b"data:test\r\ndata\ndata:test\r\n\r", [("", "test\n\ntest", None)]),
    "null-character": (b"data:\0\n\n\n\n", [("", "\0", None)]),
    "utf-8": ("data:ok…\n\n".encode(), [("", "ok…", None)]),
    "line-ends-are-three": (
        "data: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\n\n".encode(),
        [("", "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg", None)],
    ),
    "nothing": (b"", []),
    "only-comments": (b": one\n\n: two\n\n", []),
    "only-blank-lines": (b"\n\r\r\n\n", []),
    "event-without-data": (b"event: ping\n\ndata: x\n\n", [("", "x", None)]),
    "unterminated": (b"data: x\n\ndata: y\n", [("", "x", None)]),
    "crlf": (b"data: x\r\n\r\ndata: y\r\n\r\n", [("", "x", None), ("", "y", None)]),
    "cr": (b"data: x\r\rdata: y\r\r", [("", "x", None), ("", "y", None)]),
    "invalid-utf-8": (b"data: a\xffb\xe4\xbd\n\n", [("", "a\ufffdb\ufffd", None)]),
}


def _cut(body: bytes, *places: int) -> tuple[list[Event], list[Defect], list[tuple[int, str]]]:
    reader = Reader()
    events: list[Event] = []
    bounds = (0, *places, len(body))
    for start, end in pairwise(bounds):
        events += reader.feed(body[start:end])
    return events, reader.close(), reader.comments


@pytest.mark.parametrize("name", CASES)
def test_a_body_is_read_as_a_browser_reads_it(name: str) -> None:
    body, expected = CASES[name]
    events, _ = sse.read(body)
    assert [(event.event, event.data, event.id) for event in events] == expected


@pytest.mark.parametrize("name", CASES)
def test_a_body_reads_the_same_wherever_it_is_cut(name: str) -> None:
    body, _ = CASES[name]
    whole, defects, comments = _cut(body)
    for place in range(len(body) + 1):
        events, found, said = _cut(body, place)
        assert (found, said) == (defects, comments)
        if body[place - 1 : place + 1] == b"\r\n":
            assert [replace(e, end=0) for e in events] == [replace(e, end=0) for e in whole]
        else:
            assert events == whole


@pytest.mark.parametrize("name", CASES)
def test_a_body_reads_the_same_byte_by_byte(name: str) -> None:
    body, expected = CASES[name]
    events, defects, comments = _cut(body, *range(1, len(body)))
    assert [(event.event, event.data, event.id) for event in events] == expected
    assert (defects, comments) == _cut(body)[1:]


@given(
    st.lists(st.sampled_from([b"data", b":", b" ", b"x", b"\r", b"\n", b"\xe4", b"\0"])), st.data()
)
def test_any_bytes_read_the_same_in_any_three_pieces(
    parts: list[bytes], data: st.DataObject
) -> None:
    body = b"".join(parts)
    place = st.integers(0, len(body))
    places = sorted((data.draw(place), data.draw(place)))
    events, defects, comments = _cut(body, *places)
    whole, *rest = _cut(body)
    assert [replace(event, end=0) for event in events] == [replace(event, end=0) for event in whole]
    assert [defects, comments] == rest


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1)))
def test_framed_data_is_parsed_without_a_defect(texts: list[str]) -> None:
    frames = [sse.frame(text.encode()) for text in texts]
    events, defects = sse.read(b"".join(frames))
    assert [event.data for event in events] == texts
    assert defects == ()


def test_a_frame_is_one_data_line_and_a_blank_one() -> None:
    assert sse.frame(b'{"id":"1"}') == b'data: {"id":"1"}\n\n'


def test_offsets_enclose_an_event_and_its_blank_line() -> None:
    body = b": hi\n\ndata: 1\n\n\ndata: 2\r\nid: x\r\n\r\ndata: 3\n\n"
    events, _ = sse.read(body)
    assert [body[event.start : event.end] for event in events] == [
        b"data: 1\n\n",
        b"data: 2\r\nid: x\r\n\r\n",
        b"data: 3\n\n",
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\xef\xbb\xbfdata: x\n\n", [Defect("bom", 0)]),
        (b"\xef\xbb\xbf", [Defect("bom", 0)]),
        (
            b"data: x\n\n\xef\xbb\xbfdata: y\n\n",
            [Defect("unknown-field", 9, "\ufeffdata"), Defect("no-data", 9)],
        ),
        (b"data: a\xffb\n\n", [Defect("invalid-utf8", 7, "data: a\ufffdb")]),
        (
            b"\xef\xbb\xbfdata: \xff\n\n",
            [Defect("bom", 0), Defect("invalid-utf8", 9, "data: \ufffd")],
        ),
        (b"data: 1\nDATA: 2\n\n", [Defect("unknown-field", 8, "DATA")]),
        (b"data: 1\ndata : 2\n\n", [Defect("unknown-field", 8, "data ")]),
        (b"id: a\0b\ndata: 1\n\n", [Defect("nul-in-id", 0, "a\0b")]),
        (b"retry: 1s\ndata: 1\n\n", [Defect("bad-retry", 0, "1s")]),
        ("retry: ١\ndata: 1\n\n".encode(), [Defect("bad-retry", 0, "١")]),
        (b"event: ping\n\n", [Defect("no-data", 0)]),
        (b"data: 1\n\ndata: \n\n", [Defect("empty-data", 9)]),
        (b"data: 1\n\ndata: 2\n", [Defect("unterminated", 9)]),
        (b"data: 1\n\ndata: 2", [Defect("unterminated", 9, "data: 2")]),
        (b"data: 1\ndata: 2", [Defect("unterminated", 0, "data: 2")]),
        (
            b"data: 1\n\ndata: \xe4\xbd",
            [Defect("invalid-utf8", 15, "data: \ufffd"), Defect("unterminated", 9, "data: \ufffd")],
        ),
        (b"data: 1\n\n: keep-al", [Defect("unterminated", 9, ": keep-al")]),
        (b": keep-alive\n\nretry: 10\ndata: 1\n\n", []),
    ],
)
def test_deviations_that_browsers_hide_are_defects(body: bytes, expected: list[Defect]) -> None:
    assert list(sse.read(body)[1]) == expected


def test_a_glued_frame_is_one_event_of_both() -> None:
    """zai-org/GLM-5#66: a frame cut in the middle of a field, the next one behind it."""
    events, defects = sse.read(b'data: {"id":"2026051004data: {"id":"2026"}\n\n')
    assert [event.data for event in events] == ['{"id":"2026051004data: {"id":"2026"}']
    assert defects == ()


def test_comments_are_kept_with_their_places() -> None:
    reader = Reader()
    reader.feed(b"data: 1\n\n: ping\n\n:\n")
    assert reader.comments == [(9, " ping"), (17, "")]


def test_an_event_is_there_as_soon_as_its_blank_line_is() -> None:
    reader = Reader()
    assert reader.feed(b"data: 1\r\n") == []
    assert [event.data for event in reader.feed(b"\r")] == ["1"]
    assert reader.feed(b"\ndata: 2\n") == []
    assert reader.feed(b"\n") == [Event("2", "", None, 11, 20)]


def test_closing_twice_notes_nothing_twice() -> None:
    reader = Reader()
    reader.feed(b"data: 1")
    assert reader.close() == reader.close() == [Defect("unterminated", 0, "data: 1")]


def test_a_long_line_in_small_pieces_is_joined_once() -> None:
    """Joining it again for every piece would take minutes: 4 MB in pieces of 64 bytes."""
    reader = Reader()
    reader.feed(b"data:")
    for _ in range(2**16):
        assert reader.feed(b"x" * 64) == []
    (event,) = reader.feed(b"\n\n")
    assert (len(event.data), event.end) == (2**22, 2**22 + 7)
