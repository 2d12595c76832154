"""Frames and edits: what is not named stays as it was, at its time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.exchange import Response
from mockglm.faults.frames import (
    Document,
    Edit,
    Frame,
    apply_edits,
    documents,
    split_chunks,
    split_frames,
)
from tests.faults.answers import DONE, STREAM_HEADERS, WORDS, A, stream

FRAMES: tuple[tuple[bytes, list[Frame]], ...] = (
    (b"", []),
    (b"data: 1\n\n", [Frame(0, 9, 6, 7)]),
    (b"data:1\n\ndata: 22\n\n", [Frame(0, 8, 5, 6), Frame(8, 18, 14, 16)]),
    (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [Frame(0, 11, 6, 7), Frame(11, 22, 17, 18)]),
    (b"data: 1\r\rdata: 2\r\r", [Frame(0, 9, 6, 7), Frame(9, 18, 15, 16)]),
    (b"data: 1\r\ndata: 2\r\n\r\n", [Frame(0, 20, 0, 0)]),
    (b"data: data:\n\n", [Frame(0, 13, 6, 11)]),
    (b"data: 1\n: hm\n\n", [Frame(0, 14, 6, 7)]),
    (b"data", [Frame(0, 4, 0, 0)]),
    (b"data: 1\n\n\n\ndata: 2", [Frame(0, 11, 6, 7), Frame(11, 18, 17, 18)]),
    (b": hm\n\n", [Frame(0, 6, 0, 0)]),
    (b"data: 1\ndata: 2\n\n", [Frame(0, 17, 0, 0)]),
    (b"event: e\ndata: 1\n\n", [Frame(0, 18, 15, 16)]),
    (b"\xef\xbb\xbfdata: 1\n\n", [Frame(0, 12, 9, 10)]),
)


@pytest.mark.parametrize(("body", "found"), FRAMES)
def test_a_body_is_cut_into_frames(body: bytes, found: list[Frame]) -> None:
    assert split_frames(body) == found


def test_frames_that_are_no_json_object_are_skipped() -> None:
    answer = stream(b"data: {\n\n", b'data: {"a":"\xff"}\n\n', b"data: [1]\n\n", A, DONE)
    assert [found.value["id"] for found in documents(answer)] == ["20260101ab"]


def test_a_json_answer_is_one_document() -> None:
    (document,) = documents(WORDS, 5)
    assert document.frame == Frame(0, len(WORDS.body), 0, len(WORDS.body))
    assert isinstance(document, Document)


def test_a_json_answer_that_is_broken_has_none() -> None:
    assert documents(Response(200, (), ((0.0, b"{" * 100_000),))) == []


PIECES = ((0.0, b"abc"), (1.0, b"def"), (2.0, b""), (3.0, b"ghi"))

EDITS: tuple[tuple[list[Edit], tuple[tuple[float, bytes], ...]], ...] = (
    ([Edit(4, 5, b"E")], ((0.0, b"abc"), (1.0, b"dEf"), (2.0, b""), (3.0, b"ghi"))),
    ([Edit(0, 0, b"<")], ((0.0, b"<abc"), (1.0, b"def"), (2.0, b""), (3.0, b"ghi"))),
    ([Edit(3, 3, b"-")], ((0.0, b"abc"), (1.0, b"-def"), (2.0, b""), (3.0, b"ghi"))),
    ([Edit(9, 9, b">")], (*PIECES, (3.0, b">"))),
    ([Edit(3, 6, b"")], ((0.0, b"abc"), (2.0, b""), (3.0, b"ghi"))),
    ([Edit(2, 8, b"X")], ((0.0, b"ab"), (2.0, b""), (3.0, b"Xi"))),
    ([Edit(2, 3, b"C"), Edit(3, 4, b"D")], ((0.0, b"abC"), (1.0, b"Def"), *PIECES[2:])),
    ([Edit(3, 4, b"D"), Edit(1, 1, b"_")], ((0.0, b"a_bc"), (1.0, b"Def"), *PIECES[2:])),
    ([], PIECES),
)


@pytest.mark.parametrize(("edits", "pieces"), EDITS)
def test_new_bytes_come_when_the_old_were_due(
    edits: list[Edit], pieces: tuple[tuple[float, bytes], ...]
) -> None:
    assert apply_edits(Response(200, (), PIECES), edits).chunks == pieces


def test_bytes_can_be_put_into_an_empty_body() -> None:
    empty = Response(200, (), (), head=2.0)
    assert apply_edits(empty, [Edit(0, 0, b"x")]).chunks == ((2.0, b"x"),)


@st.composite
def pieced(draw: st.DrawFn) -> Response:
    """A body of few letters in random pieces at random times."""
    body = draw(st.binary(min_size=1, max_size=40))
    cuts = sorted(draw(st.sets(st.integers(1, 39), max_size=8)))
    bounds = [0, *(cut for cut in cuts if cut < len(body)), len(body)]
    return Response(
        200,
        STREAM_HEADERS,
        tuple((float(low), body[low:high]) for low, high in pairwise(bounds)),
    )


@given(pieced(), st.data())
def test_edits_change_only_their_frames(answer: Response, data: st.DataObject) -> None:
    size = len(answer.body)
    marks = sorted(data.draw(st.lists(st.integers(0, size), min_size=2, max_size=6)))
    edits = [Edit(low, high, b"<>") for low, high in zip(marks[::2], marks[1::2], strict=False)]
    body, cursor = b"", 0
    for edit in edits:
        body += answer.body[cursor : edit.start] + edit.data
        cursor = edit.end
    changed = apply_edits(answer, edits)
    assert changed.body == body + answer.body[cursor:]
    times = [at for at, _ in changed.chunks]
    assert times == sorted(times)
    first = edits[0].start
    assert split_chunks(changed.chunks, first)[0] == split_chunks(answer.chunks, first)[0]


@given(pieced(), st.integers(0, 40))
def test_parted_pieces_make_the_whole(answer: Response, start: int) -> None:
    before, after = split_chunks(answer.chunks, start)
    assert b"".join(piece for _, piece in before) == answer.body[:start]
    assert b"".join(piece for _, piece in after) == answer.body[start:]
