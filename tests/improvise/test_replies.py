from __future__ import annotations

from typing import Any

import pytest

from mockglm.exchange import ToolCall
from mockglm.improvise.replies import announce, report, speak
from mockglm.improvise.tables import table
from mockglm.models import MODELS
from tests.improvise.asked import IDS, called, result, says, scene, user

MODEL = MODELS["glm-4.6v"]
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.mark.parametrize(
    ("text", "kind", "language"),
    [
        ("你好", "greeting", "zh"),
        ("Hello there!", "greeting", "en"),
        ("谢谢你", "thanks", "zh"),
        ("Thanks a lot!", "thanks", "en"),
        ("再见", "farewell", "zh"),
        ("bye", "farewell", "en"),
        ("", "silence", "zh"),
    ],
)
def test_small_talk_is_answered_in_kind(text: str, kind: str, language: Any) -> None:
    assert speak(scene(text), MODEL, IDS) in table("phrases")[kind][language]


def test_the_model_introduces_itself() -> None:
    assert "glm-4.6v" in speak(scene("你是谁？"), MODEL, IDS)


@pytest.mark.parametrize("text", ["为什么天是蓝的？", "I like trains", "我今天很开心"])
def test_an_answer_contains_the_topic_of_the_text(text: str) -> None:
    spoken = speak(scene(text), MODEL, IDS)
    assert text.strip("？?")[-4:] in spoken


def test_images_are_acknowledged() -> None:
    asked = scene(user([{"type": "text", "text": "这是什么？"}, PICTURE, PICTURE]))
    assert speak(asked, MODEL, IDS).startswith("收到 2 张图片。")


def test_media_are_not_looked_at() -> None:
    asked = scene(user([{"type": "text", "text": "总结这个文件"}, PICTURE]))
    assert "mockglm 不会查看其中的内容" in speak(asked, MODEL, IDS)


@pytest.mark.parametrize(
    ("said", "asked", "name"),
    [
        ("我叫小明", "我叫什么名字？", "小明"),
        ("我的名字是李雷，你好", "我是谁？", "李雷"),
        ("My name is Alice.", "What's my name?", "Alice"),
    ],
)
def test_the_name_that_the_user_gave_is_remembered(said: str, asked: str, name: str) -> None:
    assert name in speak(scene(said, says("好的"), asked), MODEL, IDS)
    assert name not in speak(scene(asked), MODEL, IDS)


def test_several_kinds_of_media_are_acknowledged() -> None:
    parts = [{"type": "text", "text": "Look"}, PICTURE, {"type": "file", "file": {"file_id": "f"}}]
    spoken = speak(scene(user(parts)), MODEL, IDS)
    assert spoken.startswith("I received 1 image and 1 file. ")


def test_a_picture_alone_is_acknowledged() -> None:
    assert speak(scene(user([PICTURE])), MODEL, IDS) == "收到 1 张图片。"


@pytest.mark.parametrize(("choice", "is_said"), [(None, True), ("auto", True), ("required", False)])
def test_a_call_is_announced_unless_it_is_demanded(choice: str | None, is_said: bool) -> None:
    assert bool(announce(scene("北京天气", tool_choice=choice), IDS)) is is_said


def reported(*texts: str) -> str:
    calls = [ToolCall("get_weather", '{"city":"北京","days":3,"deep":{}}') for _ in texts]
    results = [result(text, index) for index, text in enumerate(texts)]
    return report(scene("北京天气", called(*calls), *results), IDS)


def test_a_result_is_quoted() -> None:
    assert "晴 25C" in reported("晴 25C")


def test_a_long_result_is_shortened() -> None:
    assert len(reported("长" * 5000)) < 250


def test_an_object_is_read_out() -> None:
    assert "temp: 25, sky: 晴, wind: [1, 2]" in reported('{"temp":25,"sky":"晴","wind":[1,2]}')


def test_a_list_is_read_out() -> None:
    assert "a; 1; {" in reported('["a", 1, {"b": 2}]')


@pytest.mark.parametrize(("text", "part"), [('"x"', "x"), ("5", "5"), ("null", "null")])
def test_a_plain_value_is_read_out(text: str, part: str) -> None:
    assert reported(text).endswith(part)


def test_several_results_are_lines_with_their_arguments() -> None:
    assert "- get_weather（北京，3）：晴" in reported("晴", "雨").splitlines()


def test_english_reports_have_english_punctuation() -> None:
    calls = called(ToolCall("add", '{"a":2,"b":3}'), ToolCall("add", "{}"))
    told = report(scene("Add them", calls, result("5"), result("6", 1)), IDS).splitlines()
    assert told[1:] == ["- add (2, 3): 5", "- add: 6"]


def test_an_error_of_a_tool_is_reported() -> None:
    assert "错误" in reported("Error: not found")


@pytest.mark.parametrize(
    ("first", "second", "opening"),
    [
        ("Error: no", '{"error": "timeout"}', "All of the tools reported an error:"),
        ("Error: no", "5", "Here are the results:"),
    ],
)
def test_errors_among_several_results_are_reported(first: str, second: str, opening: str) -> None:
    calls = called(ToolCall("add", '{"a":2,"b":3}'), ToolCall("add", "{}"))
    told = report(scene("Add them", calls, result(first), result(second, 1)), IDS)
    assert told.splitlines()[0] == opening


def test_an_empty_result_is_reported() -> None:
    assert reported("") == "已经完成，工具没有返回内容。"
    assert "- get_weather（北京，3）：—" in reported("", "雨")


@pytest.mark.parametrize("arguments", ["not json", "[1]"])
def test_arguments_that_are_no_object_are_left_out(arguments: str) -> None:
    calls = called(ToolCall("a", arguments), ToolCall("a", arguments))
    assert "- a: x" in report(scene("q", calls, result("x"), result("y", 1)), IDS)
