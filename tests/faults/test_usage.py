"""The bytes that arrive: faults of usage."""

from __future__ import annotations

import pytest

from mockglm.exchange import Response
from mockglm.faults import apply, parse
from tests.faults.answers import (
    DONE,
    STOP,
    TALK,
    WORDS,
    A,
    B,
    R,
    chunk,
    last,
    plain,
)

BODIES: tuple[tuple[str, Response, bytes], ...] = (
    ("usage-missing", TALK, R + A + B + last("stop", "") + DONE),
    (
        "usage-missing",
        WORDS,
        plain('{"content":"你好吗","reasoning_content":"想","role":"assistant"}', "stop", "").body,
    ),
    ("usage-null", TALK, R + A + B + last("stop", ',"usage":null') + DONE),
    (
        "usage-null",
        WORDS,
        plain(
            '{"content":"你好吗","reasoning_content":"想","role":"assistant"}',
            "stop",
            ',"usage":null',
        ).body,
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
        plain(
            '{"content":"你好吗","reasoning_content":"想","role":"assistant"}',
            "stop",
            ',"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":22}',
        ).body,
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
        plain(
            '{"content":"你好吗","reasoning_content":"想","role":"assistant"}',
            "stop",
            ',"usage":{"prompt_tokens":6,"completion_tokens":0,"total_tokens":6}',
        ).body,
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
        plain(
            '{"content":"你好吗","reasoning_content":"想","role":"assistant"}',
            "stop",
            ',"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15,"prompt_toke'
            'ns_details":{"cached_tokens":7}}',
        ).body,
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
        plain(
            '{"content":"你好吗","reasoning_content":"想","role":"assistant"}',
            "stop",
            ',"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15,"completion_'
            'tokens_details":{"reasoning_tokens":10}}',
        ).body,
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
        plain(
            '{"content":"你好吗","reasoning_content":"想","role":"assistant"}',
            "stop",
            ',"usage":{"prompt_tokens":6,"completion_tokens":1000000,"total_tokens":1000006}',
        ).body,
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
        plain(
            '{"content":"你好吗","reasoning_content":"想","role":"assistant"}',
            "stop",
            ',"usage":{"prompt_tokens":1,"completion_tokens":9,"total_tokens":10}',
        ).body,
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
        plain(
            '{"content":"你好吗","reasoning_content":"想","role":"assistant"}',
            "stop",
            ',"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15,"prompt_cach'
            'e_hit_tokens":0}',
        ).body,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Response, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
