"""Rendering: every shape of an answer in the bytes the wire has, and when each is due."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mockglm import sse
from mockglm.clock import Pace
from mockglm.completions import Chunking, Renderer, estimate_tokens, render_error
from mockglm.exchange import FINISHES, APIError, Reply, Response, ToolCall
from tests.completions.replies import ID, IDS, chunkings, replies, stamp

HEAD = (
    '{"id":"2026112215062000d1f8c2a9b3e47f","created":1795331180,'
    '"object":"chat.completion.chunk","model":"glm-4.6",'
)
USAGE = {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19}
DETAILS = (
    '"prompt_tokens_details":{"cached_tokens":0},'
    '"completion_tokens_details":{"reasoning_tokens":%d}'
)
CALL = ToolCall("get_weather", '{"city":"北京"}')
SEARCH = {"title": "天气", "link": "https://example.com", "content": "晴", "refer": "ref_1"}


def stream(*frames: str) -> str:
    """A stream of frames that differ from their second key group on."""
    return "".join(f"data: {HEAD}{frame}\n\n" for frame in frames) + "data: [DONE]\n\n"


def without_object(text: str) -> str:
    """The stream without the key in its last chunk."""
    before, _, after = text.rpartition('"object":"chat.completion.chunk",')
    return before + after


def delta(text: str) -> str:
    return f'"choices":[{{"index":0,"delta":{text}}}]}}'


def last(reason: str, tail: str = "") -> str:
    choice = f'{{"index":0,"finish_reason":"{reason}","delta":{{"role":"assistant","content":""}}}}'
    return f'"choices":[{choice}]{tail}}}'


def usage(prompt: int, done: int, thought: int = 0) -> str:
    figures = f'"prompt_tokens":{prompt},"completion_tokens":{done},"total_tokens":{prompt + done}'
    return f',"usage":{{{figures},{DETAILS % thought}}}'


STREAMS = {
    "text": (
        Reply(content="你好世界！再见"),
        stream(
            delta('{"role":"assistant","content":"你好世界"}'),
            delta('{"role":"assistant","content":"！再见"}'),
            last("stop", usage(12, 4)),
        ),
    ),
    "thinking": (
        Reply(reasoning="用户打招呼。", content="你好"),
        stream(
            delta('{"role":"assistant","reasoning_content":"用户打招"}'),
            delta('{"role":"assistant","reasoning_content":"呼。"}'),
            delta('{"role":"assistant","content":"你好"}'),
            last("stop", usage(12, 5, 4)),
        ),
    ),
    "one tool": (
        Reply(calls=(CALL,), finish_reason="tool_calls"),
        stream(
            delta(
                '{"tool_calls":[{"id":"ID0","index":0,"type":"function","function":'
                '{"name":"get_weather","arguments":"{\\"city\\":\\"北京\\"}"}}]}'
            ),
            last("tool_calls", usage(12, 7)),
        ),
    ),
    "parallel tools after text": (
        Reply(
            content="查。",
            calls=(ToolCall("add", '{"a": 2}', "call_x"), ToolCall("now", "{}")),
            finish_reason="tool_calls",
            usage=USAGE,
        ),
        stream(
            delta('{"role":"assistant","content":"查。"}'),
            delta(
                '{"tool_calls":[{"id":"call_x","index":0,"type":"function","function":'
                '{"name":"add","arguments":"{\\"a\\": 2}"}}]}'
            ),
            delta(
                '{"tool_calls":[{"id":"ID1","index":1,"type":"function","function":'
                '{"name":"now","arguments":"{}"}}]}'
            ),
            last("tool_calls", usage(12, 7)),
        ),
    ),
    "sensitive": (
        Reply(
            content="我",
            finish_reason="sensitive",
            usage=None,
            content_filter=({"role": "user", "level": 1},),
        ),
        stream(
            delta('{"role":"assistant","content":"我"}'),
            last("sensitive", ',"content_filter":[{"role":"user","level":1}]'),
        ),
    ),
    "network error": (
        Reply(content="", finish_reason="network_error", usage=None),
        without_object(stream(last("network_error"))),
    ),
    "full context": (
        Reply(content="从前", finish_reason="model_context_window_exceeded", usage=None),
        without_object(
            stream(
                delta('{"role":"assistant","content":"从前"}'),
                last("model_context_window_exceeded"),
            )
        ),
    ),
    "web search": (
        Reply(content="晴", web_search=(SEARCH,), usage=USAGE),
        stream(
            delta('{"role":"assistant","content":"晴"}'),
            last(
                "stop",
                ',"web_search":[{"title":"天气","link":"https://example.com","content":"晴",'
                '"refer":"ref_1"}]' + usage(12, 7),
            ),
        ),
    ),
    "no content": (Reply(content=None, usage=None), stream(last("stop"))),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_these_bytes(name: str) -> None:
    reply, expected = STREAMS[name]
    for index in range(2):
        expected = expected.replace(f"ID{index}", IDS.stream_call(index))
    answer = Renderer(reply).render_stream(stamp())
    assert answer.body.decode() == expected
    assert (answer.status, answer.end, answer.head) == (200, "done", 0.0)


PLAINS = {
    "text": (
        Reply(content="你好"),
        '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"你好",'
        '"role":"assistant"}}],"created":1795331180,"id":"2026112215062000d1f8c2a9b3e47f",'
        '"model":"glm-4.6","object":"chat.completion","request_id":"mine","usage":'
        '{"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":0},'
        '"prompt_tokens":12,"prompt_tokens_details":{"cached_tokens":0},"total_tokens":13}}',
    ),
    "thinking and parallel tools": (
        Reply(
            content=None,
            reasoning="想",
            calls=(CALL, ToolCall("add", "{}", "call_x")),
            finish_reason="tool_calls",
            usage=None,
        ),
        '{"choices":[{"finish_reason":"tool_calls","index":0,"message":{"reasoning_content":"想",'
        '"role":"assistant","tool_calls":[{"function":{"arguments":"{\\"city\\":\\"北京\\"}",'
        '"name":"get_weather"},"id":"ID0","index":0,"type":"function"},{"function":'
        '{"arguments":"{}","name":"add"},"id":"call_x","index":1,"type":"function"}]}}],'
        '"created":1795331180,"id":"2026112215062000d1f8c2a9b3e47f","model":"glm-4.6",'
        '"object":"chat.completion","request_id":"mine"}',
    ),
    "web search and filter": (
        Reply(
            content="晴",
            usage=None,
            web_search=(SEARCH,),
            content_filter=({"role": "user", "level": 3},),
        ),
        '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"晴",'
        '"role":"assistant"}}],"content_filter":[{"level":3,"role":"user"}],"created":1795331180,'
        '"id":"2026112215062000d1f8c2a9b3e47f","model":"glm-4.6","object":"chat.completion",'
        '"request_id":"mine","web_search":[{"content":"晴","link":"https://example.com",'
        '"refer":"ref_1","title":"天气"}]}',
    ),
}


@pytest.mark.parametrize("name", PLAINS)
def test_a_json_answer_is_these_bytes(name: str) -> None:
    reply, expected = PLAINS[name]
    answer = Renderer(reply).render_json(stamp())
    assert answer.body.decode() == expected.replace("ID0", IDS.plain_call(0))


def test_headers_are_the_recorded_ones() -> None:
    """SamyRai/go-z-ai, 2026-07; the types without and with a space are both the service's."""
    common = (
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("Vary", "Origin"),
        ("Vary", "Access-Control-Request-Method"),
        ("Vary", "Access-Control-Request-Headers"),
        ("X-Log-Id", ID),
    )
    rendering = Renderer(Reply(content="a"), headers=(("X-Mine", "1"),))
    assert rendering.render_stream(stamp()).headers == (
        ("Content-Type", "text/event-stream;charset=UTF-8"),
        *common,
        ("X-Mine", "1"),
    )
    assert rendering.render_json(stamp()).headers[0] == (
        "Content-Type",
        "application/json; charset=UTF-8",
    )


