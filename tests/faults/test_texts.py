"""The bytes that arrive: faults of what is said."""

from __future__ import annotations

import pytest

from mockglm.exchange import Answer
from mockglm.faults import apply, parse
from tests.faults.answers import A, B, DONE, R, STOP, TALK, WORDS, chunk, plain, said

BODIES: tuple[tuple[str, Answer, bytes], ...] = (
    ("text-missing", TALK, STOP + DONE),
    ("text-missing", WORDS, plain('{"content":"","role":"assistant"}').body),
    ("text-after", TALK, R + A + said('{"role":"assistant","content":"吗<|user|>"}') + STOP + DONE),
    (
        "text-after",
        WORDS,
        plain('{"content":"你好吗<|user|>","reasoning_content":"想","role":"assistant"}').body,
    ),
    (
        "content-null",
        TALK,
        R
        + said('{"role":"assistant","content":null}')
        + said('{"role":"assistant","content":null}')
        + chunk(
            '{"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":null}}],"usa'
            'ge":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15}'
        )
        + DONE,
    ),
    (
        "content-null",
        WORDS,
        plain('{"content":null,"reasoning_content":"想","role":"assistant"}').body,
    ),
    (
        "content-list",
        TALK,
        R
        + said('{"role":"assistant","content":[{"type":"text","text":"你好"}]}')
        + said('{"role":"assistant","content":[{"type":"text","text":"吗"}]}')
        + STOP
        + DONE,
    ),
    (
        "content-list",
        WORDS,
        plain(
            '{"content":[{"type":"text","text":"你好吗"}],"reasoning_content":"想","role":"assistant"'
            "}"
        ).body,
    ),
    (
        "content-newline",
        TALK,
        R + said('{"role":"assistant","content":"\\n你好"}') + B + STOP + DONE,
    ),
    (
        "content-newline",
        WORDS,
        plain('{"content":"\\n你好吗","reasoning_content":"想","role":"assistant"}').body,
    ),
    (
        "mojibake",
        TALK,
        R
        + said('{"role":"assistant","content":"ä½\xa0å¥½"}')
        + said('{"role":"assistant","content":"å\x90\x97"}')
        + STOP
        + DONE,
    ),
    (
        "mojibake",
        WORDS,
        plain('{"content":"ä½\xa0å¥½å\x90\x97","reasoning_content":"想","role":"assistant"}').body,
    ),
    (
        "json-fence",
        TALK,
        R
        + said('{"role":"assistant","content":"```json\\n你好"}')
        + said('{"role":"assistant","content":"吗\\n```"}')
        + STOP
        + DONE,
    ),
    (
        "json-fence",
        WORDS,
        plain(
            '{"content":"```json\\n你好吗\\n```","reasoning_content":"想","role":"assistant"}'
        ).body,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Answer, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
