"""A stream becomes a sample: its times, its usage and its reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockglm.exchange import Exchange, Request, Response
from mockglm.measurement.samples import Sample, read_sample

HEADERS = (("Content-Type", "text/event-stream"),)
USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 11,
    "total_tokens": 111,
    "prompt_tokens_details": {"cached_tokens": 90},
}
LAST: dict[str, Any] = {
    "choices": [{"index": 0, "finish_reason": "stop", "delta": {"content": ""}}],
    "usage": USAGE,
}


def event(value: Any) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def text(value: str, key: str = "content") -> bytes:
    return event({"choices": [{"index": 0, "delta": {key: value}}]})


def sample(*chunks: tuple[float, bytes], status: int = 200) -> Sample:
    response = Response(status, HEADERS, chunks)
    return read_sample("plain", Exchange(Request("POST", "/"), response, 0.0))


def test_times_are_those_of_text_and_reasoning() -> None:
    found = sample(
        (0.5, text("a", "reasoning_content")),
        (0.75, text("b")),
        (1.5, text("c")),
        (2.0, event(LAST) + b"data: [DONE]\n\n"),
    )
    assert (found.first, found.gaps) == (0.5, (0.25, 0.75))
    assert found.rate == 10
    assert (found.prompt_tokens, found.cached_tokens, found.completion_tokens) == (100, 90, 11)
    assert (found.finish, found.is_empty_stop, found.error) == ("stop", False, "")
    assert found.is_cache_hit


def test_a_call_is_a_first_token_but_no_text() -> None:
    call = {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0}]}}]}
    found = sample((0.5, event(call)), (0.6, event(LAST)))
    assert (found.first, found.gaps, found.rate) == (0.5, (), None)
    assert not found.is_empty_stop


@pytest.mark.parametrize(("finish", "is_empty"), [("stop", True), ("length", False)])
def test_thought_alone_is_an_empty_stop_only_if_it_stops(finish: str, is_empty: bool) -> None:
    """27 to 72 tokens of thought and no content, glm-4.7, 2025-12."""
    last = {**LAST, "choices": [{"finish_reason": finish, "delta": {}}]}
    found = sample((0.5, text("a", "reasoning_content")), (0.6, event(last)))
    assert found.is_empty_stop == is_empty


def test_reads_are_counted_by_the_events_they_complete() -> None:
    whole = text("a") + text("b")
    found = sample((0.1, whole), (0.2, whole[:9]), (0.3, whole[9:]), (0.4, event(LAST)))
    assert (found.reads, found.split_reads) == ((2, 0, 2, 1), 1)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "no finish reason"),
        (b"data: {\n\n", "no finish reason"),
        (b"data: [1]\n\ndata: \xff\n\n", "no finish reason"),
        (event({"choices": 1}) + event({"choices": [1]}), "no finish reason"),
        (event({"choices": [{"delta": [1]}]}), "no finish reason"),
        (event({"error": {"code": "1234"}}), "an error in the stream"),
        (event({"choices": [{"finish_reason": "stop"}], "usage": {"prompt_tokens": "a"}}), ""),
    ],
)
def test_any_bytes_are_a_sample(body: bytes, error: str) -> None:
    found = sample((0.1, body))
    assert (found.error, found.first) == (error, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"error":{"code":"1302","message":"x"}}', "1302"),
        (b'{"error":"busy"}', ""),
        (b"<html>", ""),
        (b"\xff", ""),
    ],
)
def test_a_refusal_has_its_code(body: bytes, code: str) -> None:
    found = sample((0.1, body), status=429)
    assert (found.status, found.code, found.error) == (429, code, "status 429")
    assert not found.is_measured
