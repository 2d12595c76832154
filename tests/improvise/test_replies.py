from __future__ import annotations

from typing import Any

import pytest

from mockglm.exchange import ToolCall
from mockglm.improvise.replies import report, speak
from mockglm.improvise.tables import table
from mockglm.models import MODELS
from tests.improvise.asked import IDS, WEATHER, ask, called, result, scene, user

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
    assert speak(asked, MODEL, IDS).startswith("收到 2 个附件，")


def test_media_are_not_looked_at() -> None:
    asked = scene(user([{"type": "text", "text": "总结这个文件"}, PICTURE]))
    assert "mockglm 不会查看其中的内容" in speak(asked, MODEL, IDS)


def test_a_picture_alone_is_acknowledged() -> None:
    assert (
        speak(scene(user([PICTURE])), MODEL, IDS) == "收到 1 个附件，mockglm 不会查看其中的内容。"
    )


@pytest.mark.parametrize(("choice", "is_said"), [(None, True), ("auto", True), ("required", False)])
def test_a_call_is_announced_unless_it_is_demanded(choice: str | None, is_said: bool) -> None:
    assert bool(ask("北京天气", tools=[WEATHER], tool_choice=choice).content) is is_said


def reported(*texts: str) -> str:
    calls = [ToolCall("get_weather", '{"city":"北京","days":3,"deep":{}}') for _ in texts]
    results = [result(text, index) for index, text in enumerate(texts)]
    return report(scene("北京天气", called(*calls), *results), IDS)


def test_a_result_is_quoted() -> None:
    assert "晴 25C" in reported("晴 25C")


def test_a_long_result_is_shortened() -> None:
    assert len(reported("长" * 5000)) < 450


def test_several_results_are_lines() -> None:
    assert "- get_weather: 晴" in reported("晴", "雨").splitlines()


def test_an_error_of_a_tool_is_reported() -> None:
    assert "错误" in reported("Error: not found")


@pytest.mark.parametrize(
    ("first", "second", "openings"),
    [
        ("Error: no", '{"error": "timeout"}', ("All of the tools reported an error:",)),
        ("Error: no", "5", ("Here are the results:", "This is what I found:")),
    ],
)
def test_errors_among_several_results_are_reported(
    first: str, second: str, openings: tuple[str, ...]
) -> None:
    calls = called(ToolCall("add", '{"a":2,"b":3}'), ToolCall("add", "{}"))
    told = report(scene("Add them", calls, result(first), result(second, 1)), IDS)
    assert told.splitlines()[0] in openings


def test_an_empty_result_is_reported() -> None:
    assert reported("") == "已经完成，工具没有返回内容。"
    assert "- get_weather: —" in reported("", "雨")
