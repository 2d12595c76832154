"""How and when the bytes come, and how they end, under faults of the connection."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from mockglm.errors import FaultError
from mockglm.exchange import End, Response
from mockglm.faults import apply, parse
from tests.faults.answers import DONE, ERROR, STOP, TALK, TOOLS, WORDS, A, B, R, stream

Pieces = Sequence[tuple[float, bytes]]
KEPT: Pieces = ((0.0, R), (1.0, A))
HALF = len(WORDS.body) // 2

CUTS: tuple[tuple[str, Response, Pieces], ...] = (
    ("", TALK, ((0.0, R),)),
    (".0-frames", TALK, ()),
    (".2-frames", TALK, KEPT),
    (".content", TALK, ((0.0, R),)),
    (".tool_call", TOOLS, KEPT),
    (".finish", TALK, (*KEPT, (2.0, B))),
    (".done", TALK, (*KEPT, (2.0, B), (3.0, STOP))),
    (".5-frames", TALK, TALK.chunks),
    (".7-bytes", TALK, ((0.0, R[:7]),)),
    (".1.5-s", TALK, (*KEPT, (1.5, b""))),
    (".9-s", TALK, (*TALK.chunks, (9.0, b""))),
    (".2-frames.for-30s", TALK, (*KEPT, (31.0, b""))),
    ("", WORDS, ((1.0, WORDS.body[:HALF]),)),
    (".10-bytes", WORDS, ((1.0, WORDS.body[:10]),)),
    (".0-bytes", ERROR, ()),
)


@pytest.mark.parametrize(("place", "answer", "pieces"), CUTS)
@pytest.mark.parametrize(("name", "end"), [("reset", "reset"), ("close", "close")])
def test_bytes_up_to_the_position_arrive_before_the_connection_ends(
    name: str, end: End, place: str, answer: Response, pieces: Pieces
) -> None:
    written = place.replace(".1.5-s", "")
    spec = {"do": name, "at": "1.5 s"} if written != place else name + place
    assert apply(answer, parse(spec)) == replace(answer, chunks=pieces, end=end)


def test_a_reset_before_the_headers_sends_none() -> None:
    answer = apply(TALK, parse("reset.headers"))
    assert (answer.head, answer.chunks, answer.end) == (None, (), "reset")


def test_a_reset_before_the_headers_can_wait() -> None:
    answer = apply(TALK, parse("reset.headers.for-2s"))
    assert (answer.head, answer.chunks) == (None, ((2.0, b""),))


@pytest.mark.parametrize("name", ["reset", "close", "stall", "drip", "short", "bad-chunk-size"])
def test_a_fault_of_the_wire_comes_with_connection_close(name: str) -> None:
    answer = apply(TALK, parse(f"{name}.connection-close"))
    assert answer.headers[-1] == ("Connection", "close")
    assert apply(TALK, parse(name)).header("connection") == ""


def test_a_stall_lasts_until_the_client_leaves() -> None:
    assert apply(TALK, parse("stall.2-frames")) == replace(TALK, chunks=KEPT, end="hang")


def test_a_stall_before_the_headers_sends_nothing() -> None:
    assert apply(TALK, parse("stall.headers")) == replace(TALK, chunks=(), head=None, end="hang")


def test_a_stall_that_ends_moves_all_that_is_left() -> None:
    pieces = (*KEPT, (32.0, B), (33.0, STOP), (34.0, DONE))
    assert apply(TALK, parse("stall.2-frames.for-30s")) == replace(TALK, chunks=pieces)


def test_a_stall_before_the_headers_that_ends_moves_everything() -> None:
    answer = apply(stream(A, DONE), parse("stall.headers.for-500ms"))
    assert (answer.head, answer.chunks) == (0.5, ((0.5, A), (1.5, DONE)))


def test_stalls_add_up() -> None:
    answer = apply(stream(A, DONE), parse(["stall.0-frames.for-1s", "stall.done.for-1m"]))
    assert answer.chunks == ((1.0, A), (62.0, DONE))


def test_a_drip_is_one_byte_at_a_time() -> None:
    pieces = apply(stream(b"data: 1\n\n", DONE, every=0), parse("drip.every-1s")).chunks
    assert pieces[:3] == ((1.0, b"d"), (2.0, b"a"), (3.0, b"t"))
    assert b"".join(drop for _, drop in pieces) == b"data: 1\n\n" + DONE
    assert len(pieces) == len(b"data: 1\n\n" + DONE)


def test_single_bytes_can_come_at_once() -> None:
    pieces = apply(TALK, parse("drip.every-0s")).chunks
    assert {len(drop) for _, drop in pieces} == {1}
    assert [at for at, _ in pieces] == sorted(float(at) for at, p in TALK.chunks for _ in p)


def test_a_drip_can_be_of_frames() -> None:
    together = stream(R + A + B[:9], B[9:] + STOP + DONE, every=0)
    pieces = apply(together, parse("drip.of-frames.every-2s")).chunks
    assert pieces == ((2.0, R), (4.0, A), (6.0, B), (8.0, STOP), (10.0, DONE))


def test_a_drip_begins_at_its_place_and_overtakes_nothing() -> None:
    pieces = apply(
        TALK, parse({"do": "drip", "at": "4 frames", "size": 7, "every": "250ms"})
    ).chunks
    assert pieces[:4] == TALK.chunks[:4]
    assert pieces[4:] == ((4.0, b"data: ["), (4.25, b"DONE]\n\n"))


@pytest.mark.parametrize(
    ("spec", "before"),
    [
        ("split", R[: R.index("想".encode()) + 1]),
        ("split.content", R + A[: A.index("你".encode()) + 1]),
        ("split.in-character.content", R + A[: A.index("你".encode()) + 1]),
        ("split.in-token", b'data: {"i'),
        ("split.in-token.2-frames", R + A + b'data: {"i'),
    ],
)
def test_a_write_ends_in_the_middle(spec: str, before: bytes) -> None:
    pieces = apply(stream(R + A + B + STOP + DONE), parse(spec)).chunks
    assert pieces == ((0.0, before), (0.05, TALK.body[len(before) :]))


def test_a_write_can_only_end_in_a_character_that_is_there() -> None:
    with pytest.raises(FaultError, match="without such a character"):
        apply(stream(DONE), parse("split.in-character"))


@pytest.mark.parametrize(
    ("spec", "size", "end"),
    [
        ("short", -16, "done"),
        ("short.by-1", -1, "done"),
        ("long", 16, "close"),
        ("long.by-1.then-hang", 1, "hang"),
    ],
)
def test_content_length_is_wrong(spec: str, size: int, end: End) -> None:
    sized = replace(WORDS, headers=(*WORDS.headers, ("content-length", "5")))
    length = ("Content-Length", str(len(WORDS.body) + size))
    answer = apply(sized, parse(spec))
    assert answer == replace(WORDS, headers=(*WORDS.headers, length), raw=True, end=end)


def test_a_body_is_not_shorter_than_nothing() -> None:
    assert apply(ERROR, parse("short.by-999")).header("content-length") == "0"


def test_a_chunk_has_a_size_that_is_none() -> None:
    answer = apply(stream(b"data: 1\n\n", b"data: 2\n\n", DONE), parse("bad-chunk-size"))
    assert answer.raw
    assert answer.headers[-1] == ("Transfer-Encoding", "chunked")
    assert answer.chunks == (
        (0.0, b"9\r\ndata: 1\n\n\r\n"),
        (1.0, b"zz\r\ndata: 2\n\n\r\n"),
        (2.0, b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"),
    )


def test_a_bad_chunk_of_an_answer_that_was_cut_is_the_last() -> None:
    answer = apply(stream(b"data: 1\n\n", DONE), parse(["close.done", "bad-chunk-size.0-frames"]))
    assert answer.chunks == ((0.0, b"zz\r\ndata: 1\n\n\r\n"),)
    assert answer.end == "close"


def test_a_chunk_must_be_there() -> None:
    with pytest.raises(FaultError, match="without bytes at that place"):
        apply(TALK, parse("bad-chunk-size.5-frames"))


def test_a_framed_body_is_not_framed_again() -> None:
    with pytest.raises(FaultError, match="long: "):
        apply(TALK, parse(["bad-chunk-size", "long.by-1.then-close"]))
    with pytest.raises(FaultError, match="short: this answer is without a body that is not framed"):
        apply(TALK, parse(["bad-chunk-size", "short"]))
    with pytest.raises(FaultError, match="bad-chunk-size: "):
        apply(TALK, parse(["short", "bad-chunk-size.0-bytes"]))


def test_a_framed_body_can_be_cut_by_bytes_and_not_by_frames() -> None:
    framed = parse("bad-chunk-size.0-frames")
    assert apply(apply(TALK, framed), parse("reset.3-bytes")).body == b"zz\r"
    with pytest.raises(FaultError, match="the answer has no 1 frames"):
        apply(apply(TALK, framed), parse("reset.1-frames"))
