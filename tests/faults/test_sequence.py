"""The bytes that arrive: faults of the order, the number and the wholeness of frames."""

from __future__ import annotations

import pytest

from mockglm.errors import FaultError
from mockglm.exchange import Response
from mockglm.faults import apply, parse
from tests.faults.answers import (
    CALLS,
    DONE,
    STOP,
    TALK,
    TOOLS,
    WORDS,
    A,
    B,
    R,
    T,
    U,
    plain,
    said,
    stream,
)

SORRY = "网络错误，错误id：20260101ab，请联系客服。"
OOPS = f'data: {{"error":{{"code":"1234","message":"{SORRY}"}}}}\n\n'.encode()
BUSY = 'data: {"error":{"code":"1305","message":"该模型当前访问量过大，请您稍后再试"}}\n\n'.encode()

BODIES: tuple[tuple[str, Response, bytes], ...] = (
    ("glue", TALK, R + b'data: {"id":"20260101ab' + B + STOP + DONE),
    ("glue.3-frames.keep-5", TALK, R + A + B + b'data: {"id"' + DONE),
    ("garble", TALK, R + A.replace(b'{"id":"2', b"########") + B + STOP + DONE),
    ("garble.done", TALK, R + A + B + STOP + b"data: ######\n\n"),
    (
        "unescaped-quote",
        TALK,
        said('{"role":"assistant","reasoning_content":""想"}') + A + B + STOP + DONE,
    ),
    (
        "unescaped-quote",
        WORDS,
        plain('{"content":""你好吗","reasoning_content":"想","role":"assistant"}').body,
    ),
    ("duplicate", TALK, R + A + A + B + STOP + DONE),
    ("duplicate.finish", TALK, R + A + B + STOP + STOP + DONE),
    ("drop", TALK, R + B + STOP + DONE),
    ("drop.tool_call", TOOLS, R + A + U + CALLS + DONE),
    ("swap", TALK, R + B + A + STOP + DONE),
    ("swap.tool_call", TOOLS, R + A + U + T + CALLS + DONE),
    ("no-done", TALK, R + A + B + STOP),
    ("done-twice", TALK, R + A + B + STOP + DONE + DONE),
    ("end", TALK, R),
    ("end.done", TALK, R + A + B + STOP),
    ("end.0-frames", TALK, b""),
    ("error", TALK, R + OOPS + DONE),
    ("error.done-no", TALK, R + OOPS),
    ("error.0-frames.code-1305.event-yes", TALK, b"event: error\n" + BUSY + DONE),
    ("error-continues", TALK, R + OOPS + A + B + STOP + DONE),
)


@pytest.mark.parametrize(("spec", "answer", "body"), BODIES)
def test_these_bytes_arrive(spec: str, answer: Response, body: bytes) -> None:
    assert apply(answer, parse(spec)).body == body


def test_an_error_in_the_stream_can_say_anything() -> None:
    spec = {"do": "error", "at": "0 frames", "code": "9999", "message": "x.y", "done": "no"}
    body = b'data: {"error":{"code":"9999","message":"x.y"}}\n\n'
    assert apply(TALK, parse(spec)).body == body


@pytest.mark.parametrize("code", ["9999", "1308"])
def test_an_error_without_words_or_with_fields_needs_a_message(code: str) -> None:
    with pytest.raises(FaultError, match="give a message"):
        apply(TALK, parse({"do": "error", "code": code}))


def test_a_swap_keeps_the_times() -> None:
    pieces = apply(stream(A, B, STOP, DONE), parse("swap.0-frames")).chunks
    assert pieces == ((0.0, B), (1.0, A), (2.0, STOP), (3.0, DONE))


def test_an_error_comes_when_the_next_frame_would_not() -> None:
    pieces = apply(TALK, parse("error.2-frames")).chunks
    assert pieces == ((0.0, R), (1.0, A), (1.0, OOPS + DONE))
