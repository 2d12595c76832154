"""Joining: what was cut is what comes back, and what has no meaning is said to have none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mockglm.completions import Chunking, Renderer, parse_json, parse_stream, render_error
from mockglm.errors import StreamError
from mockglm.exchange import ERROR_FINISHES, APIError, Reply, ToolCall
from tests.completions.replies import ID, chunkings, pieces, replies, stamp

CHUNK = b'data: {"id":"1","choices":[{"index":0,"delta":%b}]}\n\n'


@given(replies, chunkings, st.booleans())
def test_a_stream_joined_is_the_reply_it_was_cut_from(
    reply: Reply, chunking: Chunking, tool_stream: bool
) -> None:
    body = Renderer(reply, chunking).render_stream(stamp(), tool_stream=tool_stream).body
    assert parse_stream(body).reply == reply


@given(replies)
def test_a_json_answer_read_is_the_reply_it_was_made_of(reply: Reply) -> None:
    assert parse_json(Renderer(reply).render_json(stamp()).body).reply == reply


@given(replies, st.data())
def test_exact_pieces_make_up_the_same_reply(reply: Reply, data: st.DataObject) -> None:
    chunking = Chunking(
        content=pieces(reply.content or "", data.draw),
        reasoning=pieces(reply.reasoning or "", data.draw),
    )
    assert parse_stream(Renderer(reply, chunking).render_stream(stamp()).body).reply == reply


@given(replies, chunkings)
def test_both_renderings_say_the_same_but_for_the_ids_of_calls(
    reply: Reply, chunking: Chunking
) -> None:
    calls = tuple(replace(call, id=None) for call in reply.calls)
    rendering = Renderer(replace(reply, calls=calls, usage={}), chunking)
    streamed = parse_stream(rendering.render_stream(stamp()).body)
    plain = parse_json(rendering.render_json(stamp()).body)
    same = _without_ids(plain.reply)
    if reply.finish_reason in ERROR_FINISHES:
        same = replace(same, usage=None)
    assert _without_ids(streamed.reply) == same
    assert (streamed.id, streamed.model) == (plain.id, plain.model) == (ID, "glm-4.6")


def _without_ids(reply: Reply) -> Reply:
    return replace(reply, calls=tuple(replace(call, id=None) for call in reply.calls))


def test_ids_and_model_are_parsed_with_the_reply() -> None:
    rendering = Renderer(Reply(content="好"))
    streamed, plain = (
        parse_stream(rendering.render_stream(stamp()).body),
        parse_json(rendering.render_json(stamp()).body),
    )
    assert (streamed.id, streamed.created, streamed.model) == (ID, 1795331180, "glm-4.6")
    assert (plain.id, plain.request_id, plain.model) == (ID, "mine", "glm-4.6")
    assert streamed.request_id == ""


def test_a_content_of_none_is_kept_by_json_and_empty_in_a_stream() -> None:
    reply = Reply(content=None, calls=(ToolCall("f", "{}", "call_1"),), usage=None)
    assert parse_json(Renderer(reply).render_json(stamp()).body).reply == reply
    assert parse_stream(Renderer(reply).render_stream(stamp()).body).reply == replace(
        reply, content=""
    )


def test_an_error_is_parsed_with_its_sibling_keys() -> None:
    beside = {"contentFilter": [{"level": 1, "role": "user"}]}
    body = render_error(APIError("1301", extra=beside), ID).body
    failure = parse_json(body).reply.error
    assert failure is not None
    assert (failure.code, failure.extra) == ("1301", beside)
    assert failure.message is not None
    assert failure.message.startswith("系统检测到")


def test_an_error_in_a_stream_ends_it() -> None:
    body = CHUNK % b'{"content":"a"}' + b'data: {"error":{"code":"1234","message":"m"}}\n\n'
    assert parse_stream(body).reply == Reply(usage=None, error=APIError("1234", message="m"))


def test_an_error_that_is_no_object_has_no_code() -> None:
    body = b'{"error":"DNS resolution failure"}'
    assert parse_json(body).reply.error == APIError("", message="DNS resolution failure")


def test_an_error_of_null_is_none() -> None:
    body = b'data: {"error":null,"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
    assert parse_stream(body).reply.content == "a"


def test_frames_after_done_are_ignored() -> None:
    body = CHUNK % b'{"content":"a"}' + b"data: [DONE]\n\n" + CHUNK % b'{"content":"b"}'
    assert parse_stream(body).reply.content == "a"


def test_usage_is_taken_from_a_chunk_of_its_own_too() -> None:
    tail = b'data: {"id":"1","choices":[],"usage":{"total_tokens":3}}\n\n'
    assert parse_stream(CHUNK % b'{"content":"a"}' + tail).reply.usage == {"total_tokens": 3}


def test_a_stream_without_a_finish_reason_has_none() -> None:
    assert parse_stream(CHUNK % b'{"content":"a"}').reply.finish_reason == ""


def test_the_tool_call_of_2025_numbered_minus_one_is_joined() -> None:
    """open.bigmodel.cn, glm-4.5-flash, 2025-09: the call's chunk has the finish reason too."""
    body = (
        CHUNK
        % b'{"role":"assistant","content":"\\n"}'
        + b'data: {"id":"1","choices":[{"index":0,"finish_reason":"tool_calls","delta":'
        b'{"tool_calls":[{"id":"call_4B","index":-1,"type":"function",'
        b'"function":{"name":"add","arguments":"{}"}}]}}]}\n\n'
    )
    reply = parse_stream(body).reply
    assert reply.calls == (ToolCall("add", "{}", "call_4B"),)
    assert (reply.content, reply.finish_reason) == ("\n", "tool_calls")


