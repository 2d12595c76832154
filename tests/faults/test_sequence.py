"""The bytes that arrive: faults of the order, the number and the wholeness of a stream's frames."""

from __future__ import annotations

import pytest

from mockglm.exchange import Answer
from mockglm.faults import apply, parse
from tests.faults.answers import A, B, DONE, R, STOP, TALK, WORDS, plain, said

BODIES: tuple[tuple[str, Answer, bytes], ...] = (
    (
        "glue",
        TALK,
        R
        + (
            'data: {"id":"20260101abdata: {"id":"20260101ab","created":1767225600,"object":"chat.'
            'completion.chunk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant'
            '","content":"吗"}}]}\n\n'
        ).encode()
        + STOP
        + DONE,
    ),
    (
        "garble",
        TALK,
        R
        + (
            'data: ########0260101ab","created":1767225600,"object":"chat.completion.chunk","mode'
            'l":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":"你好"}}]}\n\n'
        ).encode()
        + B
        + STOP
        + DONE,
    ),
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
    ("drop", TALK, R + B + STOP + DONE),
    ("swap", TALK, R + B + A + STOP + DONE),
    ("no-done", TALK, R + A + B + STOP),
    ("done-twice", TALK, R + A + B + STOP + DONE + DONE),
    ("end", TALK, R),
    (
        "error",
        TALK,
        R
        + (
            'data: {"error":{"code":"1234","message":"网络错误，错误id：20260101ab，请联系客服。"}}\n\n'
        ).encode()
        + DONE,
    ),
    (
        "error-continues",
        TALK,
        R
        + (
            'data: {"error":{"code":"1234","message":"网络错误，错误id：20260101ab，请联系客服。"}}\n\n'
        ).encode()
        + A
        + B
        + STOP
        + DONE,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Answer, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
