from __future__ import annotations

import json
from typing import Any

import pytest

from mockglm.improvise.structured import is_json_asked, write_json
from tests.improvise.asked import IDS, ask, scene, system

JSON = {"type": "json_object"}


def made(text: str, prompt: str = "", **more: Any) -> Any:
    messages = [system(prompt)] if prompt else []
    return json.loads(write_json(scene(*messages, text, **more), "the answer", IDS))


SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"city": {"type": "string"}, "hot": {"type": "boolean"}},
        "required": ["city", "hot"],
    }
)


def test_the_schema_of_the_prompt_is_satisfied() -> None:
    assert made("北京热吗？", f"Answer with this JSON schema:\n{SCHEMA}\nNo prose.") == {
        "city": "北京",
        "hot": True,
    }


def test_the_schema_in_the_text_counts_too() -> None:
    assert made(f"Paris? Schema: {SCHEMA}") == {"city": "Paris", "hot": True}


def test_the_schema_beside_the_messages_counts_first() -> None:
    schema = {"type": "object", "properties": {"n": {"const": 3}}, "required": ["n"]}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    assert made("hi {}", response_format=form) == {"n": 3}


def test_an_example_gives_the_shape() -> None:
    example = '{"sentiment": "positive|negative", "score": 0.9, "tags": ["a"], "ok": true, "n": 1}'
    value = made(f"情感分类，输出 JSON：{example} 太好看了")
    assert value.keys() == {"sentiment", "score", "tags", "ok", "n"}
    assert value["sentiment"] in ("positive", "negative")
    assert isinstance(value["tags"][0], str)
    assert value["ok"] is True
    assert isinstance(value["n"], int)


def test_an_example_may_name_types() -> None:
    assert isinstance(
        made('JSON: {"age": "number", "none": null, "list": []}')["age"], (int, float)
    )


def test_the_largest_example_counts() -> None:
    assert made('{} {"a": 1} {"a": 1, "b": {"c": 2}}').keys() == {"a", "b"}


@pytest.mark.parametrize(
    "text",
    [
        "Return JSON with keys: name, age (number). Alice is 30 years old.",
        "Return JSON with keys `name` and `age` (integer). Alice is 30 years old.",
    ],
)
def test_the_keys_that_are_listed_are_there(text: str) -> None:
    assert made(text) == {"name": "Alice", "age": 30}


def test_chinese_keys_are_there() -> None:
    assert made("输出JSON，字段包括姓名和城市。").keys() == {"姓名", "城市"}


def test_keys_may_have_types() -> None:
    text = "fields: 'isNew' (boolean), 'tags' (array), 'meta' (object), 'title' (string)"
    value = made(text)
    assert [type(one).__name__ for one in value.values()] == ["bool", "list", "dict", "str"]


def test_values_are_of_the_text_not_of_the_instruction() -> None:
    text = 'Extract name and age from: "John is 25 years old". JSON with fields name and age.'
    assert made(text) == {"name": "John", "age": 25}
    text = "提取姓名和城市，以JSON格式返回，字段为 name、age、city。句子：张三今年28岁，住在上海。"
    assert made(text) == {"name": "张三", "age": 28, "city": "上海"}


def test_an_example_is_not_taken_for_the_text() -> None:
    text = (
        'Suggest tags. JSON format: { "tags": ["tag1", "tag2"] }\n'
        "<chat_history>\nUSER: How do I cook rice?\n</chat_history>"
    )
    assert made(text) == {"tags": ["How do I cook rice"]}


def test_a_sum_is_a_number_for_a_numeric_key() -> None:
    text = 'JSON as {"question": "…", "answer": 0}\nWhat is 12*3?'
    value = json.loads(ask(text, response_format=JSON).content or "")
    assert value["answer"] == 36


def test_without_a_shape_the_answer_is_in_it() -> None:
    assert made("hi") == {"answer": "the answer"}


def test_a_key_such_as_answer_has_the_answer() -> None:
    assert made('{"reply": "…", "title": "…"} Hello world')["reply"] == "the answer"


def test_the_only_text_holds_the_answer() -> None:
    assert made('{"verdict": "…", "n": 1}')["verdict"] == "the answer"


def test_text_without_json_is_passed_over() -> None:
    assert made("{ not json } {{{{ [1]") == {"answer": "the answer"}
    assert made("{" * 1000) == {"answer": "the answer"}


@pytest.mark.parametrize(
    ("text", "prompt", "more", "expected"),
    [
        ("hi", "", {"response_format": JSON}, True),
        ("hi", "", {"response_format": {"type": "text"}}, False),
        ('Answer in JSON: {"a": 1}', "", {}, True),
        ("What is JSON?", "", {}, False),
        ("hi", 'Respond with JSON: {"a": 1}', {}, True),
        ("hi", 'Respond with JSON: {"a": 1}' + " x" * 2000, {}, False),
    ],
)
def test_requests_of_json_are_recognized(
    text: str, prompt: str, more: dict[str, Any], expected: bool
) -> None:
    assert is_json_asked(scene(system(prompt), text, **more)) is expected
