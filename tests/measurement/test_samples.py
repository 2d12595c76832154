"""A stream becomes a sample: its times, its usage and its reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockglm.exchange import Exchange, Request, Response
from mockglm.measurement.samples import Sample, read_sample
from mockglm.measurement.surfaces import SURFACES

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


def sample(*chunks: tuple[float, bytes], status: int = 200, surface: str = "chat") -> Sample:
    response = Response(status, HEADERS, chunks)
    return read_sample("plain", Exchange(Request("POST", "/"), response, 0.0), SURFACES[surface])


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


def delta(kind: str, **text: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **text}}


def message(*values: tuple[float, Any]) -> Sample:
    return sample(*((at, event(value)) for at, value in values), surface="anthropic")


STOP = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn"},
    "usage": {"input_tokens": 10, "output_tokens": 11, "cache_read_input_tokens": 90},
}


def test_a_message_has_the_times_and_the_usage_of_a_chat() -> None:
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 0}}}
    found = message(
        (0.25, start),
        (0.375, {"type": "ping"}),
        (0.5, delta("thinking_delta", thinking="a")),
        (0.625, delta("signature_delta", signature="b")),
        (0.75, delta("text_delta", text="b")),
        (1.5, delta("text_delta", text="c")),
        (2.0, STOP),
        (2.0, {"type": "message_stop"}),
    )
    assert (found.first, found.gaps, found.rate) == (0.5, (0.25, 0.75), 10)
    assert (found.prompt_tokens, found.cached_tokens, found.completion_tokens) == (100, 90, 11)
    assert (found.finish, found.is_empty_stop, found.error) == ("stop", False, "")
    assert found.is_cache_hit


def test_a_prompt_that_is_counted_at_the_beginning_counts() -> None:
    """Anthropic's own API has the input in message_start and the output in message_delta."""
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 70}}}
    end = {**STOP, "usage": {"output_tokens": 5}}
    found = message((0.25, start), (0.5, delta("text_delta", text="a")), (1.0, end))
    assert (found.prompt_tokens, found.completion_tokens) == (70, 5)


def test_a_call_in_a_message_is_a_first_token_but_no_text() -> None:
    block = {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "f"}}
    found = message((0.5, block), (0.6, delta("input_json_delta", partial_json="{}")), (0.7, STOP))
    assert (found.first, found.gaps, found.is_empty_stop) == (0.5, (), False)


@pytest.mark.parametrize("reason", ["end_turn", "max_tokens", "model_context_window_exceeded"])
def test_thought_alone_is_an_empty_message_only_if_it_stops(reason: str) -> None:
    end = {**STOP, "delta": {"stop_reason": reason}}
    found = message((0.5, delta("thinking_delta", thinking="a")), (0.6, end))
    assert found.is_empty_stop == (reason == "end_turn")
    assert not found.error


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"type": "error", "error": {"code": "1302"}}, "an error in the stream"),
        ({"type": "message_stop"}, "no finish reason"),
        ({"delta": 1, "content_block": [], "message": 1, "usage": []}, "no finish reason"),
        ({"delta": {"type": [], "stop_reason": {}}, "usage": {"input_tokens": "a"}}, "no finish"),
    ],
)
def test_any_event_of_a_message_is_a_sample(value: Any, error: str) -> None:
    found = message((0.1, value))
    assert found.error.startswith(error)
    assert (found.first, found.prompt_tokens) == (None, 0)


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
        (b'{"type":"error","error":{"type":"overloaded_error","code":"1305"}}', "1305"),
        (b'{"error":{"message":"token expired or incorrect","type":"401"}}', "401"),
        (b'{"error":{"type":"rate_limit_error"}}', ""),
        (b'{"error":"busy"}', ""),
        (b"<html>", ""),
        (b"\xff", ""),
    ],
)
def test_a_refusal_has_its_code(body: bytes, code: str) -> None:
    found = sample((0.1, body), status=429)
    assert (found.status, found.code, found.error) == (429, code, "status 429")
    assert not found.is_measured
