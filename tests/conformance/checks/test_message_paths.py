"""PTH: count_tokens and the listing of models; changes that break a requirement."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import HTML, Mutant, body, status, sub
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "PTH-01": (
        Mutant(
            "message-count",
            body(HTML),
            "unexpected answer",
            actual="200 <html><head><title>405 Not Allowed</…",
        ),
        Mutant(
            "message-count", sub(b"21", b"0"), "unexpected answer", actual='200 {"input_tokens":0}'
        ),
        Mutant(
            "message-count",
            sub(b"21", b"true"),
            "unexpected answer",
            actual='200 {"input_tokens":true}',
        ),
        Mutant(
            "message-count",
            sub(b"input_tokens", b"tokens"),
            "unexpected answer",
            actual='200 {"tokens":21}',
        ),
        Mutant("message-count", status(404), "unexpected answer", actual='404 {"input_tokens":21}'),
    ),
    "PTH-02": (
        Mutant(
            "message-models",
            status(404),
            "unexpected answer",
            actual='404 {"data":[{"created_at":"2026-01-11T0…',
        ),
        Mutant(
            "message-models",
            body(HTML),
            "unexpected answer",
            actual="200 <html><head><title>405 Not Allowed</…",
        ),
        Mutant(
            "message-models",
            sub(b'"data":[', b'"models":['),
            "unexpected answer",
            actual='200 {"models":[{"created_at":"2026-01-11…',
        ),
        Mutant(
            "message-models",
            sub(b'"id":"glm-4.6"', b'"id":4'),
            "no id",
            path="$.data[0].id",
            actual="4",
            at=b'"id":4,"type":"m',
            also="PTH-03",
        ),
    ),
    "PTH-03": (
        Mutant(
            "message-models",
            sub(b'"type":"model"', b'"type":"llm"'),
            "incomplete",
            path="$.data[0]",
            actual='{"created_at": "2026-01-11T00:00:00Z", "…',
            at=b'{"data":[{"creat',
            count=2,
        ),
        Mutant(
            "message-models",
            sub(b'"display_name"', b'"name"'),
            "incomplete",
            path="$.data[0]",
            actual='{"created_at": "2026-01-11T00:00:00Z", "…',
            at=b'{"data":[{"creat',
            count=2,
        ),
        Mutant(
            "message-models",
            sub(b'"firstId"', b'"first_id"'),
            "another id",
            path="$.firstId",
            actual="null",
            at=b'{"data":[{"creat',
        ),
        Mutant(
            "message-models",
            sub(b'"lastId":"glm-5.2"', b'"lastId":"glm-4.6"'),
            "another id",
            path="$.lastId",
            actual="glm-4.6",
            at=b'"lastId":"glm-4.',
        ),
        Mutant(
            "message-models",
            sub(b'"hasMore":false', b'"hasMore":null'),
            "no boolean",
            path="$.hasMore",
            actual="null",
            at=b'"hasMore":null,"',
        ),
        Mutant(
            "message-models",
            sub(b'"type":"model"', b'"object":"model"'),
            "incomplete",
            path="$.data[0]",
            actual='{"created_at": "2026-01-11T00:00:00Z", "…',
            at=b'{"data":[{"creat',
            count=2,
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "PTH-01": (Mutant("message-count", sub(b"21", b"1")),),
    "PTH-03": (Mutant("message-models", body(b"{}")),),
    "PTH-02": (Mutant("message-models", sub(b'"firstId":"glm-4.6",', b"")),),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
