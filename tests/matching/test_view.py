from __future__ import annotations

from mockglm.exchange import Request
from mockglm.matching import RequestView
from mockglm.validation import Chat
from tests.matching.build import call, result, seen, user


def test_the_text_of_a_role_is_its_last_message() -> None:
    view = seen({"role": "system", "content": "简短"}, user("你好"), user("天气"))
    assert (view.system, view.user, view.text) == ("简短", "天气", "天气")
    assert (view.assistant, view.tool) == (None, None)


def test_parts_of_text_are_one_text() -> None:
    parts = [{"type": "text", "text": "北京"}, {"type": "text", "text": "天气"}]
    assert seen(user(parts)).user == "北京天气"


def test_a_result_answers_the_function_whose_call_has_its_id() -> None:
    view = seen(user("?"), call("weather", "a"), result("晴", "a", name="other"))
    assert (view.after_tool, view.tool, view.last_role) == ("weather", "晴", "tool")


def test_of_parallel_calls_the_last_result_counts() -> None:
    turn = call("weather", "a")
    turn["tool_calls"].append(call("time", "b")["tool_calls"][0])
    assert seen(user("?"), turn, result("晴", "a"), result("9:00", "b")).after_tool == "time"
    assert seen(user("?"), turn, result("9:00", "b"), result("晴", "a")).after_tool == "weather"


def test_of_two_turns_that_share_an_id_the_later_one_is_answered() -> None:
    turns = (call("first", "call_0"), result("1", "call_0"), call("second", "call_0"))
    assert seen(user("?"), *turns, result("2", "call_0")).after_tool == "second"


def test_a_result_without_its_call_is_known_by_name() -> None:
    assert seen(user("?"), result("晴", "lost", name="weather")).after_tool == "weather"
    assert seen(user("?"), result("晴", "lost", name=None)).after_tool is None


def test_a_result_is_no_longer_answered_once_the_user_speaks() -> None:
    view = seen(user("?"), call("weather"), result("晴"), user("谢谢"))
    assert (view.after_tool, view.last_role) == (None, "user")


def test_thinking_is_true_unless_disabled() -> None:
    assert seen(user("?")).thinking
    assert seen(user("?"), thinking=None).thinking
    assert seen(user("?"), thinking={"clear_thinking": False}).thinking
    assert seen(user("?"), thinking={"type": "enabled"}).thinking
    assert not seen(user("?"), thinking={"type": "disabled"}).thinking


def test_a_stream_is_requested_by_true_only() -> None:
    assert [seen(stream=asked).stream for asked in (True, False, None)] == [True, False, False]


def test_only_functions_are_tools_offered() -> None:
    tools = [
        {"type": "web_search", "web_search": {"enable": True}},
        {"type": "function", "function": {"name": "weather"}},
        {"type": "function", "function": {"name": None}},
        {"type": "function", "function": {"name": "time"}},
    ]
    assert seen(tools=tools).tools == ("weather", "time")


def test_the_body_is_the_json_that_was_sent() -> None:
    assert seen(user("?"), seed=7).body == {
        "model": "glm-4.6",
        "messages": [{"role": "user", "content": "?"}],
        "seed": 7,
    }


def test_a_body_that_is_no_json_is_none() -> None:
    assert RequestView(Chat(), Request("POST", "/x", body=b"{")).body is None
    assert RequestView(Chat(), Request("POST", "/x", body=b"[" * 5000)).body is None


def test_an_empty_chat_has_no_facts() -> None:
    view = RequestView(Chat(), Request("POST", "/chat/completions"))
    assert (view.model, view.user, view.last_role, view.after_tool) == (None, None, None, None)
    assert (view.tools, view.messages, view.headers) == ((), (), {})


def test_a_header_has_all_its_values() -> None:
    headers = (("x-a", "1"), ("x-b", "2"), ("x-a", "3"))
    assert seen(headers=headers).headers == {"x-a": ("1", "3"), "x-b": ("2",)}
