"""JSN: plain replies; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import Mutant, number, sub
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "JSN-01": (
        Mutant(
            "plain",
            sub(b'"id"', b'"ID"'),
            "id is wrong",
            path="$.id",
            actual="no such key",
            also="EQV-05",
        ),
        Mutant(
            "plain", number(b"created", b"1.5"), "created is wrong", path="$.created", actual="1.5"
        ),
        Mutant(
            "plain",
            sub(b'"usage"', b'"cost"'),
            "usage is wrong",
            path="$.usage",
            actual="no such key",
        ),
    ),
    "JSN-02": (
        Mutant(
            "plain",
            sub(b'"role":"assistant"', b'"role":"model"'),
            "not a message of the assistant",
            path="$.choices[0].message",
            actual='{"content": "one two three four five six…',
        ),
        Mutant(
            "plain",
            sub(b'"message"', b'"text"'),
            "not a message of the assistant",
            path="$.choices[0].message",
            actual="null",
            also="AUT-03",
        ),
        Mutant(
            "plain",
            sub(b'"choices":[', b'"choices":[{"index":1,"message":{"role":"assistant"}},'),
            "not one choice",
            path="$.choices",
            actual="2",
            also="JSN-03 JSN-04",
        ),
    ),
    "JSN-03": (
        Mutant(
            "plain",
            sub(b'"content":', b'"content":null,"text":'),
            "not text",
            path="$.choices[0].message.content",
            actual="null",
            also="EQV-01 EQV-07",
        ),
        Mutant(
            "plain",
            sub(b'"content":"one', b'"content":["one"],"text":"'),
            "not text",
            path="$.choices[0].message.content",
            actual='["one"]',
            also="EQV-07",
        ),
        Mutant(
            "tools-plain",
            sub(b'"content":""', b'"content":5'),
            "not text",
            path="$.choices[0].message.content",
            actual="5",
        ),
    ),
    "JSN-04": (
        Mutant(
            "plain",
            sub(b'"finish_reason":"stop"', b'"finish_reason":null'),
            "not finished",
            path="$.choices[0].finish_reason",
            actual="null",
        ),
    ),
    "JSN-05": (
        Mutant(
            "plain",
            sub(b"mockglm-a1b2c3-plain", b"20260729080000f0"),
            "unexpected id",
            path="$.request_id",
            actual="20260729080000f0",
        ),
    ),
    "JSN-06": (
        Mutant(
            "plain",
            sub(b'"message"', b'"delta":{},"message"'),
            "a delta",
            path="$.choices[0].delta",
            actual="{}",
        ),
    ),
    "JSN-07": (
        Mutant(
            "plain",
            sub(b"glm-4.6", b"glm-4.5"),
            "another model",
            path="$.model",
            actual="glm-4.5",
            also="EQV-05",
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "JSN-03": (
        Mutant("tools-plain", sub(b'"content":"",', b"")),
        Mutant("tools-plain", sub(b'"content":"",', b'"content":null,')),
    ),
    "JSN-07": tuple(
        Mutant("plain", sub(b'"glm-4.6"', b'"%b"' % same))
        for same in (b"GLM-4.6", b"zai-org/GLM-4.6-FP8", b"glm-4.6-20251001", b"z-ai/glm-4.6:free")
    ),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