def test_tool_stream_sends_arguments_in_pieces() -> None:
    reply = Reply(calls=(ToolCall("f", '{"a":"1"}', "x"), ToolCall("g", "", "y")), usage=None)
    answer = Renderer(reply).render_stream(stamp(), tool_stream=True)
    assert answer.body.decode() == stream(
        delta(
            '{"tool_calls":[{"id":"x","index":0,"type":"function","function":'
            '{"name":"f","arguments":""}}]}'
        ),
        delta('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\""}}]}'),
        delta('{"tool_calls":[{"index":0,"function":{"arguments":":\\"1\\""}}]}'),
        delta('{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}'),
        delta(
            '{"tool_calls":[{"id":"y","index":1,"type":"function","function":'
            '{"name":"g","arguments":""}}]}'
        ),
        last("stop"),
    )


def test_exact_pieces_are_sent_as_they_stand() -> None:
    chunking = Chunking(content=("你", "", "好"))
    answer = Renderer(Reply(content="你好", usage=None), chunking).render_stream(stamp())
    assert answer.body.decode() == stream(
        delta('{"role":"assistant","content":"你"}'),
        delta('{"role":"assistant","content":""}'),
        delta('{"role":"assistant","content":"好"}'),
        last("stop"),
    )


@pytest.mark.parametrize(
    ("model", "keys"),
    [
        ("glm-5.3", ["prompt_tokens_details", "completion_tokens_details"]),
        ("glm-4.5-air", ["prompt_tokens_details"]),
        ("glm-4-flash-250414", []),
    ],
)
def test_usage_has_the_details_the_model_reports(model: str, keys: list[str]) -> None:
    body = json.loads(Renderer(Reply(content="a")).render_json(stamp(model)).body)
    assert [key for key in body["usage"] if key.endswith("details")] == sorted(keys)


