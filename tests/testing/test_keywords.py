"""Keyword arguments: the same meaning as in files, with mistakes at the line of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from inspect import currentframe
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockglm import GLM
from mockglm.errors import FileError, Problem, UsageError
from mockglm.exchange import Reply, ToolCall
from mockglm.scenarios import parse_interaction
from mockglm.testing import TestServer, open_handle
from mockglm.testing.keywords import CallSite, parse_pattern, parse_replies, parse_response
from mockglm.testing.replies import CallbackErrors
from tests.testing.client import ask

SITE = CallSite("test_it.py", 3)
ERRORS = CallbackErrors()


def replies(glm: GLM, count: int, **more: Any) -> list[tuple[str, str]]:
    """Content and reasoning of the replies to so many requests."""
    for _ in range(count):
        ask(glm, **more)
    return [(call.text, call.reasoning) for call in glm.requests[-count:]]


@pytest.mark.parametrize(
    "reply", ["晴", {"content": "晴"}, {"content": "雨", "reasoning": "?"}, lambda _: "晴"]
)
def test_keywords_complete_a_single_reply(glm: GLM, reply: Any) -> None:
    keywords = {"content": "晴"} if isinstance(reply, dict) else {}
    glm.when().reply(reply, reasoning="想", **keywords)
    assert replies(glm, 3) == [("晴", "想")] * 3


def test_keywords_alone_are_a_reply(glm: GLM) -> None:
    glm.when().reply(content="晴", reasoning="想")
    assert replies(glm, 1) == [("晴", "想")]


def test_times_queues_a_reply_more_than_once(glm: GLM) -> None:
    glm.reply("晴", times=2)
    glm.reply(Reply(content="雨"), times=2, headers={"X-Odd": "yes"}, chunks=1)
    glm.reply(lambda request: str(request.user), times=2)
    glm.reply({"error": 1305, "times": 2}, "好了")
    assert replies(glm, 2) == [("晴", "")] * 2
    assert [ask(glm).headers["x-odd"] for _ in range(2)] == ["yes"] * 2
    assert replies(glm, 2) == [("你好", "")] * 2
    assert [ask(glm).status_code for _ in range(3)] == [429, 429, 200]


def test_fault_keyword_applies_to_the_reply_of_a_function(glm: GLM) -> None:
    glm.reply(lambda request: "一二三四五六七八", fault={"do": "close", "at": "2 frames"})
    with pytest.raises(httpx.RemoteProtocolError):
        ask(glm, stream=True)
    assert [call.ended for call in glm.requests] == ["cut"]


@pytest.mark.parametrize("reply", ["晴", lambda _: "晴", Reply(content="晴")])
def test_pace_of_a_reply_is_kept_at_speed_zero(glm: GLM, reply: Any) -> None:
    glm.reply(reply, pace={"first": 0.05})
    glm.reply(reply)
    ask(glm), ask(glm)
    paced, unpaced = (call.answer for call in glm.requests)
    assert paced is not None
    assert unpaced is not None
    assert (paced.chunks[-1][0], unpaced.chunks[-1][0]) == (0.05, 0.0)


def test_times_of_a_verbatim_response_are_kept_at_speed_zero(glm: GLM) -> None:
    glm.response(events="0.0 {}\n0.05 {}")
    ask(glm, stream=True)
    (call,) = glm.requests
    assert call.answer is not None
    assert [at for at, _ in call.answer.chunks] == [0.0, 0.05]


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        ((), {}, "a reply is missing"),
        ((5,), {}, "5 is not a reply"),
        (("一", "二"), {"times": 2}, "times cannot apply to 2 replies"),
        (("一",), {"content": "二"}, "content is given twice: '一'"),
        ((Reply(content="一"),), {"reasoning": "想"}, "set reasoning in the Reply itself"),
    ],
)
def test_arguments_that_are_not_one_reply_are_refused(
    glm_server: TestServer, arguments: Iterable[Any], keywords: dict[str, Any], message: str
) -> None:
    with open_handle(glm_server, "refused") as glm:
        with pytest.raises(UsageError, match=message):
            glm.reply(*arguments, **keywords)
        with pytest.raises(UsageError, match=message):
            glm.when().reply(*arguments, **keywords)
        assert "Queued" not in glm.problems()


@pytest.mark.parametrize("reply", ["晴", Reply(content="晴"), lambda _: "晴"])
def test_keywords_beside_a_reply_are_checked(glm: GLM, reply: Any) -> None:
    with pytest.raises(FileError, match="`times`: expected `int` >= 1, found `0`"):
        glm.reply(reply, times=0)


def test_mistake_is_reported_at_the_line_of_the_call(glm: GLM) -> None:
    frame = currentframe()
    assert frame is not None
    with pytest.raises(FileError) as caught:
        glm.when(usr="天气")
    line = frame.f_lineno - 1
    (problem,) = caught.value.problems
    assert problem.path.endswith("test_keywords.py")
    assert problem.line in (line, line + 1)
    assert problem.message == "unknown key `usr`, did you mean `user`?"


@pytest.mark.parametrize(
    ("keywords", "messages"),
    [
        ({"eror": 1302}, ["unknown key `eror`, did you mean `error`?"]),
        ({"error": 9999}, ["unknown code `9999`; one of your own needs `status` and `message`"]),
        ({"error": {"cod": 1302}}, ["unknown key `error.cod`, did you mean `code`?"]),
        (
            {"finish_reason": "stopp", "contnt": "x"},
            [
                "`finish_reason`: expected one of length, model_context_window_exceeded, "
                "network_error, sensitive, stop, tool_calls, found `stopp`, did you mean `stop`",
                "unknown key `contnt`, did you mean `content`?",
            ],
        ),
        (
            {"pace": "mdel"},
            ["`pace`: expected one of measured, model, found `mdel`, did you mean `model`"],
        ),
        ({"pace": {"first": -1}}, ["`pace.first`: expected `float` >= 0.0, found `-1`"]),
        ({"usage": 5}, ["`usage`: expected `str | object`, found `5`"]),
        ({"tool_calls": [{}]}, ["`tool_calls[0]`: object missing required field `name`"]),
        ({"tool_calls": [{"nam": "x"}]}, ["unknown key `tool_calls[0].nam`, did you mean `name`"]),
        ({"content_filter": [{"role": "a", "level": 9}]}, ["`content_filter[0].level`: expected"]),
        ({"headers": 5}, ["`headers`: expected `object`, found `5`"]),
        ({"template": "yes"}, ["`template`: expected `bool`, found `yes`"]),
        ({"times": True}, ["`times`: expected `int`, found `True`"]),
        ({"content": b"bytes"}, ["`content`: expected `str | null`, found `b'bytes'`"]),
        ({"content": object()}, ["content: Encoding objects of type object is unsupported"]),
        ({"fault": "rezet"}, ["fault rezet: there is no such fault; did you mean reset?"]),
        ({"headers": {"a b": "x"}}, ["`a b` is not a header name"]),
        ({"zzzzzz": 1}, ["unknown key `zzzzzz`; known here are content, reasoning, tool"]),
    ],
)
def test_mistake_in_a_reply_names_the_keyword(
    keywords: dict[str, Any], messages: list[str]
) -> None:
    with pytest.raises(FileError) as caught:
        parse_replies((), keywords, site=SITE, errors=ERRORS)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(messages)
    for line, message in zip(lines, sorted(messages), strict=True):
        assert line.startswith(f"test_it.py:3:1: {message}")


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"chance": 2}, "`chance`: expected `float` <= 1.0, found `2`"),
        ({"stream": "yes"}, "`stream`: expected `bool`, found `yes`"),
        ({"user": ["a", {}]}, "`user[1]`: expected `str`, found `{}`"),
        ({"user": "/(/"}, "user: /(/ is not a regular expression"),
    ],
)
def test_mistake_in_a_pattern_names_the_keyword(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(FileError) as caught:
        parse_pattern(None, keywords, site=SITE, errors=ERRORS)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"status": 99}, "`status`: expected `int` >= 200, found `99`"),
        ({"body": "a", "json": {}}, "`json` beside `body`"),
        ({"chunks": [(0.0, "a", "b")]}, "`chunks[0]`: expected `array` of length 2"),
        ({"events": "later {}"}, "expected seconds, a space and the data of an event"),
    ],
)
def test_mistake_in_a_response_names_the_keyword(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(FileError) as caught:
        parse_response(keywords, SITE)
    assert str(caught.value).startswith("test_it.py:3:1: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("keywords", "written"),
    [
        ({"error": 1302}, {"error": "1302"}),
        ({"content": 5, "headers": {"X-Count": 3, "X-Flag": True}}, {}),
        ({"chunks": 2, "content": "一二三四"}, {}),
        ({"chunks": ("一", "二"), "content": "一二"}, {"chunks": ["一", "二"], "content": "一二"}),
        ({"pace": {"first": Decimal("0.5")}}, {"pace": {"first": 0.5}}),
        ({"tool_calls": [{"name": "f", "arguments": {"a": (1, 2)}}]}, {}),
        ({"tool_calls": [ToolCall("f", '{"a":1}', "id")]}, {}),
        (
            {"error": {"code": 1308, "number": 5, "unit": "hour", "reset": datetime(2099, 1, 1)}},
            {},
        ),
    ],
)
def test_python_values_have_the_meaning_of_the_file_format(
    keywords: dict[str, Any], written: dict[str, Any]
) -> None:
    if "tool_calls" in keywords and isinstance(keywords["tool_calls"][0], ToolCall):
        written = {"tool_calls": [{"name": "f", "arguments": '{"a":1}', "id": "id"}]}
    (step,) = parse_replies((), keywords, site=SITE, errors=ERRORS)
    (expected,) = parse_interaction({"reply": written or keywords}, "test_it.py", 3).steps
    assert (step.renderer, step.pace) == (expected.renderer, expected.pace)


def problems_of(parse: Callable[[], object]) -> tuple[Problem, ...]:
    """The mistakes that are reported, if any."""
    try:
        parse()
    except FileError as error:
        return error.problems
    return ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text("ab/", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner),
    max_leaves=4,
)
NAMES = st.sampled_from(
    [
        *("content", "reasoning", "tool_calls", "finish_reason", "usage", "error", "headers"),
        *("chunks", "pace", "fault", "times", "model", "user", "stream", "body", "json", "events"),
        "contnt",
    ]
)


@given(st.dictionaries(NAMES, JSON, max_size=3))
@settings(max_examples=100)
def test_any_keywords_are_parsed_or_refused_with_a_place(keywords: dict[str, Any]) -> None:
    for parse in (
        lambda: parse_replies((), {"times": 1, **keywords}, site=SITE, errors=ERRORS),
        lambda: parse_pattern(None, keywords, site=SITE, errors=ERRORS),
        lambda: parse_response(keywords, SITE),
    ):
        assert {(one.path, one.line) for one in problems_of(parse)} <= {("test_it.py", 3)}
