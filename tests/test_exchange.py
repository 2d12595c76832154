"""The three values: what an Answer says of itself, and Frames that are made when asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.exchange import Frames, Request, Response, count_tokens

TIMETABLE = ((0.0, 0, 2), (0.5, 2, 3), (1.0, 3, 4))
TAILS = (b"1}\n\n", b"2}\n\n", b"3}\n\n")
DONE = b"data: [DONE]\n\n"
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


def test_frames_share_one_opening_in_memory() -> None:
    assert Response(200, (), FRAMES).memory_size == len(b"data: {") + sum(map(len, TAILS))
    assert Response(200, (), PIECES).memory_size == sum(len(piece) for _, piece in PIECES)
    assert Response(200, (), FRAMES).body == Response(200, (), PIECES).body


@pytest.mark.parametrize(("name", "value"), [("vary", "a"), ("x-log-id", "1"), ("date", "none")])
def test_a_header_is_the_first_of_its_name(name: str, value: str) -> None:
    headers = (("vary", "a"), ("vary", "b"), ("x-log-id", "1"))
    assert Request("GET", "/", headers=headers).header(name, "none") == value
    titles = tuple((key.title(), text) for key, text in headers)
    assert Response(200, titles, ()).header(name, "none") == value


text = st.text(st.characters(codec="utf-8"), max_size=200)


@pytest.mark.parametrize(
    ("words", "tokens"),
    [
        ("", 0),
        ("a", 1),
        ("abcd", 1),
        ("abcde", 2),
        ("你", 1),
        ("你好世界", 2),
        ("一" * 160, 100),
        ("一" * 80 + "abcd" * 10, 60),
        ("\U0001f600", 1),
        ("\x7f", 1),
        ("é", 1),
    ],
)
def test_four_latin_or_1_6_other_characters_are_a_token(words: str, tokens: int) -> None:
    assert count_tokens(words) == tokens


@given(text)
def test_a_text_has_a_token_and_at_most_one_a_character(words: str) -> None:
    assert (count_tokens(words) == 0) == (words == "")
    assert count_tokens(words) <= len(words)


@given(text, text)
def test_two_texts_together_count_about_as_much(one: str, other: str) -> None:
    assert abs(count_tokens(one + other) - count_tokens(one) - count_tokens(other)) <= 2


@given(st.text(st.sampled_from("a你"), min_size=60, max_size=70))
def test_short_and_long_texts_are_counted_alike(words: str) -> None:
    wide = words.count("你")
    expected = (len(words) - wide) / 4 + wide / 1.6
    assert abs(count_tokens(words) - expected) <= 1


def test_a_stream_at_once_is_known_without_being_joined() -> None:
    frames = Frames(b"data: ", (b"1\n\n", b"2\n\n"), ending=DONE, schedule=((0.0, 0, 3),))
    response = Response(200, (("Content-Type", "text/event-stream"),), frames)
    body = b"data: 1\n\ndata: 2\n\n" + DONE
    assert (response.body, response.size, frames.events) == (body, len(body), body.count(b"\n\n"))
    assert (len(frames), frames.last) == (1, 0.0)
    assert frames.memory_size < len(body)
