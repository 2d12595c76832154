"""The bytes that arrive: faults of reasoning."""

from __future__ import annotations

import pytest

from mockglm.errors import FaultError
from mockglm.exchange import Response
from mockglm.faults import apply, parse
from tests.faults.answers import (
    DONE,
    STOP,
    TALK,
    TOOLS,
    WORDS,
    A,
    B,
    R,
    last,
    plain,
    said,
    stream,
)

BODIES: tuple[tuple[str, Response, bytes], ...] = (
    (
        "thinking-only",
        TALK,
        R
        + said('{"role":"assistant","reasoning_content":"你好"}')
        + said('{"role":"assistant","reasoning_content":"吗"}')
        + STOP
        + DONE,
    ),
    (
        "thinking-only",
        WORDS,
        plain('{"content":"","reasoning_content":"想你好吗","role":"assistant"}').body,
    ),
    (
        "think-leak",
        TALK,
        said('{"role":"assistant","content":"<think>想"}')
        + said('{"role":"assistant","content":"</think>你好"}')
        + B
        + STOP
        + DONE,
    ),
    ("think-leak", WORDS, plain('{"content":"<think>想</think>你好吗","role":"assistant"}').body),
    ("reasoning-missing", TALK, A + B + STOP + DONE),
    ("reasoning-missing", WORDS, plain('{"content":"你好吗","role":"assistant"}').body),
    (
        "reasoning-unasked",
        TALK,
        R + said('{"role":"assistant","reasoning_content":"你好"}') + A + B + STOP + DONE,
    ),
    (
        "reasoning-unasked",
        WORDS,
        plain('{"content":"你好吗","reasoning_content":"你好吗","role":"assistant"}').body,
    ),
    (
        "reasoning-late",
        TALK,
        R + A + said('{"role":"assistant","reasoning_content":"你好"}') + B + STOP + DONE,
    ),
    (
        "reasoning-beside",
        TALK,
        R
        + said('{"role":"assistant","content":"你好","reasoning_content":"你好"}')
        + said('{"role":"assistant","content":"吗","reasoning_content":"吗"}')
        + STOP
        + DONE,
    ),
    (
        "think-leak.as-orphan",
        TALK,
        R + said('{"role":"assistant","content":"</think>你好"}') + B + STOP + DONE,
    ),
    (
        "think-leak.as-split",
        TALK,
        said('{"role":"assistant","content":"<think>想</thi"}')
        + said('{"role":"assistant","content":"nk>你好"}')
        + B
        + STOP
        + DONE,
    ),
    (
        "thinking-only.finish-length",
        TALK,
        R
        + said('{"role":"assistant","reasoning_content":"你好"}')
        + said('{"role":"assistant","reasoning_content":"吗"}')
        + last("length")
        + DONE,
    ),
    (
        "thinking-only",
        TOOLS,
        R + said('{"role":"assistant","reasoning_content":"你好"}') + STOP + DONE,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Response, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body


def test_text_without_thought_leaks_none() -> None:
    with pytest.raises(FaultError, match="without thought and text"):
        apply(stream(A, STOP, DONE), parse("think-leak"))
