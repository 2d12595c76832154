"""Places as they are written, and where they are in an answer."""

from __future__ import annotations

import pytest

from mockglm.faults.position import FIRST, Offset, Position, locate
from tests.faults.answers import DONE, STOP, TOOLS, WORDS, A, B, R, T, stream

WRITTEN = (
    ("3 frames", Position("frames", 3), "3 frames"),
    ("1 frame", Position("frames", 1), "1 frames"),
    ("0-frames", Position("frames", 0), "0 frames"),
    ("40 bytes", Position("bytes", 40), "40 bytes"),
    ("1-byte", Position("bytes", 1), "1 bytes"),
    ("2 s", Position("s", 2), "2 s"),
    ("0.25s", Position("s", 0.25), "0.25 s"),
    ("headers", Position("headers"), "headers"),
    ("tool_call", Position("tool_call"), "tool_call"),
)


@pytest.mark.parametrize(("written", "place", "shown"), WRITTEN)
def test_a_place_is_read_and_shown(written: str, place: Position, shown: str) -> None:
    assert Position.read(written) == place
    assert str(place) == shown


@pytest.mark.parametrize("written", ["3", "frames", "1.5 frames", "-1 s", "later", 3, None, ""])
def test_an_invalid_position_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="is no"):
        Position.read(written)


FOUND = (
    (Position("frames", 0), Offset(0)),
    (Position("frames", 2), Offset(len(R + A))),
    (Position("frames", 6), Offset(len(TOOLS.body))),
    (Position("frames", 7), None),
    (Position("bytes", 5), Offset(5)),
    (Position("bytes", len(TOOLS.body)), Offset(len(TOOLS.body))),
    (Position("bytes", len(TOOLS.body) + 1), None),
    (Position("s", 1), Offset(len(R + A), time=1)),
    (Position("s", 0.5), Offset(len(R), time=0.5)),
    (Position("headers"), Offset(0, before_head=True)),
    (Position("content"), Offset(len(R))),
    (Position("tool_call"), Offset(len(R + A))),
    (Position("finish"), Offset(len(TOOLS.body) - len(DONE) - len(TOOLS.chunks[4][1]))),
    (Position("done"), Offset(len(TOOLS.body) - len(DONE))),
    (FIRST, Offset(len(R))),
)


@pytest.mark.parametrize(("place", "spot"), FOUND)
def test_a_place_is_found_in_a_stream(place: Position | None, spot: Offset | None) -> None:
    assert locate(TOOLS, place) == spot


@pytest.mark.parametrize("unit", ["content", "tool_call", "finish", "done"])
def test_a_stream_may_lack_a_place(unit: str) -> None:
    assert locate(stream(R), Position.read(unit)) is None


@pytest.mark.parametrize("written", ["1 frames", "content", "finish", "done"])
def test_a_json_answer_has_no_frames(written: str) -> None:
    assert locate(WORDS, Position.read(written)) is None


def test_the_middle_of_a_json_answer_is_its_first_place() -> None:
    assert locate(WORDS, FIRST) == Offset(len(WORDS.body) // 2)


def test_a_frame_that_is_no_json_still_counts() -> None:
    broken = stream(b"data: {\n\n", b": hm\n\n", B, STOP)
    assert locate(broken, Position("frames", 2)) == Offset(len(b"data: {\n\n: hm\n\n"))
    assert locate(broken, Position("content")) == Offset(len(b"data: {\n\n: hm\n\n"))


def test_a_frame_in_several_pieces_is_one() -> None:
    assert locate(stream(T[:9], T[9:], DONE), Position("frames", 1)) == Offset(len(T))
