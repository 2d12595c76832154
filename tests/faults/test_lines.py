"""The bytes that arrive: faults of the lines and characters that frames are made of."""

from __future__ import annotations

import pytest

from mockglm.exchange import Response
from mockglm.faults import apply, parse
from tests.faults.answers import DONE, STOP, TALK, A, B, R, said

EMPTY = b'data: {"id":"","object":"","created":0,"model":"","choices":[]}\n\n'
SPREAD = tuple(frame.replace(b'{"id"', b'{\ndata: "id"') for frame in (R, A, B, STOP))
NAMED = tuple(b"event: message\n" + frame for frame in (R, A, B, STOP, DONE))

BODIES: tuple[tuple[str, Response, bytes], ...] = (
    ("empty-data", TALK, R + b"data: \n\n" + A + B + STOP + DONE),
    ("tail", TALK, R + A + B + STOP + DONE + b'data: {"choices":[],"cost":"0"}\n\n'),
    ("tail.data-x", TALK, R + A + B + STOP + DONE + b"data: x\n\n"),
    ("sentinel", TALK, R + EMPTY + A + B + STOP + DONE),
    ("comment", TALK, R + b": keep-alive\n\n" + A + B + STOP + DONE),
    ("comment.done.text-ping", TALK, R + A + B + STOP + b": ping\n\n" + DONE),
    ("crlf", TALK, TALK.body.replace(b"\n", b"\r\n")),
    ("crlf.3-frames", TALK, R + A + B + (STOP + DONE).replace(b"\n", b"\r\n")),
    ("bom", TALK, b"\xef\xbb\xbf" + R + A + B + STOP + DONE),
    ("no-space", TALK, TALK.body.replace(b"data: ", b"data:")),
    ("data-lines", TALK, b"".join(SPREAD) + DONE),
    ("unterminated", TALK, R + A + B + STOP + b"data: [DONE]\n"),
    ("unknown-field", TALK, R + b"trace: 1\n" + A + B + STOP + DONE),
    ("event-name", TALK, b"".join(NAMED)),
    ("event-name.done.text-end", TALK, R + A + B + STOP + b"event: end\n" + DONE),
    (
        "utf8-split",
        TALK,
        R.replace("想".encode(), b"\xe6")
        + R.replace("想".encode(), b"\x83\xb3")
        + A
        + B
        + STOP
        + DONE,
    ),
    (
        "utf8-split.content",
        TALK,
        R
        + A.replace("你好".encode(), b"\xe4")
        + A.replace("你好".encode(), b"\xbd\xa0" + "好".encode())
        + B
        + STOP
        + DONE,
    ),
    (
        "surrogate-split",
        TALK,
        said('{"role":"assistant","reasoning_content":"想\\ud83d"}')
        + said('{"role":"assistant","reasoning_content":"\\ude00"}')
        + A
        + B
        + STOP
        + DONE,
    ),
)


@pytest.mark.parametrize(("spec", "answer", "body"), BODIES)
def test_these_bytes_arrive(spec: str, answer: Response, body: bytes) -> None:
    assert apply(answer, parse(spec)).body == body


def test_a_comment_comes_with_the_frame_it_is_before() -> None:
    pieces = apply(TALK, parse("comment.finish")).chunks
    assert pieces[2:4] == ((2.0, B), (3.0, b": keep-alive\n\n" + STOP))


def test_data_after_the_end_is_a_write_of_its_own() -> None:
    pieces = apply(TALK, parse("tail.data-x")).chunks
    assert pieces[-2:] == ((4.0, DONE), (4.0, b"data: x\n\n"))


def test_lines_that_end_with_cr_lf_stay() -> None:
    once = apply(TALK, parse("crlf.4-frames"))
    assert apply(once, parse("crlf")).body == TALK.body.replace(b"\n", b"\r\n")
