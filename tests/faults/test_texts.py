"""The bytes that arrive: faults of what is said."""

from __future__ import annotations

import pytest

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
    U,
    called,
    chunk,
    last,
    plain,
    said,
    stream,
)

QUOTED = stream(said('{"role":"assistant","content":"{\\"a\\":\\"x\\\\ny\\"}"}'), STOP, DONE)

BODIES: tuple[tuple[str, Response, bytes], ...] = (
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
    (
        "text-after.text-END",
        WORDS,
        plain('{"content":"你好吗END","reasoning_content":"想","role":"assistant"}').body,
    ),
    ("repetition.times-3", TALK, R + A + A + A + last("length") + DONE),
    (
        "repetition.times-2",
        WORDS,
        plain(
            '{"content":"你好吗你好吗","reasoning_content":"想","role":"assistant"}', "length"
        ).body,
    ),
    (
        "huge-line.size-9",
        TALK,
        R + said('{"role":"assistant","content":"你好长长长"}') + B + STOP + DONE,
    ),
    (
        "huge-line.in-reasoning.size-6",
        TALK,
        said('{"role":"assistant","reasoning_content":"想长长"}') + A + B + STOP + DONE,
    ),
    (
        "huge-line.in-arguments.size-4",
        TOOLS,
        R + A + called(0, '{    \\"a\\":1}', "call_0") + U + CALLS + DONE,
    ),
    (
        "json-newline",
        QUOTED,
        said('{"role":"assistant","content":"{\\"a\\":\\"x\\ny\\"}"}') + STOP + DONE,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Response, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body


@pytest.mark.parametrize(
    ("spec", "size"),
    [("huge-line", 70_000), ("huge-line.size-1100000", 1_100_000)],
)
def test_a_line_has_about_the_given_length(spec: str, size: int) -> None:
    longest = max(map(len, apply(TALK, parse(spec)).body.split(b"\n")))
    assert size - 3 < longest < size + 300


def test_a_repetition_comes_in_frames_of_their_own() -> None:
    assert apply(TALK, parse("repetition")).body.count(A) == 100
