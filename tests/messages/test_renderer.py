"""Messages rendered: keys, order, ids and events, and back to the reply they were made of."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mockglm import completions, sse
from mockglm.clock import Pace
from mockglm.completions import Chunking, Renderer
from mockglm.exchange import Reply, Response, ToolCall
from mockglm.messages import parse_message, render_json, render_stream
from tests.completions.replies import ID, chunkings, replies, stamp

KEYS = ["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"]
USAGE = [
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "server_tool_use",
    "service_tier",
]


def events(response: Response) -> list[tuple[str, Any]]:
    """The events of a stream by their names; each is named like its type."""
    found, defects = sse.read(response.body)
    assert defects == ()
    named = [(event.event, json.loads(event.data)) for event in found]
    assert [name for name, _ in named] == [data["type"] for _, data in named]
    return named


def content(response: Response) -> Any:
    return json.loads(response.body)["content"]


def spoken(reply: Reply) -> Reply:
    """A reply as both surfaces can say it: arguments are an object, usage has their figures."""
    calls = tuple(replace(call, arguments='{"city":"Paris"}') for call in reply.calls)
    finish = "stop" if reply.finish_reason == "network_error" else reply.finish_reason
    return replace(
        reply,
        content=reply.content or "",
        calls=calls,
        finish_reason=finish,
        usage={},
        web_search=(),
        content_filter=(),
    )


def without_usage(reply: Reply) -> Reply:
    return replace(reply, usage=None)


def test_a_message_has_the_keys_of_the_service_in_their_order() -> None:
    response = render_json(Renderer(Reply(content="42")), stamp(cached=5))
    body = json.loads(response.body)
    assert (list(body), list(body["usage"])) == (KEYS, USAGE)
    assert response.body == (
        b'{"id":"msg_%b","type":"message","role":"assistant","model":"glm-4.6",'
        b'"content":[{"type":"text","text":"42"}],"stop_reason":"end_turn","stop_sequence":null,'
        b'"usage":{"input_tokens":7,"output_tokens":1,"cache_read_input_tokens":5,'
        b'"server_tool_use":{"web_search_requests":0},"service_tier":"standard"}}' % ID.encode()
    )


def test_thought_text_and_calls_are_blocks_in_this_order() -> None:
    reply = Reply(
        content="hm",
        reasoning="think",
        calls=(ToolCall("f", '{"a": 1}'), ToolCall("g", "{}")),
        finish_reason="tool_calls",
    )
    thought, text, first, second = content(render_json(Renderer(reply), stamp()))
    assert list(thought) == ["type", "thinking", "signature"]
    assert re.fullmatch("[0-9a-f]{24}", thought["signature"])
    assert text == {"type": "text", "text": "hm"}
    assert list(first) == ["type", "id", "name", "input"]
    assert (first["input"], second["input"]) == ({"a": 1}, {})
    assert re.fullmatch("call_[0-9a-f]{24}", first["id"])
    assert first["id"] != second["id"]


@pytest.mark.parametrize("arguments", ["not JSON", "[1]", '{"a":', "3"])
def test_arguments_that_are_no_object_stay_a_text(arguments: str) -> None:
    reply = Reply(calls=(ToolCall("f", arguments),))
    assert content(render_json(Renderer(reply), stamp()))[0]["input"] == arguments


def test_ids_of_calls_of_an_old_model_have_the_log_id() -> None:
    reply = Reply(calls=(ToolCall("f", "{}"), ToolCall("f", "{}")))
    blocks = content(render_json(Renderer(reply), stamp("glm-4-air")))
    assert [block["id"] for block in blocks] == [f"call_{ID}_0", f"call_{ID}_1"]


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("tool_calls", "tool_use"),
        ("model_context_window_exceeded", "model_context_window_exceeded"),
    ],
)
def test_finish_reasons_have_their_own_words(finish: str, reason: str) -> None:
    renderer = Renderer(Reply(content="a", finish_reason=finish))
    assert json.loads(render_json(renderer, stamp()).body)["stop_reason"] == reason
    streamed = events(render_stream(renderer, stamp()))
    assert streamed[-2][1]["delta"] == {"stop_reason": reason, "stop_sequence": None}


def test_a_stream_has_the_events_of_the_service_in_their_order() -> None:
    response = render_stream(Renderer(Reply(content="你好！", reasoning="嗯")), stamp(cached=4))
    names = [name for name, _ in events(response)]
    assert names == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    start = events(response)[0][1]["message"]
    assert list(start) == KEYS
    assert start["usage"] == {"input_tokens": 0, "output_tokens": 0}
    assert events(response)[-2][1]["usage"]["input_tokens"] == 8
    assert b"[DONE]" not in response.body
    assert response.body.startswith(b"event: message_start\ndata: {")


def test_a_thought_in_a_stream_is_signed_at_its_end() -> None:
    streamed = events(render_stream(Renderer(Reply(content="a", reasoning="think")), stamp()))
    assert streamed[2][1]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}
    assert [data["delta"]["type"] for _, data in streamed[3:6]] == [
        "thinking_delta",
        "thinking_delta",
        "signature_delta",
    ]


def test_arguments_come_whole_unless_the_reply_cuts_them() -> None:
    reply = Reply(calls=(ToolCall("f", '{"city": "Paris"}'),), finish_reason="tool_calls")
    whole = events(render_stream(Renderer(reply), stamp()))
    assert whole[2][1]["content_block"]["input"] == {}
    assert whole[3][1]["delta"] == {
        "type": "input_json_delta",
        "partial_json": '{"city": "Paris"}',
    }
    cut = events(render_stream(Renderer(reply, Chunking(arguments=6)), stamp()))
    pieces = [data["delta"]["partial_json"] for name, data in cut if name == "content_block_delta"]
    assert pieces == ['{"city', '": "Pa', 'ris"}']


def test_a_prompt_out_of_context_has_no_block_in_a_stream_and_an_empty_one_in_json() -> None:
    renderer = Renderer(Reply(finish_reason="model_context_window_exceeded"))
    names = [name for name, _ in events(render_stream(renderer, stamp()))]
    assert names == ["message_start", "ping", "message_delta", "message_stop"]
    body = json.loads(render_json(renderer, stamp()).body)
    assert body["content"] == [{"type": "text", "text": ""}]
    assert body["usage"] == {
        "input_tokens": 0,
        "output_tokens": 0,
        "cache_read_input_tokens": 0,
    }


def test_a_network_error_ends_a_stream_as_an_event_and_json_with_500() -> None:
    renderer = Renderer(Reply(content="half", finish_reason="network_error"))
    streamed = events(render_stream(renderer, stamp()))
    name, data = streamed[-1]
    assert (name, list(data)) == ("error", ["type", "error", "request_id"])
    assert (data["error"]["type"], data["error"]["code"]) == ("api_error", "1234")
    assert render_json(renderer, stamp()).status == 500


def test_a_search_of_the_service_is_two_blocks_that_no_client_expects() -> None:
    hit = {"title": "t", "link": "l", "content": "c", "refer": "ref_1", "media": "m"}
    renderer = Renderer(Reply(content="found", web_search=(hit,)))
    used, result, text = content(render_json(renderer, stamp()))
    assert (used["type"], used["name"]) == ("server_tool_use", "web_search_prime")
    assert (result["type"], result["tool_use_id"]) == ("tool_result", used["id"])
    assert json.loads(result["content"]) == [
        [{"title": "t", "link": "l", "content": "c", "refer": "ref_1"}]
    ]
    assert text["text"] == "found"
    streamed = [d for n, d in events(render_stream(renderer, stamp())) if n.endswith("block_start")]
    assert [data["content_block"]["type"] for data in streamed] == [
        "server_tool_use",
        "tool_result",
        "text",
    ]


def test_headers_are_those_of_the_service() -> None:
    plain = render_json(Renderer(Reply(content="a")), stamp(), Pace(first=1.5))
    assert plain.header("content-type") == "application/json"
    assert plain.header("x-process-time") == "1.500000"
    assert plain.header("x-log-id") == ID
    assert sum(name.lower() == "vary" for name, _ in plain.headers) == 1
    stream = render_stream(Renderer(Reply(content="a")), stamp())
    assert stream.header("content-type") == "text/event-stream; charset=utf-8"
    assert stream.header("cache-control") == "no-cache"


def test_headers_of_a_reply_replace_those_of_the_service() -> None:
    renderer = Renderer(Reply(content="a"), headers=(("Vary", "Cookie"), ("X-Own", "1")))
    response = render_json(renderer, stamp())
    assert [value for name, value in response.headers if name == "Vary"] == ["Cookie"]
    assert response.headers[-1][0] == "X-Log-Id"


def test_a_paced_stream_starts_with_its_first_token() -> None:
    response = render_stream(Renderer(Reply(content="12345678")), stamp(), Pace(first=1, every=1))
    times = [at for at, _ in response.chunks]
    assert times == [1, 2, 3]
    assert response.chunks[0][1].count(b"event: ") == 4
    whole = render_stream(Renderer(Reply(content="12345678")), stamp())
    assert response.body == whole.body


@given(replies, chunkings)
def test_a_stream_and_json_parse_back_to_the_same_reply(reply: Reply, chunking: Chunking) -> None:
    reply = spoken(reply)
    renderer = Renderer(reply, chunking)
    plain = parse_message(render_json(renderer, stamp()))
    assert without_usage(plain.reply) == without_usage(reply)
    assert (plain.id, plain.model) == (ID, "glm-4.6")
    streamed = parse_message(render_stream(renderer, stamp()))
    assert streamed.reply.usage == plain.reply.usage
    assert without_usage(streamed.reply) == without_usage(reply)


@given(replies)
def test_a_reply_has_the_same_meaning_on_both_surfaces(reply: Reply) -> None:
    renderer = Renderer(spoken(reply))
    chat = completions.parse_stream(renderer.render_stream(stamp()).body).reply
    message = parse_message(render_stream(renderer, stamp())).reply
    assert without_usage(message) == without_usage(chat)
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details")
    # Out of context, the one has no usage and the other its own.
    if reply.finish_reason == "model_context_window_exceeded":
        return
    assert chat.usage is not None
    assert message.usage == {name: chat.usage[name] for name in names}


@given(st.text(max_size=30))
def test_text_is_never_taken_for_a_placeholder(text: str) -> None:
    renderer = Renderer(Reply(content=text, reasoning=text or None))
    assert parse_message(render_json(renderer, stamp())).reply.content == text