def test_figures_of_a_reply_lie_over_the_estimate() -> None:
    reply = Reply(content="a", usage={"completion_tokens": 100, "extra": 1})
    given = json.loads(Renderer(reply).render_json(stamp(cached=5)).body)["usage"]
    assert given == {
        "completion_tokens": 100,
        "completion_tokens_details": {"reasoning_tokens": 0},
        "extra": 1,
        "prompt_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 5},
        "total_tokens": 112,
    }


def test_no_detail_is_more_than_its_whole() -> None:
    reply = Reply(reasoning="想" * 100, usage={"completion_tokens": 3, "prompt_tokens": 2})
    given = json.loads(Renderer(reply).render_json(stamp(cached=10)).body)["usage"]
    assert given["completion_tokens_details"] == {"reasoning_tokens": 3}
    assert given["prompt_tokens_details"] == {"cached_tokens": 2}


def test_text_that_looks_like_a_mark_of_the_renderer_is_only_text() -> None:
    words = "\xffh\xffu\xffc0;\xfe{}%d%%"
    reply = Reply(content=words, calls=(ToolCall(words, words),), usage={})
    body = json.loads(Renderer(reply).render_json(stamp()).body)
    assert body["choices"][0]["message"]["content"] == words
    assert (
        Renderer(reply, Chunking(content=100)).render_stream(stamp()).body.count(b"\xc3\xbfh") == 3
    )


@given(replies, chunkings, st.booleans())
def test_every_stream_keeps_the_grammar(
    reply: Reply, chunking: Chunking, tool_stream: bool
) -> None:
    body = Renderer(reply, chunking).render_stream(stamp(), tool_stream=tool_stream).body
    events, defects = sse.read(body)
    assert defects == ()
    assert events[-1].data == "[DONE]"
    chunks = [json.loads(event.data) for event in events[:-1]]
    for chunk in chunks[:-1]:
        assert list(chunk) == ["id", "created", "object", "model", "choices"]
        (choice,) = chunk["choices"]
        assert list(choice) == ["index", "delta"]
        assert list(choice["delta"]) in (
            ["role", "reasoning_content"],
            ["role", "content"],
            ["tool_calls"],
        )
    _check_last(chunks[-1], reply)


def _check_last(chunk: dict[str, Any], reply: Reply) -> None:
    delta = {"role": "assistant", "content": ""}
    assert chunk["choices"] == [{"index": 0, "finish_reason": reply.finish_reason, "delta": delta}]
    assert ("usage" in chunk) == (reply.usage is not None)


@given(replies)
def test_every_json_answer_has_its_keys_in_alphabetical_order(reply: Reply) -> None:
    def in_order(pairs: list[tuple[str, Any]]) -> None:
        keys = [key for key, _ in pairs]
        assert keys == sorted(keys)

    json.loads(
        Renderer(replace(reply, usage={})).render_json(stamp()).body, object_pairs_hook=in_order
    )


@given(replies, chunkings)
def test_rendering_again_gives_the_same_bytes(reply: Reply, chunking: Chunking) -> None:
    rendering = Renderer(reply, chunking)
    assert rendering.render_stream(stamp()) == rendering.render_stream(stamp())
    assert Renderer(reply, chunking).render_json(stamp()) == rendering.render_json(stamp())


@given(replies)
def test_a_reply_to_one_request_is_the_same_json(reply: Reply) -> None:
    once = Renderer(reply, is_reused=False).render_json(stamp())
    assert once == Renderer(reply).render_json(stamp())


@pytest.mark.parametrize("reason", FINISHES)
def test_every_finish_reason_is_rendered_in_both_modes(reason: str) -> None:
    rendering = Renderer(Reply(finish_reason=reason))
    assert f'"finish_reason":"{reason}"' in rendering.render_stream(stamp()).body.decode()
    assert f'"finish_reason":"{reason}"' in rendering.render_json(stamp()).body.decode()


def test_estimates_count_thought_text_and_calls() -> None:
    assert estimate_tokens(
        Reply(reasoning="a" * 8, content="b" * 4, calls=(ToolCall("c", "{}"),))
    ) == (
        5,
        2,
    )


