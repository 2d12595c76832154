from __future__ import annotations

import pytest

from mockglm.exchange import ToolCall
from mockglm.improvise.conversation import ToolResult
from tests.improvise.asked import WEATHER, called, result, says, scene, system, user

CALL = ToolCall("get_weather", '{"city":"北京"}')


def test_the_text_is_that_of_the_last_user_message() -> None:
    assert scene("a", says("b"), "c").text == "c"


def test_parts_of_text_are_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert scene(user(parts)).text == "ab"


def test_asides_of_agents_are_left_out() -> None:
    asked = scene(user("<system-reminder>x</system-reminder>\n你好\n<env>y</env>"))
    assert asked.text == "你好"


def test_results_know_their_calls() -> None:
    assert scene("q", called(CALL), result("晴")).results == (
        ToolResult("get_weather", {"city": "北京"}, "晴"),
    )


def test_a_result_is_of_the_nearest_call_with_its_id() -> None:
    other = ToolCall("add", "{}")
    found = scene("q", called(CALL), result("1"), called(other), result("2")).results
    assert [one.name for one in found] == ["get_weather", "add"]


def test_results_before_the_last_user_message_are_past() -> None:
    assert scene("q", called(CALL), result("晴"), "next").results == ()


def test_a_result_may_name_its_function_itself() -> None:
    message = {"role": "tool", "name": "add", "content": "5"}
    assert scene("q", says(""), message).results == (ToolResult("add", {}, "5"),)


def test_media_are_counted() -> None:
    kinds = ["image_url", "image_url", "video_url", "file", "file_url", "input_audio", "text"]
    parts = [{"type": kind, **({"text": "x"} if kind == "text" else {})} for kind in kinds]
    assert scene(user(parts)).media == 6


def test_a_message_of_text_has_no_media() -> None:
    assert scene("x").media == 0
    assert scene(system("x")).media == 0


def test_functions_without_a_name_are_passed_over() -> None:
    tools = [WEATHER, {"type": "function", "function": {}}, {"type": "web_search"}]
    assert [one.name for one in scene("x", tools=tools).functions] == ["get_weather"]


def test_the_language_of_a_picture_alone_is_that_of_the_conversation() -> None:
    picture = user([{"type": "image_url", "image_url": {"url": "x"}}])
    assert scene("What is this?", says("A cat."), picture).language == "en"
    assert scene(system("You are helpful."), picture).language == "en"


@pytest.mark.parametrize(
    "text",
    [
        "I'm currently working in the directory: /home/dev/a",
        "**Working Directory:** /home/dev/a",
        "<cwd>/home/dev/a</cwd>",
        "Primary working directory: `/home/dev/a`",
        "Your project memory is at: /home/dev/.m\n当前目录：/home/dev/a",
    ],
)
def test_the_working_directory_is_the_one_that_a_prompt_names(text: str) -> None:
    assert scene(system(text), "read a.py").directory == "/home/dev/a"


@pytest.mark.parametrize(
    ("text", "is_error"),
    [
        ("File not found: /a/b.txt", True),
        ('{"error": "no"}', True),
        ('{"content":"File or directory not found: hello.txt"}', True),
        ("File path must be absolute, but was relative: a", True),
        ("<system>ERROR: `.` is not an absolute path. You must provide one.</system>", True),
        ("def main():\n    pass", False),
        ("晴 25C", False),
    ],
)
def test_an_error_of_a_tool_is_known(text: str, is_error: bool) -> None:
    assert ToolResult("read", {}, text).is_error is is_error