def test_pieces_of_a_call_without_id_and_name_belong_to_its_index() -> None:
    deltas = (
        b'{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":""}}]}',
        b'{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}',
        b'{"tool_calls":[{"index":1,"function":{"arguments":"{\\"x\\":"}}]}',
        b'{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"1}"}}]}',
    )
    reply = parse_stream(b"".join(CHUNK % delta for delta in deltas)).reply
    assert reply.calls == (ToolCall("g", '{"x":1}', "b"), ToolCall("f", "", "a"))


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (b"", 0),
        (b"data: [DONE]\n\n", 0),
        (b"<html>", 0),
        (CHUNK % b"{}" + b'data: {"id":"2026data: {"id":"2"}\n\n', 53),
        (CHUNK % b"{}" + b"data: 1\n\n", 53),
        (CHUNK % b'{"content":["a"]}', 0),
        (CHUNK % b'{"tool_calls":[{"function":{"arguments":{"a":1}}}]}', 0),
        (CHUNK % b'{"tool_calls":[{"index":[]}]}', 0),
        (b'data: {"choices":[1]}\n\n', 0),
        (b'data: {"choices":[],"usage":3}\n\n', 0),
        (b"data: %b\n\n" % (b"[" * 100_000), 0),
    ],
)
def test_a_stream_without_meaning_is_refused_at_its_byte(body: bytes, at: int) -> None:
    with pytest.raises(StreamError) as caught:
        parse_stream(body)
    assert caught.value.at == at


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"<html>502</html>",
        b'{"choices":[]}',
        b'{"choices":null}',
        b'{"choices":[{"message":{"content":"a"}}]}',
        b'{"choices":[{"finish_reason":"stop","message":null}]}',
        b'{"choices":[{"finish_reason":"stop","message":{"content":[]}}]}',
        b'{"choices":[{"finish_reason":"stop","message":{"tool_calls":[{"function":'
        b'{"name":"f","arguments":{}}}]}}]}',
    ],
)
def test_a_json_answer_without_meaning_is_refused(body: bytes) -> None:
    with pytest.raises(StreamError):
        parse_json(body)


def test_identity_of_a_wrong_type_is_as_none() -> None:
    body = b'{"id":1,"created":"x","choices":[{"finish_reason":null,"message":{"content":"a"}}]}'
    joined = parse_json(body)
    assert (joined.id, joined.created, joined.reply.finish_reason) == ("", 0, "")


def test_a_long_stream_is_joined_in_time_that_grows_with_it() -> None:
    frame = CHUNK % (b'{"content":"%b"}' % (b"x" * 200))
    assert len(parse_stream(frame * 20_000).reply.content or "") == 4_000_000
