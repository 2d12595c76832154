"""Messages parsed: captured answers, errors in three envelopes, and what has no meaning."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockglm.errors import StreamError
from mockglm.exchange import APIError, Response
from mockglm.messages import is_message, parse_message, render_error

LOG = "20260806102141d1f8c2a9b3e47f00"
JSON_TYPE = (("content-type", "application/json"),)
STREAM_TYPE = (("content-type", "text/event-stream"),)


def plain(value: Any, status: int = 200) -> Response:
    return Response(status, JSON_TYPE, ((0.0, json.dumps(value).encode()),))


def stream(*events: Any) -> Response:
    body = "".join(f"event: {e.get('type')}\ndata: {json.dumps(e)}\n\n" for e in events)
    return Response(200, STREAM_TYPE, ((0.0, body.encode()),))


def message(*blocks: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"msg_{LOG}",
        "type": "message",
        "role": "assistant",
        "model": "glm-5.2",
        "content": list(blocks),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 23, "output_tokens": 2, "cache_read_input_tokens": 7},
        **fields,
    }


def test_usage_is_in_the_words_of_v4() -> None:
    parsed = parse_message(plain(message({"type": "text", "text": "42"})))
    assert parsed.reply.usage == {
        "prompt_tokens": 30,
        "completion_tokens": 2,
        "total_tokens": 32,
        "prompt_tokens_details": {"cached_tokens": 7},
    }
    assert (parsed.id, parsed.request_id, parsed.created) == (LOG, LOG, 1785982901)


def test_blocks_of_the_services_own_tools_are_left_out() -> None:
    blocks = [
        {"type": "text", "text": "a"},
        {"type": "server_tool_use", "id": "call_1", "name": "web_search_prime", "input": {"q": 1}},
        {"type": "tool_result", "tool_use_id": "call_1", "content": "[]"},
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "text", "text": "b"},
    ]
    reply = parse_message(plain(message(*blocks))).reply
    assert (reply.content, reply.reasoning, reply.calls) == ("ab", "t", ())


def test_arguments_of_a_block_without_deltas_are_its_input() -> None:
    block = {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}}
    start = {"type": "message_start", "message": message()}
    opened = {"type": "content_block_start", "index": 0, "content_block": block}
    (call,) = parse_message(stream(start, opened)).reply.calls
    assert json.loads(call.arguments) == {"a": 1}


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (APIError("1302"), 429, "您的账户已达到速率限制，请您控制请求频率"),
        (APIError("1305"), 529, "该模型当前访问量过大，请您稍后再试"),
        (APIError("401"), 401, "令牌已过期或验证不正确"),
        (APIError("1210", message="own [1] [2]"), 400, "own [1] [2]"),
    ],
)
def test_an_error_rendered_is_parsed(error: APIError, status: int, message: str) -> None:
    response = render_error(error, LOG)
    parsed = parse_message(response).reply.error
    assert parsed == APIError(error.code, status=status, message=message)
    assert response.status == status


def test_a_400_is_labelled_as_a_stream_and_is_json() -> None:
    response = render_error(APIError("1211"), LOG, language="en")
    assert response.is_stream
    assert json.loads(response.body) == {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "code": "1211",
            "message": f"[1211][Unknown Model, please check the model code.][{LOG}]",
        },
        "request_id": LOG,
    }


def test_a_detail_is_an_error_without_a_message() -> None:
    error = parse_message(plain({"detail": [{"type": "missing"}]}, 422)).reply.error
    assert error == APIError("422", status=422, extra={"detail": [{"type": "missing"}]})


def test_an_error_within_a_stream_is_the_reply() -> None:
    start = {"type": "message_start", "message": message()}
    told = {"type": "overloaded_error", "code": "500", "message": f"[500][Operation failed][{LOG}]"}
    error = parse_message(stream(start, {"type": "error", "error": told})).reply.error
    assert error == APIError("500", message="Operation failed")


@pytest.mark.parametrize(
    "response",
    [
        plain({"type": "message"}),
        plain([1]),
        plain(message(7)),
        plain({"choices": []}),
        stream(),
        stream({"type": "ping"}),
        stream({"type": "content_block_delta", "index": 0, "delta": {}}),
        stream({"type": "content_block_start", "index": "x", "content_block": {"type": "text"}}),
        Response(200, STREAM_TYPE, ((0.0, b"data: {\n\n"),)),
    ],
)
def test_a_body_that_is_no_message_is_not_parsed(response: Response) -> None:
    with pytest.raises(StreamError):
        parse_message(response)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"id":"1","type":"message","role":"assistant"}', True),
        (b'{"type":"error","error":{}}', True),
        (b"event: message_start\ndata: {}\n\n", True),
        (b'data: {"type":"message_start","message":{}}\n\n', True),
        (b'{"choices":[]}', False),
        (b'data: {"id":"1","choices":[]}\n\n', False),
        (b"<html>", False),
        (b"", False),
    ],
)
def test_a_message_is_known_by_its_beginning(body: bytes, expected: bool) -> None:
    assert is_message(Response(200, JSON_TYPE, ((0.0, body),))) is expected
