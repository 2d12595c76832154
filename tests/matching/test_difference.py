from __future__ import annotations

from typing import Any

import pytest

from mockglm.matching.difference import ABSENT, Gap, contrast, diff, show_value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (ABSENT, "nothing"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ("天气", '"天气"'),
        ('a"b\n\t', r'"a\"b\n\t"'),
        ("a\u2028\u202e\x85", r'"a\u2028\u202e\x85"'),
        ("\ud83c", r'"\ud83c"'),
        ("👨‍👩‍👧", '"👨‍👩‍👧"'),
        ({"天气": ["晴"]}, '{"天气": ["晴"]}'),
        ("a" * 64, '"' + "a" * 64 + '"'),
        ("a" * 65, '"' + "a" * 64 + '…"'),
        ("天" * 32, '"' + "天" * 32 + '"'),
        ("天" * 33, '"' + "天" * 32 + '…"'),
        ("a" + "天" * 33, '"a' + "天" * 31 + '…"'),
        (["天" * 40], '["' + "天" * 31 + "…"),
        (["a\u2028"], r'["a\u2028"]'),
    ],
)
def test_a_value_is_shown_on_one_line_and_cut_by_its_width(value: Any, shown: str) -> None:
    assert show_value(value) == shown


@pytest.mark.parametrize("cluster", ["e\u0301", "👍🏽", "👨‍👩‍👧", "❤️"])
def test_combined_characters_are_not_split(cluster: str) -> None:
    for start in range(56, 66):
        shown = show_value("a" * start + cluster + "z" * 20)
        whole = f'"{"a" * start}{cluster}'
        assert shown.startswith(whole) or shown == f'"{"a" * min(start, 64)}…"'


def test_of_two_long_texts_the_place_where_they_part_is_shown() -> None:
    prompt = "你是一个助手。" * 500
    expected, actual = contrast(prompt + "今天是周一。", prompt + "今天是周二。")
    assert expected == '"…一个助手。你是一个助手。今天是周一。"'
    assert actual == '"…一个助手。你是一个助手。今天是周二。"'


def test_of_a_text_that_goes_on_the_end_is_shown() -> None:
    assert contrast("x" * 100, "x" * 100 + "!") == (f'"…{"x" * 16}"', f'"…{"x" * 16}!"')


def test_texts_that_part_early_are_shown_from_the_start() -> None:
    assert contrast("你好", "你好!") == ('"你好"', '"你好!"')
    assert contrast("你好", ABSENT) == ('"你好"', "nothing")


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": None}, {}, []),
        ({}, {"a": None}, []),
        ([1, [2]], [1, [2]], []),
        ({"a": 1}, {"a": True}, [("$.a", 1, True)]),
        ({"a": 1}, {"b": 2}, [("$.a", 1, ABSENT), ("$.b", ABSENT, 2)]),
        ([1], [1, 2], [("$[1]", ABSENT, 2)]),
        ([1, None], [1], []),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, [("$.a[0].b", 1, 2)]),
        ({"a": {}}, {"a": []}, [("$.a", {}, [])]),
        ({"x y": 1, "a-b": 2}, {}, [("$.a-b", 2, ABSENT), ("$['x y']", 1, ABSENT)]),
        (1, 2, [("$", 1, 2)]),
    ],
)
def test_gaps_are_leaves_with_their_paths(expected: Any, actual: Any, found: Any) -> None:
    assert list(diff(expected, actual)) == [Gap(*one) for one in found]


def test_of_a_subset_other_keys_do_not_count_and_other_items_do() -> None:
    actual = {"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}, 3], "g": 4}
    assert list(diff({"a": {"b": 1}, "d": [{"e": 1}, 3]}, actual, subset=True)) == []
    assert list(diff({"d": [{"e": 1}]}, actual, subset=True)) == [Gap("$.d[1]", ABSENT, 3)]
