"""EQV: the stream and the plain reply agree; changes that break it and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from tests.conformance.changes import Mutant, frame, number, status, sub
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "EQV-01": (
        Mutant(
            "stream",
            sub(b'"content":"one ', b'"reasoning_content":"one '),
            "different keys",
            actual="['content', 'reasoning_content']",
            also="EQV-07 RSN-06",
        ),
        Mutant(
            "stream",
            lambda a: replace(a, chunks=a.chunks[-2:]),
            "different keys",
            actual="[]",
            also="CHK-10 EQV-07",
        ),
    ),
    "EQV-02": (
        Mutant(
            "stream",
            number(b"prompt_tokens", b"20"),
            "different count",
            path="$.usage.prompt_tokens",
            actual="20",
            also="USE-02",
        ),
    ),
    "EQV-03": (
        Mutant(
            "length",
            sub(b'"length"', b'"stop"'),
            "different finish_reason",
            path="$.choices[0].finish_reason",
            actual="stop",
            also="FIN-03",
        ),
    ),
    "EQV-04": (
        Mutant(
            "stream",
            sub(b'"total_tokens":32', b'"total":32'),
            "different keys",
            path="$.usage",
            actual="['completion_tokens', 'prompt_tokens', 'total']",
            also="USE-02",
        ),
        Mutant(
            "stream",
            sub(b'"prompt_tokens":21,', b""),
            "different keys",
            path="$.usage",
            actual="['completion_tokens', 'total_tokens']",
            also="EQV-02 USE-02",
        ),
        Mutant(
            "stream",
            sub(b'"usage":{', b'"usage":{"prompt_cache_hit_tokens":0,'),
            "different keys",
            path="$.usage",
            actual="['completion_tokens', 'prompt_cache_hit_…",
        ),
    ),
    "EQV-05": (
        Mutant(
            "stream",
            sub(b'"id":"20260729', b'"id":"chatcmpl-20260729'),
            "different form",
            path="$.id",
            actual="chatcmpl-20260729080000f0ab19f8cb470c01",
        ),
        Mutant(
            "stream",
            sub(b'"id":"20260729', b'"id":"2026-0729'),
            "different form",
            path="$.id",
            actual="2026-0729080000f0ab19f8cb470c01",
        ),
        Mutant(
            "stream",
            sub(b'"id":"20260729', b'"id":"Z0260729'),
            "different form",
            path="$.id",
            actual="Z0260729080000f0ab19f8cb470c01",
        ),
        Mutant(
            "stream",
            sub(b'"id":"20260729', b'"id":"202607290'),
            "different form",
            path="$.id",
            actual="202607290080000f0ab19f8cb470c01",
        ),
        Mutant(
            "stream",
            sub(b'"glm-4.6"', b'"GLM-4.6"'),
            "different form",
            path="$.model",
            actual="GLM-4.6",
        ),
    ),
    "EQV-06": (
        Mutant(
            "bad-model-stream",
            status(404),
            "different refusal",
            path="$.error",
            actual="(404, '1211')",
        ),
        Mutant(
            "bad-model-stream",
            sub(b'"1211"', b'"1214"'),
            "different refusal",
            path="$.error",
            actual="(400, '1214')",
        ),
    ),
    "EQV-07": (
        Mutant(
            "stream",
            sub(b"one ", b"One "),
            "different content",
            actual="One two three four five six seven eight nine ten",
        ),
        Mutant(
            "stream",
            sub(b'"content":"one ', b'"content":"one ","reasoning_content":"hm'),
            "different reasoning",
            actual="hm",
            also="EQV-01 RSN-03 RSN-06",
        ),
        Mutant(
            "stream",
            frame(2, lambda p: p.replace(b'"role"', b'"tool_calls":[{}],"role"')),
            "different calls",
            actual="[(None, '')]",
            also="EQV-01 TOL-01 TOL-02 TOL-03 TOL-04 TOL-05",
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "EQV-04": (
        Mutant("stream", sub(b"cached_tokens", b"cache_tokens")),
        Mutant("stream", sub(b'"prompt_tokens_details":{"cached_tokens":4},', b"")),
    ),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
