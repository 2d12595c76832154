"""Properties of whole responses: faults of meaning and of the stream show in them."""

from __future__ import annotations

import pytest

from mockglm import faults
from mockglm.faults import message_parts
from tests.drift.responses import PAIRS, differences_by_fault

INVISIBLE = {"usage-over", "index-one"}
"""Faults that no response shows: only the request says how many tokens are too many."""


# tests/drift/test_faults.py has the faults of what only messages have.
MEANT = [
    name
    for name, fault in faults.CATALOGUE.items()
    if fault.kind == "meaning" and fault not in message_parts.FAULTS
]


@pytest.mark.parametrize("name", MEANT)
def test_fault_of_meaning_is_drift(name: str) -> None:
    assert any(differences_by_fault(name)) == (name not in INVISIBLE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("finish-unknown", ['$.choices[*].finish_reason: was "stop", is "eos"']),
        ("usage-total", ["usage adds up: was yes, is no"]),
        (
            "usage-zero",
            [
                "completion_tokens: was some, is 0",
                "reasoning_tokens beyond the whole: was no, is yes",
            ],
        ),
        ("usage-cached", ["cached_tokens beyond the whole: was no, is yes"]),
        (
            "content-null",
            ["the text: was no JSON, is none", "$.choices[*].message.content: was text, is null"],
        ),
        ("created-text", ["$.created: was unix seconds, is text"]),
        ("object-missing", ['$.object: was "chat.completion", is nothing']),
        ("model-other", ['$.model: was "glm-4.6", is "gpt-4o"']),
        ("role-user", ['$.choices[*].message.role: was "assistant", is "user"']),
        ("reasoning-missing", ["$.choices[*].message.reasoning_content: was text, is nothing"]),
        ("delta-key", ["$.choices[*].message.annotations: was nothing, is an empty list"]),
        ("refused", ["status: was 200, is 500"]),
        ("mojibake", ["the text is: was as it was written, is UTF-8 read as Latin-1"]),
    ],
)
def test_fault_of_a_json_response_is_named_exactly(name: str, expected: list[str]) -> None:
    assert list(differences_by_fault(name, [PAIRS[2]])) == [expected]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("id-changes", ["$.id of all chunks: was the same, is not the same"]),
        (
            "call-without-type",
            ['tool_calls: $.choices[*].delta.tool_calls[*].type: was "function", is nothing'],
        ),
        ("calls-in-one-chunk", ["calls in a chunk: was one, is several"]),
        ("arguments-cut", ["arguments of all calls: was a JSON object, is not a JSON object"]),
        ("arguments-empty", ["arguments of all calls: was a JSON object, is an empty JSON object"]),
        ("call-id-same", ["the id of a call: was its own, is of several"]),
        ("usage-total", ["usage adds up: was yes, is no"]),
        ("huge-line", ["framing: was canonical, is a line of more than 64 KB"]),
        ("finish-stop", ['finish_reason: $.choices[*].finish_reason: was "tool_calls", is "stop"']),
        ("done-twice", ["[DONE]: was at the end, is more than once"]),
        ("no-done", ["[DONE]: was at the end, is missing"]),
    ],
)
def test_fault_of_a_stream_is_named_exactly(name: str, expected: list[str]) -> None:
    assert list(differences_by_fault(name, [PAIRS[3]])) == [expected]


@pytest.mark.parametrize("name", ["crlf", "bom", "comment"])
def test_fault_of_framing_is_drift(name: str) -> None:
    (found,) = differences_by_fault(name, [PAIRS[0]])
    assert any(one.startswith("framing: was canonical, is ") for one in found)


def test_stream_that_cannot_be_read_is_drift() -> None:
    (found,) = differences_by_fault("glue", [PAIRS[0]])
    assert "chunks: was all readable, is not all readable" in found
