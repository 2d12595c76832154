"""The keys of an object that a text asks for, and what is left of the text without them."""

from __future__ import annotations

from typing import Any

import pytest

from mockglm.improvise.json_keys import make_schema, remove_form_words

STRINGS = {"type": "array", "items": {"type": "string"}}


def properties(text: str) -> dict[str, Any]:
    found = make_schema(text)
    assert found is not None
    assert found["required"] == list(found["properties"])
    return dict(found["properties"])


ASKED: list[tuple[str, dict[str, Any]]] = [
    (
        '返回 {"mood": "good|bad", "sure": 0-1, "tags": [..], "note": …}',
        {
            "mood": {"enum": ["good", "bad"]},
            "sure": {"type": "number"},
            "tags": STRINGS,
            "note": {"type": "string"},
        },
    ),
    (
        "interface Answer { question: string; total: number; steps: string[]; done?: boolean }",
        {
            "question": {"type": "string"},
            "total": {"type": "number"},
            "steps": STRINGS,
            "done": {"type": "boolean"},
        },
    ),
    (
        "JSON with these keys:\n- summary: one sentence\n- keywords: an array of strings\n"
        "- is_urgent: boolean\n- priority: integer from 1 to 5\n- scores (list of numbers)",
        {
            "summary": {"type": "string"},
            "keywords": STRINGS,
            "is_urgent": {"type": "boolean"},
            "priority": {"type": "integer"},
            "scores": {"type": "array", "items": {"type": "number"}},
        },
    ),
    (
        "返回JSON，包含以下字段：\n1. 摘要\n2. 关键词（数组）\n3. 情感（正面/负面/中性）\n4. 年龄",
        {
            "摘要": {"type": "string"},
            "关键词": STRINGS,
            "情感": {"enum": ["正面", "负面", "中性"]},
            "年龄": {"type": "number"},
        },
    ),
    (
        "Output JSON with `ok` (boolean) and `items` (list of strings).",
        {"ok": {"type": "boolean"}, "items": STRINGS},
    ),
    ("字段为 name、age。", {"name": {"type": "string"}, "age": {"type": "number"}}),
]


@pytest.mark.parametrize(("text", "expected"), ASKED)
def test_the_keys_in_a_text_are_required(text: str, expected: dict[str, Any]) -> None:
    assert properties(text) == expected


@pytest.mark.parametrize("text", ["", "你好", "Tell me a story.", "- one\n- two"])
def test_a_text_that_names_none_asks_for_none(text: str) -> None:
    assert make_schema(text) is None


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('分析情感，返回 {"mood": "good|bad"}：这家餐厅太好吃了', "这家餐厅太好吃了"),
        ("提取人名，以JSON格式返回，字段为 name。句子：张三今年28岁。", "张三今年28岁。"),
        ("Return JSON with keys:\n- a: text\n\nText: It is down!", "It is down!"),
        ("```json\n[]\n```\n出两道题", "出两道题"),
        ("List three fruits as JSON", "List three fruits"),
        ("What is 12*3?", "What is 12*3?"),
    ],
)
def test_the_subject_of_the_answer_is_kept(text: str, left: str) -> None:
    assert remove_form_words(text) == left
