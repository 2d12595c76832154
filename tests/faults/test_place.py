"""Places as they are written, and where they are in an answer."""

from __future__ import annotations

import pytest

from mockglm.faults.place import FIRST, Place, Spot, find
from tests.faults.answers import DONE, STOP, TOOLS, WORDS, A, B, R, T, stream

WRITTEN = (
    ("3 frames", Place("frames", 3), "3 frames"),
    ("1 frame", Place("frames", 1), "1 frames"),
    ("0-frames", Place("frames", 0), "0 frames"),
    ("40 bytes", Place("bytes", 40), "40 bytes"),
    ("1-byte", Place("bytes", 1), "1 bytes"),
    ("2 s", Place("s", 2), "2 s"),
    ("0.25s", Place("s", 0.25), "0.25 s"),
    ("headers", Place("headers"), "headers"),
    ("tool_call", Place("tool_call"), "tool_call"),
)


@pytest.mark.parametrize(("written", "place", "shown"), WRITTEN)
def test_a_place_is_read_and_shown(written: str, place: Place, shown: str) -> None:
    assert Place.read(written) == place
    assert str(place) == shown


@pytest.mark.parametrize("written", ["3", "frames", "1.5 frames", "-1 s", "later", 3, None, ""])
def test_what_is_no_place_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="is no"):
        Place.read(written)


FOUND = (
    (Place("frames", 0), Spot(0)),
    (Place("frames", 2), Spot(len(R + A))),
    (Place("frames", 6), Spot(len(TOOLS.body))),
    (Place("frames", 7), None),
    (Place("bytes", 5), Spot(5)),
    (Place("bytes", len(TOOLS.body)), Spot(len(TOOLS.body))),
    (Place("bytes", len(TOOLS.body) + 1), None),
    (Place("s", 1), Spot(len(R + A), time=1)),
    (Place("s", 0.5), Spot(len(R), time=0.5)),
    (Place("headers"), Spot(0, before_head=True)),
    (Place("content"), Spot(len(R))),
    (Place("tool_call"), Spot(len(R + A))),
    (Place("finish"), Spot(len(TOOLS.body) - len(DONE) - len(TOOLS.pieces[4][1]))),
    (Place("done"), Spot(len(TOOLS.body) - len(DONE))),
    (FIRST, Spot(len(R))),
)


@pytest.mark.parametrize(("place", "spot"), FOUND)
def test_a_place_is_found_in_a_stream(place: Place | None, spot: Spot | None) -> None:
    assert find(TOOLS, place) == spot


@pytest.mark.parametrize("unit", ["content", "tool_call", "finish", "done"])
def test_a_stream_may_lack_a_place(unit: str) -> None:
    assert find(stream(R), Place.read(unit)) is None


@pytest.mark.parametrize("written", ["1 frames", "content", "finish", "done"])
def test_a_json_answer_has_no_frames(written: str) -> None:
    assert find(WORDS, Place.read(written)) is None


def test_the_middle_of_a_json_answer_is_its_first_place() -> None:
    assert find(WORDS, FIRST) == Spot(len(WORDS.body) // 2)


def test_a_frame_that_is_no_json_still_counts() -> None:
    broken = stream(b"data: {\n\n", b": hm\n\n", B, STOP)
    assert find(broken, Place("frames", 2)) == Spot(len(b"data: {\n\n: hm\n\n"))
    assert find(broken, Place("content")) == Spot(len(b"data: {\n\n: hm\n\n"))


def test_a_frame_in_several_pieces_is_one() -> None:
    assert find(stream(T[:9], T[9:], DONE), Place("frames", 1)) == Spot(len(T))
