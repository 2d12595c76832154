from __future__ import annotations

from typing import Any

import pytest

from mockglm.improvise.parameters import assign, find_values, list_parameters

S = {"type": "string"}
I = {"type": "integer"}  # noqa: E741


def put(text: str, required: str = "", **properties: Any) -> dict[str, Any]:
    """What goes where, by the dotted path."""
    schema = {"type": "object", "properties": properties, "required": required.split()}
    given = assign(list_parameters(schema), find_values(text))
    return {".".join(map(str, path)): value for path, value in given.items()}


def test_two_places_go_to_two_parameters_in_order() -> None:
    assert put(
        "从北京到上海", "a b", a={**S, "description": "城市"}, b={**S, "description": "城市"}
    ) == {
        "a": "北京",
        "b": "上海",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026年9月8日", "2026-09-08"), ("9月8日", "2026-09-08"), ("2026/1/2", "2026-01-02")],
)
def test_a_date_takes_the_form_of_its_format(text: str, expected: str) -> None:
    assert put(text, "day", day={**S, "format": "date"}) == {"day": expected}


def test_a_date_is_unchanged_without_a_format() -> None:
    assert put("明天的天气", "date", date=S) == {"date": "明天"}


def test_an_optional_number_is_not_guessed() -> None:
    assert put("add 2", count=I) == {}


def test_a_list_of_numbers_takes_all() -> None:
    assert put("1 and 2 and 3", "v", v={"type": "array", "items": I}) == {"v": [1, 2, 3]}


def test_a_list_takes_all_of_its_kind() -> None:
    held = {"type": "array", "items": {**S, "format": "email"}}
    assert put("a@b.cn, c@d.cn", to=held) == {"to": ["a@b.cn", "c@d.cn"]}


def test_an_enumerated_value_is_taken_from_the_text() -> None:
    assert put("high priority please", p={"enum": ["low", "high"]}) == {"p": "high"}


def test_an_enumerated_value_in_chinese_is_taken() -> None:
    assert put("优先级高", p={"enum": ["低", "高"]}) == {"p": "高"}


def test_an_enumerated_value_may_be_written_with_spaces() -> None:
    assert put("mark it in progress", s={"enum": ["done", "in_progress"]}) == {"s": "in_progress"}


def test_a_list_takes_every_enumerated_value_in_the_text() -> None:
    held = {"type": "array", "items": {"enum": ["mon", "tue", "wed"]}}
    assert put("on mon and wed", days=held) == {"days": ["mon", "wed"]}


def test_prose_is_the_topic_of_the_text() -> None:
    assert put("请写一封感谢信", "prompt", prompt=S) == {"prompt": "写一封感谢信"}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("请搜索最新的手机评测", "最新的手机评测"),
        ("Search the web for the latest Python version", "latest Python version"),
        ("look up GLM-5.3, please", "GLM-5.3"),
        ("grep for `def main` in src", "def main"),
    ],
)
def test_a_query_is_the_object_of_the_search(text: str, query: str) -> None:
    assert put(text, "query", query=S) == {"query": query}


def test_the_example_of_a_description_is_used() -> None:
    assert put("hi", "zone", zone={**S, "description": "e.g. Asia/Tokyo"}) == {"zone": "Asia/Tokyo"}


def test_a_default_is_left_to_stand() -> None:
    assert put("hi", "query", query={**S, "default": "x"}) == {}


def test_a_nested_parameter_is_filled() -> None:
    inner = {"type": "object", "properties": {"city": S}, "required": ["city"]}
    assert put("in Paris", "where", where=inner) == {"where.city": "Paris"}


def test_a_parameter_behind_a_reference_and_a_union_is_seen() -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"anyOf": [{"$ref": "#/$defs/C"}, {"type": "null"}]}},
        "required": ["city"],
        "$defs": {"C": S},
    }
    assert assign(list_parameters(schema), find_values("上海")) == {("city",): "上海"}


def test_objects_too_deep_are_not_filled() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"city": S}, "required": ["city"]}
    for _ in range(6):
        schema = {"type": "object", "properties": {"in": schema}, "required": ["in"]}
    assert assign(list_parameters(schema), find_values("北京")) == {}


def test_an_endless_schema_has_an_end() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"allOf": [{"$ref": "#"}]}}}
    assert len(list_parameters(schema)) < 100


@pytest.mark.parametrize(
    "schema", [None, True, 3, [], {"properties": {"a": None}}, {"properties": 1}]
)
def test_a_schema_that_is_none_has_no_values(schema: Any) -> None:
    assert assign(list_parameters(schema), find_values("北京")) == {}


def test_quotes_go_to_parameters_without_a_kind() -> None:
    assert put("rename 'a' to 'b'", "old new", old=S, new=S) == {"old": "a", "new": "b"}


def test_a_list_of_quotes_takes_all() -> None:
    held = {"type": "array", "items": S}
    assert put("add “a” “b”", "labels", labels=held) == {"labels": ["a", "b"]}