def test_frames_are_due_one_by_one_and_a_call_after_its_silence() -> None:
    reply = Reply(content="12345678", calls=(ToolCall("f", "x" * 40),), usage=None)
    answer = Renderer(reply).render_stream(stamp(), Pace(first=1.0, every=0.5))
    assert [at for at, _ in answer.chunks] == [1.0, 1.5, 6.5, 7.0]
    assert [piece.count(b"data: ") for _, piece in answer.chunks] == [1, 1, 1, 2]
    assert answer.head == 0.0


def test_pieces_of_a_paced_stream_are_whole_frames() -> None:
    answer = Renderer(STREAMS["text"][0]).render_stream(stamp(), Pace(first=0.1, every=0.1))
    assert all(piece.startswith(b"data: ") for _, piece in answer.chunks)
    assert all(piece.endswith(b"}\n\n") for _, piece in answer.chunks[:-1])
    assert answer.body == Renderer(STREAMS["text"][0]).render_stream(stamp()).body


def test_at_once_is_one_piece() -> None:
    answer = Renderer(STREAMS["text"][0]).render_stream(stamp())
    assert [at for at, _ in answer.chunks] == [0.0]


def test_a_json_answer_comes_whole_when_its_last_token_is_there() -> None:
    pace = Pace(first=1.0, every=0.5)
    rendering = Renderer(Reply(content="12345678"))
    answer = rendering.render_json(stamp(), pace)
    assert ([at for at, _ in answer.chunks], answer.head) == ([2.0], 2.0)
    assert answer.chunks[-1][0] == rendering.render_stream(stamp(), pace).chunks[-1][0]
    assert json.loads(answer.body)["created"] == stamp().created + 2


@given(replies, chunkings, st.floats(0, 2), st.floats(0, 1), st.floats(0, 1))
def test_a_pace_changes_times_and_not_a_byte(
    reply: Reply, chunking: Chunking, first: float, every: float, jitter: float
) -> None:
    rendering = Renderer(reply, chunking)
    answer = rendering.render_stream(stamp(), Pace(first, every, jitter))
    times = [at for at, _ in answer.chunks]
    assert times == sorted(set(times))
    assert min(times) >= first
    assert answer.body == rendering.render_stream(stamp()).body


REFUSALS = {
    "zh": (
        APIError("1113"),
        "zh",
        429,
        '{"error":{"code":"1113","message":"余额不足或无可用资源包,请充值。"}}',
    ),
    "en": (
        APIError("1113"),
        "en",
        429,
        '{"error":{"code":"1113","message":'
        '"Insufficient balance or no resource package. Please recharge."}}',
    ),
    "filter": (
        APIError("1301", extra={"contentFilter": [{"role": "user", "level": 2}]}),
        "zh",
        400,
        '{"contentFilter":[{"level":2,"role":"user"}],"error":{"code":"1301","message":'
        '"系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语，'
        '感谢您的配合。"}}',
    ),
    "own": (
        APIError("1210", status=418, message="max_tokens参数非法"),
        "en",
        418,
        '{"error":{"code":"1210","message":"max_tokens参数非法"}}',
    ),
    "fields": (
        APIError("1308", fields={"number": "5", "unit": "hour", "reset": "2026-09-09 05:38:28"}),
        "en",
        429,
        '{"error":{"code":"1308","message":"Usage limit reached for 5 hour. '
        'Your limit will reset at 2026-09-09 05:38:28"}}',
    ),
    "error id": (
        APIError("1234"),
        "zh",
        500,
        '{"error":{"code":"1234","message":"网络错误，错误id：2026112215062000d1f8c2a9b3e47f，'
        '请联系客服。"}}',
    ),
    "unknown": (
        APIError("7777", message="?"),
        "zh",
        400,
        '{"error":{"code":"7777","message":"?"}}',
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_these_bytes(name: str) -> None:
    failure, language, status, body = REFUSALS[name]
    answer = render_error(failure, ID, language="en" if language == "en" else "zh")
    assert (answer.status, answer.body.decode()) == (status, body)
    assert answer.header("content-type") == "application/json; charset=UTF-8"
    assert answer.header("x-log-id") == ID


def test_the_auth_gateway_names_no_charset() -> None:
    """charmbracelet/crush: 401 of api.z.ai."""
    assert render_error(APIError("1001"), ID).header("content-type") == "application/json"


def test_a_refusals_own_headers_take_the_place_of_the_common_ones() -> None:
    answer: Response = render_error(
        APIError("1302"), ID, headers=(("content-type", "text/html"), ("Retry-After", "3"))
    )
    names = [name.lower() for name, _ in answer.headers]
    assert names.count("content-type") == 1
    assert answer.header("content-type") == "text/html"
    assert answer.header("retry-after") == "3"
