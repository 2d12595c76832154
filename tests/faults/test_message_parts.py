"""Faults of parts that only the Anthropic surface has, applied to streams and JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockglm.completions import Chunking, Renderer
from mockglm.errors import FaultError
from mockglm.exchange import Reply, Response, ToolCall
from mockglm.messages import list_models, parse_message
from mockglm.models import MODELS
from tests.completions.replies import ID, stamp
from tests.faults.test_blocks import PLAIN, STREAM, events, laid
from tests.faults.test_blocks import REPLY as WHOLE

CUT = Renderer(Reply(calls=(ToolCall("f", '{"a": "b"}'), ToolCall("g", "{}"))), Chunking())


def of_type(response: Response, name: str) -> list[Any]:
    return [data for kind, data in events(response) if kind == name]


def test_an_unknown_event_is_named_and_changes_no_other() -> None:
    broken = events(laid("event-unknown.type-content_block_ping", STREAM))
    assert broken[1] == ("content_block_ping", {"type": "content_block_ping"})
    assert [*broken[:1], *broken[2:]] == events(STREAM)


def test_calls_that_start_with_their_input_have_no_deltas() -> None:
    broken = laid("start-with-input", STREAM)
    starts = [data["content_block"] for data in of_type(broken, "content_block_start")]
    assert [one["input"] for one in starts if one["type"] == "tool_use"] == [{"a": "好"}, {}]
    assert b"input_json_delta" not in broken.body
    assert b"text_delta" in broken.body
    assert parse_message(broken).reply.calls[0].arguments == '{"a":"好"}'


def test_calls_that_start_without_input_keep_their_deltas() -> None:
    broken = laid("start-without-input", STREAM)
    starts = [data["content_block"] for data in of_type(broken, "content_block_start")]
    assert [sorted(one) for one in starts[2:]] == [["id", "name", "type"]] * 2
    assert parse_message(broken).reply == parse_message(STREAM).reply


def test_no_part_of_a_thought_is_signed() -> None:
    for response in (STREAM, PLAIN):
        broken = laid("signature-missing", response)
        assert b"signature" not in broken.body
        assert parse_message(broken).reply.reasoning == WHOLE.reasoning


def test_message_start_ends_with_an_empty_word() -> None:
    (start,) = of_type(laid("start-stop-reason", STREAM), "message_start")
    assert start["message"]["stop_reason"] == ""


def test_message_start_counts_what_message_delta_counts() -> None:
    broken = laid("usage-in-start", STREAM)
    (start,), (end,) = of_type(broken, "message_start"), of_type(broken, "message_delta")
    usage = {"input_tokens": end["usage"]["input_tokens"], "output_tokens": 0}
    assert start["message"]["usage"] == usage
    assert usage["input_tokens"] > 0


def test_a_cache_that_was_written_is_counted() -> None:
    (end,) = of_type(laid("cache-creation", STREAM), "message_delta")
    assert end["usage"]["cache_creation_input_tokens"] == 0
    assert json.loads(laid("cache-creation", PLAIN).body)["usage"]["cache_read_input_tokens"] == 4


def test_a_listing_has_the_keys_of_openai() -> None:
    broken = laid("listing-openai", list_models([MODELS["glm-4.6"]], ID))
    model = {"id": "glm-4.6", "object": "model", "owned_by": "z-ai"}
    assert json.loads(broken.body) == {"object": "list", "data": [model]}


@pytest.mark.parametrize(
    "name",
    [
        "event-unknown",
        "start-with-input",
        "start-without-input",
        "start-stop-reason",
        "usage-in-start",
    ],
)
def test_a_fault_of_streams_is_refused_for_a_json_message(name: str) -> None:
    with pytest.raises(FaultError, match="it applies to a stream"):
        laid(name, PLAIN)


def test_a_completion_has_none_of_these_parts() -> None:
    with pytest.raises(FaultError, match="it has no form on the Chat surface"):
        laid("signature-missing", CUT.render_json(stamp()))
    with pytest.raises(FaultError, match="without a listing of the Anthropic surface"):
        laid("listing-openai", CUT.render_json(stamp()))
