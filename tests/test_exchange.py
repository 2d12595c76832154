"""The three values: what an Answer says of itself, and Frames that are made when asked for."""

from __future__ import annotations

import pytest

from mockglm.exchange import Frames, Request, Response

TIMETABLE = ((0.0, 0, 2), (0.5, 2, 3), (1.0, 3, 4))
TAILS = (b"1}\n\n", b"2}\n\n", b"3}\n\n")
FRAMES = Frames(b"data: {", TAILS, ending=b"data: [DONE]\n\n", schedule=TIMETABLE)
PIECES = (
    (0.0, b"data: {1}\n\ndata: {2}\n\n"),
    (0.5, b"data: {3}\n\n"),
    (1.0, b"data: [DONE]\n\n"),
)


def test_frames_are_the_pieces_they_stand_for() -> None:
    assert tuple(FRAMES) == PIECES
    assert FRAMES == PIECES
    assert hash(FRAMES) == hash(PIECES)
    assert len(FRAMES) == 3
    assert FRAMES[-1] == PIECES[-1]
    assert FRAMES[1:] == PIECES[1:]
    assert PIECES[1:] != FRAMES
    assert FRAMES != 3


def test_the_ending_goes_with_the_frame_it_is_due_with() -> None:
    frames = Frames(b"data: ", (b"1\n\n",), ending=b"data: [DONE]\n\n", schedule=((0.1, 0, 2),))
    assert tuple(frames) == ((0.1, b"data: 1\n\ndata: [DONE]\n\n"),)


def test_an_answer_keeps_its_opening_once_and_what_follows_it() -> None:
    assert Response(200, (), FRAMES).memory_size == len(b"data: {") + sum(map(len, TAILS))
    assert Response(200, (), PIECES).memory_size == sum(len(piece) for _, piece in PIECES)
    assert Response(200, (), FRAMES).body == Response(200, (), PIECES).body


@pytest.mark.parametrize(("name", "value"), [("vary", "a"), ("x-log-id", "1"), ("date", "none")])
def test_a_header_is_the_first_of_its_name(name: str, value: str) -> None:
    headers = (("vary", "a"), ("vary", "b"), ("x-log-id", "1"))
    assert Request("GET", "/", headers=headers).header(name, "none") == value
    titles = tuple((key.title(), text) for key, text in headers)
    assert Response(200, titles, ()).header(name, "none") == value
