"""The bytes that arrive: faults of usage."""

from __future__ import annotations

import pytest

from mockglm.exchange import Answer
from mockglm.faults import apply, parse
from tests.faults.answers import A, B, DONE, R, STOP, TALK, WORDS, chunk, last

BODIES: tuple[tuple[str, Answer, bytes], ...] = (
    ("usage-missing", TALK, R + A + B + last("stop", "") + DONE),
    (
        "usage-missing",
        WORDS,
        (
            '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"你好吗","reasoning_'
            'content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","model":"g'
            'lm-4.6","object":"chat.completion","request_id":"mine"}'
        ).encode(),
    ),
    ("usage-null", TALK, R + A + B + last("stop", ',"usage":null') + DONE),
    (
        "usage-null",
        WORDS,
        (
            '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"你好吗","reasoning_'
            'content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","model":"g'
            'lm-4.6","object":"chat.completion","request_id":"mine","usage":null}'
        ).encode(),
    ),
    (
        "usage-early",
        TALK,
        R
        + A
        + chunk(
            '{"index":0,"delta":{"role":"assistant","content":"吗"}}],"usage":{"prompt_tokens":6,"'
            'completion_tokens":9,"total_tokens":15}'
        )
        + last("stop", "")
        + DONE,
    ),
    (
        "usage-tail",
        TALK,
        R
        + A
        + B
        + last("stop", "")
        + chunk('],"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15}')
        + DONE,
    ),
    (
        "usage-every-chunk",
        TALK,
        chunk(
            '{"index":0,"delta":{"role":"assistant","reasoning_content":"想"}}],"usage":{"prompt_t'
            'okens":6,"completion_tokens":9,"total_tokens":15}'
        )
        + chunk(
            '{"index":0,"delta":{"role":"assistant","content":"你好"}}],"usage":{"prompt_tokens":6,'
            '"completion_tokens":9,"total_tokens":15}'
        )
        + chunk(
            '{"index":0,"delta":{"role":"assistant","content":"吗"}}],"usage":{"prompt_tokens":6,"'
            'completion_tokens":9,"total_tokens":15}'
        )
        + STOP
        + DONE,
    ),
    (
        "usage-total",
        TALK,
        R
        + A
        + B
        + last("stop", ',"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":22}')
        + DONE,
    ),
    (
        "usage-total",
        WORDS,
        (
            '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"你好吗","reasoning_'
            'content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","model":"g'
            'lm-4.6","object":"chat.completion","request_id":"mine","usage":{"prompt_tokens":6,"c'
            'ompletion_tokens":9,"total_tokens":22}}'
        ).encode(),
    ),
    (
        "usage-zero",
        TALK,
        R
        + A
        + B
        + last("stop", ',"usage":{"prompt_tokens":6,"completion_tokens":0,"total_tokens":6}')
        + DONE,
    ),
    (
        "usage-zero",
        WORDS,
        (
            '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"你好吗","reasoning_'
            'content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","model":"g'
            'lm-4.6","object":"chat.completion","request_id":"mine","usage":{"prompt_tokens":6,"c'
            'ompletion_tokens":0,"total_tokens":6}}'
        ).encode(),
    ),
    (
        "usage-cached",
        TALK,
        R
        + A
        + B
        + last(
            "stop",
            ',"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15,"prompt_tokens_d'
            'etails":{"cached_tokens":7}}',
        )
        + DONE,
    ),
    (
        "usage-cached",
        WORDS,
        (
            '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"你好吗","reasoning_'
            'content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","model":"g'
            'lm-4.6","object":"chat.completion","request_id":"mine","usage":{"prompt_tokens":6,"c'
            'ompletion_tokens":9,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":7}}}'
        ).encode(),
    ),
    (
        "usage-reasoning",
        TALK,
        R
        + A
        + B
        + last(
            "stop",
            ',"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15,"completion_toke'
            'ns_details":{"reasoning_tokens":10}}',
        )
        + DONE,
    ),
    (
        "usage-reasoning",
        WORDS,
        (
            '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"你好吗","reasoning_'
            'content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","model":"g'
            'lm-4.6","object":"chat.completion","request_id":"mine","usage":{"prompt_tokens":6,"c'
            'ompletion_tokens":9,"total_tokens":15,"completion_tokens_details":{"reasoning_tokens'
            '":10}}}'
        ).encode(),
    ),
    (
        "usage-over",
        TALK,
        R
        + A
        + B
        + last(
            "stop",
            ',"usage":{"prompt_tokens":6,"completion_tokens":1000000,"total_tokens":1000006}',
        )
        + DONE,
    ),
    (
        "usage-over",
        WORDS,
        (
            '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"你好吗","reasoning_'
            'content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","model":"g'
            'lm-4.6","object":"chat.completion","request_id":"mine","usage":{"prompt_tokens":6,"c'
            'ompletion_tokens":1000000,"total_tokens":1000006}}'
        ).encode(),
    ),
    (
        "usage-prompt",
        TALK,
        R
        + A
        + B
        + last("stop", ',"usage":{"prompt_tokens":1,"completion_tokens":9,"total_tokens":10}')
        + DONE,
    ),
    (
        "usage-prompt",
        WORDS,
        (
            '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"你好吗","reasoning_'
            'content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","model":"g'
            'lm-4.6","object":"chat.completion","request_id":"mine","usage":{"prompt_tokens":1,"c'
            'ompletion_tokens":9,"total_tokens":10}}'
        ).encode(),
    ),
    (
        "usage-key",
        TALK,
        R
        + A
        + B
        + last(
            "stop",
            ',"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15,"prompt_cache_hi'
            't_tokens":0}',
        )
        + DONE,
    ),
    (
        "usage-key",
        WORDS,
        (
            '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"你好吗","reasoning_'
            'content":"想","role":"assistant"}}],"created":1767225600,"id":"20260101ab","model":"g'
            'lm-4.6","object":"chat.completion","request_id":"mine","usage":{"prompt_tokens":6,"c'
            'ompletion_tokens":9,"total_tokens":15,"prompt_cache_hit_tokens":0}}'
        ).encode(),
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Answer, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
