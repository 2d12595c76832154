from __future__ import annotations

import pytest

from mockglm.improvise.language import detect_language, shorten, topic, word_set


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["北京天气如何？"], "zh"),
        (["用 Python 写一个 quicksort"], "zh"),
        (["Translate 你好 into English, please"], "en"),
        (["2+2?", "What is it?"], "en"),
        (["2+2?"], "zh"),
        (["Привет! Как дела?"], "en"),
        (["안녕하세요"], "en"),
        (["🎉"], "zh"),
        ([], "zh"),
    ],
)
def test_the_language_is_that_of_the_first_text_that_has_one(
    texts: list[str], expected: str
) -> None:
    assert detect_language(*texts) == expected


def test_a_tool_and_a_request_share_words() -> None:
    assert word_set("getWeatherForecast") & word_set("weather forecasts")
    assert word_set("read_files") & word_set("reading the file")
    assert word_set("查询天气") & word_set("北京天气如何")


def test_chinese_and_english_meet_in_concepts() -> None:
    assert word_set("get_weather") & word_set("明天会下雨吗") == {"#weather"}


def test_words_of_no_weight_do_not_count() -> None:
    assert word_set("what is the of and") == frozenset()
    assert "什么" not in word_set("这是什么")


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("a  b\nc", 10, "a b c"),
        ("one two three four", 14, "one two three…"),
        ("一二三四五六", 4, "一二三…"),
        ("abcdefghij", 5, "abcd…"),
    ],
)
def test_a_long_text_is_shortened_at_a_word(text: str, length: int, expected: str) -> None:
    assert shorten(text, length) == expected
    assert len(shorten(text, length)) <= length


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请帮我查一下北京天气吧", "查一下北京天气"),
        ("Could you please fix the bug?", "fix the bug"),
        ("\n\nfirst line\nsecond", "first line"),
        ("好吗？", "好"),
        ("你好", "你好"),
        ("", ""),
    ],
)
def test_the_topic_is_without_polite_words(text: str, expected: str) -> None:
    assert topic(text) == expected
