"""The bytes that arrive: faults of the shape around the words."""

from __future__ import annotations

import pytest

from mockglm.exchange import Response
from mockglm.faults import apply, parse
from tests.faults.answers import (
    DONE,
    STOP,
    TALK,
    USAGE,
    WORDS,
    A,
    B,
    R,
    chunk,
    plain,
    said,
    whole,
)

BARE = chunk("]")
COUNTED = chunk("]," + USAGE)

BODIES: tuple[tuple[str, Response, bytes], ...] = (
    ("choices-empty", TALK, BARE * 3 + COUNTED + DONE),
    ("choices-empty", WORDS, whole("[]").body),
    ("choices-null", TALK, (BARE * 3 + COUNTED).replace(b"[]", b"null") + DONE),
    ("choices-null", WORDS, whole("null").body),
    (
        "index-missing",
        TALK,
        chunk('{"delta":{"role":"assistant","reasoning_content":"想"}}]')
        + chunk('{"delta":{"role":"assistant","content":"你好"}}]')
        + chunk('{"delta":{"role":"assistant","content":"吗"}}]')
        + chunk(
            '{"finish_reason":"stop","delta":{"role":"assistant","content":""}}],"usage":{"prompt'
            '_tokens":6,"completion_tokens":9,"total_tokens":15}'
        )
        + DONE,
    ),
    (
        "delta-null",
        TALK,
        said("null")
        + said("null")
        + said("null")
        + chunk(
            '{"index":0,"finish_reason":"stop","delta":null}],"usage":{"prompt_tokens":6,"complet'
            'ion_tokens":9,"total_tokens":15}'
        )
        + DONE,
    ),
    (
        "delta-as-message",
        TALK,
        chunk('{"index":0,"message":{"role":"assistant","reasoning_content":"想"}}]')
        + chunk('{"index":0,"message":{"role":"assistant","content":"你好"}}]')
        + chunk('{"index":0,"message":{"role":"assistant","content":"吗"}}]')
        + chunk(
            '{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":""}}],"usa'
            'ge":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15}'
        )
        + DONE,
    ),
    (
        "message-as-delta",
        WORDS,
        whole(
            '[{"finish_reason":"stop","index":0,"delta":{"content":"你好吗","reasoning_content":'
            '"想","role":"assistant"}}]'
        ).body,
    ),
    (
        "role-missing",
        TALK,
        said('{"reasoning_content":"想"}')
        + said('{"content":"你好"}')
        + said('{"content":"吗"}')
        + chunk(
            '{"index":0,"finish_reason":"stop","delta":{"content":""}}],"usage":{"prompt_tokens":'
            '6,"completion_tokens":9,"total_tokens":15}'
        )
        + DONE,
    ),
    ("role-missing", WORDS, plain('{"content":"你好吗","reasoning_content":"想"}').body),
    (
        "role-once",
        TALK,
        R
        + said('{"content":"你好"}')
        + said('{"content":"吗"}')
        + chunk(
            '{"index":0,"finish_reason":"stop","delta":{"content":""}}],"usage":{"prompt_tokens":'
            '6,"completion_tokens":9,"total_tokens":15}'
        )
        + DONE,
    ),
    (
        "role-empty",
        TALK,
        said('{"role":"","reasoning_content":"想"}')
        + said('{"role":"","content":"你好"}')
        + said('{"role":"","content":"吗"}')
        + chunk(
            '{"index":0,"finish_reason":"stop","delta":{"role":"","content":""}}],"usage":{"promp'
            't_tokens":6,"completion_tokens":9,"total_tokens":15}'
        )
        + DONE,
    ),
    ("role-empty", WORDS, plain('{"content":"你好吗","reasoning_content":"想","role":""}').body),
    (
        "role-user",
        TALK,
        said('{"role":"user","reasoning_content":"想"}')
        + said('{"role":"user","content":"你好"}')
        + said('{"role":"user","content":"吗"}')
        + chunk(
            '{"index":0,"finish_reason":"stop","delta":{"role":"user","content":""}}],"usage":{"p'
            'rompt_tokens":6,"completion_tokens":9,"total_tokens":15}'
        )
        + DONE,
    ),
    ("role-user", WORDS, plain('{"content":"你好吗","reasoning_content":"想","role":"user"}').body),
    ("opener", TALK, said('{"role":"assistant","content":""}') + R + A + B + STOP + DONE),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Response, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
