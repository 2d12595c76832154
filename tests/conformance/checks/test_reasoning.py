"""RSN: reasoning; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from tests.conformance.changes import Mutant, frame, instead, number, sub, swapped
from tests.conformance.reference import call, chunk, refusal
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "RSN-01": (
        Mutant(
            "thinking",
            sub(b"reasoning_content", b"reasoning"),
            "reasoning without reasoning_content",
            path="$.usage.completion_tokens_details",
            actual='{"reasoning_tokens": 16}',
        ),
        Mutant(
            "thinking",
            lambda a: sub(b'reasoning_content":"Let ', b'content":"<think>')(
                number(b"reasoning_tokens", b"0")(
                    sub(b'reasoning_content":"me', b'r":"')(
                        replace(a, chunks=(*a.chunks[:2], *a.chunks[-4:]))
                    )
                )
            ),
            "reasoning without reasoning_content",
            path="$.usage.completion_tokens_details",
            actual='{"reasoning_tokens": 0}',
            also="RSN-04",
        ),
    ),
    "RSN-02": (
        Mutant(
            "thinking",
            swapped(2, -3),
            "reasoning after content",
            path="$.choices[0].delta.reasoning_content",
            count=7,
        ),
    ),
    "RSN-03": (
        Mutant(
            "thinking",
            sub(b'"role":"assistant","reas', b'"role":"assistant","content":"","reas'),
            "both in one delta",
            path="$.choices[0].delta.content",
            actual='{"role": "assistant", "content": "", "re…',
            count=9,
        ),
    ),
    "RSN-04": (
        Mutant(
            "thinking",
            frame(-4, lambda p: p.replace(b'content":"', b'content":"<think>')),
            "reasoning in the content",
            actual="<think>3 times",
            at=b'think>3 ti"}',
        ),
        Mutant(
            "thinking-plain",
            sub(b'"content":"3"', b'"content":"</think>3"'),
            "reasoning in the content",
            actual="</think>3",
            at=b'think>3","re',
        ),
    ),
    "RSN-05": (
        Mutant(
            "thinking",
            lambda a: replace(a, chunks=(*a.chunks[:-4], *a.chunks[-2:])),
            "only reasoning",
            path="$.choices[0].finish_reason",
        ),
    ),
    "RSN-06": (
        Mutant(
            "stream",
            sub(b'"content":"one ', b'"reasoning_content":"hm","content":"one '),
            "reasoning",
            path="$.choices[0].delta.reasoning_content",
            actual="hm",
            also="EQV-01 EQV-07 RSN-03",
        ),
        Mutant(
            "stream",
            frame(5, lambda p: p.replace(b'"role"', b'"reasoning_content":"hm","role"')),
            "reasoning",
            path="$.choices[0].delta.reasoning_content",
            actual="hm",
            at=b'"reasoning_content":"hm","role":"assistant","content":"ive "',
            also="EQV-01 EQV-07 RSN-02 RSN-03",
        ),
    ),
    "RSN-07": (
        Mutant(
            "replay",
            instead(refusal(400, "1214", "messages 参数非法。")),
            "unexpected answer",
            actual='400 {"error":{"code":"1214","message":"m…',
        ),
    ),
    "RSN-08": (
        Mutant(
            "thinking-plain",
            sub(b"reasoning_content", b"reasoning"),
            "reasoning without reasoning_content",
            path="$.usage.completion_tokens_details",
            actual='{"reasoning_tokens": 16}',
        ),
        Mutant(
            "thinking-plain",
            lambda a: sub(b'"completion_tokens_details":{"reasoning_tokens":16},', b"")(
                sub(b'"content":"3"', b'"content":"<think>hm</think>3"')(
                    sub(b"reasoning_content", b"reasoning")(a)
                )
            ),
            "reasoning without reasoning_content",
            actual="<think>hm</think>3",
            also="RSN-04",
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "RSN-02": (
        Mutant("thinking", frame(1, lambda p: p.replace(b'"role"', b'"content":"","role"'))),
    ),
    "RSN-05": (
        Mutant(
            "thinking",
            lambda a: sub(b'"stop"', b'"length"')(
                replace(a, chunks=(*a.chunks[:-4], *a.chunks[-2:]))
            ),
        ),
        Mutant(
            "thinking",
            lambda a: replace(
                a, chunks=(*a.chunks[:-4], (0.6, chunk({"delta": call(0, "{}")})), *a.chunks[-2:])
            ),
        ),
    ),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
