from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct, field

from mockglm.scenarios import reader, yaml_nodes
from mockglm.scenarios.problems import Problems


class Inner(Struct):
    name: str
    size: Annotated[int, Meta(ge=1)] = 1


class Outer(Struct):
    text: str = ""
    texts: str | list[str] = ""
    maybe: str | None = ""
    whole: Annotated[int, Meta(ge=0)] = 0
    number: Annotated[float, Meta(ge=0, le=1)] = 0.0
    flag: bool = False
    word: Literal["stop", "length"] = "stop"
    either: bool | Literal["close", "hang"] = False
    mapping: dict[str, int] | None = None
    pair: tuple[float, str] | None = None
    inner: Inner | str | None = None
    items: list[Inner] = []
    any: Any = None
    for_: str = field(name="for", default="")


def read(text: str) -> Any:
    """The Outer of a text, or what is wrong with it."""
    problems = Problems("x.yaml", text.encode())
    value = reader.reader_for(Outer).read(yaml_nodes.compose_nodes(problems), problems)
    if problems.found:
        assert value is reader.WRONG
        return [str(problem).removeprefix("x.yaml:") for problem in sorted(problems.found)]
    return value


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("text: 你好", "text", "你好"),
        ("text: 1302", "text", "1302"),
        ("text: 1.10", "text", "1.10"),
        ("text: true", "text", "true"),
        ("text: 2026-09-09 05:38:28", "text", "2026-09-09 05:38:28"),
        ("text: 'null'", "text", "null"),
        ("text: ''", "text", ""),
        ("texts: 1", "texts", "1"),
        ("texts: [1, a]", "texts", ["1", "a"]),
        ("maybe: null", "maybe", None),
        ("maybe: ", "maybe", None),
        ("maybe: 1", "maybe", "1"),
        ("whole: 3", "whole", 3),
        ("number: 1", "number", 1.0),
        ("number: 0.25", "number", 0.25),
        ("flag: true", "flag", True),
        ("word: length", "word", "length"),
        ("either: true", "either", True),
        ("either: hang", "either", "hang"),
        ("mapping: {a: 1}", "mapping", {"a": 1}),
        ("pair: [0.5, 1]", "pair", (0.5, "1")),
        ("inner: {name: 1}", "inner", Inner("1")),
        ("inner: x", "inner", "x"),
        ("items: [{name: a}, {name: b, size: 2}]", "items", [Inner("a"), Inner("b", 2)]),
        ("any: {a: [1, '1', null]}", "any", {"a": [1, "1", None]}),
        ("for: 5h", "for_", "5h"),
    ],
)
def test_a_value_is_read_as_its_type(text: str, name: str, value: object) -> None:
    assert getattr(read(text), name) == value
    assert type(getattr(read(text), name)) is type(value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("text: null", "1:7: expected text, found nothing"),
        ("text: [a]", "1:7: expected text, found a list"),
        ("text: {a: b}", "1:7: expected text, found a mapping"),
        ("texts: {a: b}", "1:8: expected text or a list of text, found a mapping"),
        ("texts: [a, [b]]", "1:12: expected text, found a list"),
        ("whole: -1", "1:8: expected a whole number of at least 0, found `-1`"),
        ("whole: 1.0", "1:8: expected a whole number of at least 0, found `1.0`"),
        ("whole: '1'", "1:8: expected a whole number of at least 0, found `1`"),
        ("whole: true", "1:8: expected a whole number of at least 0, found `true`"),
        ("number: 1.5", "1:9: expected a number from 0 to 1, found `1.5`"),
        ("number: x", "1:9: expected a number from 0 to 1, found `x`"),
        ("flag: yes", "1:7: expected true or false, found `yes`"),
        ("flag: 'true'", "1:7: expected true or false, found `true`"),
        (
            "word: stopp",
            "1:7: expected one of length, stop, found `stopp`, did you mean `stop`?",
        ),
        ("either: 1", "1:9: expected true or false or one of close, hang, found `1`"),
        ("mapping: {a: x}", "1:14: expected a whole number, found `x`"),
        ("mapping: [1]", "1:10: expected a mapping to a whole number, found a list"),
        ("pair: [1, a, b]", "1:7: expected [a number, text], found a list of 3"),
        ("inner: {size: 2}", "1:8: `name` is missing"),
        ("items: {name: a}", "1:8: expected a list of mappings, found a mapping"),
        ("fro: 5h", "1:1: unknown key `fro`, did you mean `for`?"),
        (f"flag: {'x' * 50}", f"1:7: expected true or false, found `{'x' * 40}…`"),
        ("[]", "1:1: expected a mapping, found a list"),
    ],
)
def test_values_that_do_not_fit_are_reported(text: str, problem: str) -> None:
    assert read(text) == [problem]


def test_an_unknown_key_that_resembles_none_is_reported_with_all_keys() -> None:
    assert read("inner: {name: a, zzz: 1}") == [
        "1:18: unknown key `zzz`; known here are name, size",
    ]


def test_all_mistakes_are_reported_together() -> None:
    assert read("flag: 1\nitems:\n  - {size: 0}\n  - {nam: x}\nwhole: a") == [
        "1:7: expected true or false, found `1`",
        "3:5: `name` is missing",
        "3:12: expected a whole number of at least 1, found `0`",
        "4:5: `name` is missing",
        "4:6: unknown key `nam`, did you mean `name`?",
        "5:8: expected a whole number of at least 0, found `a`",
    ]


def test_the_parts_of_a_wrong_mapping_are_read_as_far_as_they_are_right() -> None:
    problems = Problems("x.yaml", b"flag: 1\ntext: a\nitems: [{name: b}, {}]")
    values = reader.read_fields(Outer, yaml_nodes.compose_nodes(problems), problems)
    assert values == {"flag": reader.WRONG, "text": "a", "items": [Inner("b"), reader.WRONG]}
