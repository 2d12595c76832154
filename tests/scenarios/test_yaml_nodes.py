from __future__ import annotations

import gc
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockglm.errors import FileError
from mockglm.scenarios import yaml_nodes
from mockglm.scenarios.problems import Problems, problem_at


def read(text: str | bytes) -> Any:
    source = text if isinstance(text, bytes) else text.encode()
    return yaml_nodes.to_python(yaml_nodes.compose_nodes(Problems("x.yaml", source)))


def mistakes(text: str | bytes) -> str:
    with pytest.raises(FileError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("~", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-17", -17),
        ("+3", 3),
        ("1.10", 1.1),
        (".5", 0.5),
        ("-2.5e-3", -0.0025),
        ("1e3", 1000.0),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_scalars_are_those_of_json(text: str, value: object) -> None:
    assert read(text) == value
    assert type(read(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "no", "on", "off", "y", "N", "NO", "nUll", "tRue"),
        *("2026-09-09", "2026-09-09 05:38:28", "1:30", "190:20:30"),
        *("007", "0x1f", "0o17", "1_000", "1,000", "0b1", "--1", "1.2.3", "e5", ".", "+", "+-1"),
        *(".inf", "-.inf", ".nan", "1e999"),
        *("=", "1302号", "１２"),
    ],
)
def test_all_other_scalars_are_text(text: str) -> None:
    assert read(text) == text


@pytest.mark.parametrize("text", ["null", "true", "1", "1.5", ""])
def test_quoted_scalars_are_text(text: str) -> None:
    assert read(f"'{text}'") == text
    assert read(f'"{text}"') == text
    assert read(f"|-\n  {text}") == text


def test_a_whole_number_of_a_thousand_digits_is_text() -> None:
    assert read("1" * 1001) == "1" * 1001


def test_keys_are_as_written() -> None:
    assert read("{1: a, 1.10: b, true: c, null: d, 2026-01-01: e}") == {
        "1": "a",
        "1.10": "b",
        "true": "c",
        "null": "d",
        "2026-01-01": "e",
    }


def test_an_alias_has_the_value_of_its_anchor() -> None:
    assert read("a: &x {b: 1}\nc: *x") == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_byte_order_mark_does_not_count() -> None:
    assert read(b"\xef\xbb\xbfa: 1") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "x.yaml:1:1: the file is empty"),
        ("# nothing", "x.yaml:1:1: the file is empty"),
        ("a: 1\nb: 2\na: 3", "x.yaml:3:1: duplicate key `a`"),
        ("{a: {b: 1, b: 2}}", "x.yaml:1:12: duplicate key `b`"),
        ('1: a\n"1": b', "x.yaml:2:1: duplicate key `1`"),
        ("a: !!binary aGk=", "x.yaml:1:4: tags are not known here: `!!binary`"),
        ("a: !!python/object:os.system x", "x.yaml:1:4: tags are not known here: `!!python/obj"),
        ("a: !mine {b: 1}", "x.yaml:1:4: tags are not known here: `!mine`"),
        ("- !!str 1", "x.yaml:1:3: tags are not known here: `!!str`"),
        ("? [a, b]\n: 1", "x.yaml:1:3: a key must be text"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "x.yaml:3:3: merge keys (`<<`) are not known here"),
        ("a: &x [*x]", "aliases (`*name`) make this too large"),
        ("a: 1\n--- \nb: 1", "x.yaml:2:1: expected a single document in the stream, but found an"),
        ("a: b: c", "x.yaml:1:5: mapping values are not allowed in this context"),
        ("a: [1,\n", "x.yaml:2:1: while parsing a flow node, did not find expected node content"),
        ('a: "x', "x.yaml:1:4: while scanning a quoted scalar, found unexpected end of stream"),
        ("a: @x", "x.yaml:1:4: while scanning for the next token, found character that cannot"),
        ("a: *x", "x.yaml:1:4: found undefined alias"),
        ('a: "\\ud83d"', "x.yaml:1:7: while parsing a quoted scalar, found invalid Unicode"),
        ('a: "\\ud83d\\ude00"', "x.yaml:1:7: while parsing a quoted scalar, found invalid"),
        ("你好: \x07", "x.yaml:1:5: character #x0007 is not allowed"),
        ("a: 1\nb: \x00", "x.yaml:2:4: character #x0000 is not allowed"),
        (b"a: 1\n\xe4\xbd\xa0: \xff", "x.yaml:2:4: not UTF-8: invalid start byte"),
        (b"a: \xed\xa0\x80", "x.yaml:1:4: not UTF-8: invalid continuation byte"),
        (b"\xff\xfea\x00:\x00", "x.yaml:1:1: not UTF-8: invalid start byte"),
    ],
)
def test_mistakes_of_yaml_have_their_place(text: str | bytes, mistake: str) -> None:
    assert mistake in mistakes(text)


def test_several_mistakes_of_yaml_are_reported_together() -> None:
    text = "a: 1\na: 2\nb: !x 3\nc:\n  d: 1\n  d: 2"
    assert mistakes(text).splitlines() == [
        "x.yaml:2:1: duplicate key `a`",
        "x.yaml:3:4: tags are not known here: `!x`",
        "x.yaml:6:3: duplicate key `d`",
    ]


@pytest.mark.parametrize(
    ("opening", "column"), [("[", 100), ("{a: ", 397), ("- ", 199), ("? ", 199), ("[[[{a: ", 172)]
)
def test_a_deep_file_is_refused_before_it_is_read(opening: str, column: int) -> None:
    assert mistakes(opening * 100_000) == f"x.yaml:1:{column}: nested more than 100 deep"


def test_a_deep_part_of_a_file_is_refused_at_its_place() -> None:
    text = f"a: 1\nb: {'[' * 5_000}{']' * 5_000}\n"
    assert mistakes("\ufeff" + text) == "x.yaml:2:102: nested more than 100 deep"


def test_a_hundred_levels_are_read() -> None:
    assert read("[" * 99 + "]" * 99) is not None


def test_aliases_cannot_nest_deeper_than_the_limit() -> None:
    nested = "[" * 90
    text = f"a: &a {nested}{']' * 90}\nb: {nested} *a {']' * 90}"
    assert "aliases (`*name`) make this too large" in mistakes(text)


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "aliases (`*name`) make this too large" in mistakes("\n".join(lines))


def test_the_collector_is_as_it_was_before() -> None:
    with yaml_nodes.collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with yaml_nodes.collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_plain_values_built_as_nodes_are_the_same_again(value: Any) -> None:
    assert yaml_nodes.to_python(yaml_nodes.build_node(value, yaml_nodes.mark_at_line(7))) == value


def test_a_value_built_at_a_line_is_all_in_that_line() -> None:
    node = yaml_nodes.build_node({"a": [1, {"b": 2}]}, yaml_nodes.mark_at_line(7))
    inner = node.value[0][1].value[1]
    assert str(problem_at("x.py", inner.start_mark, "wrong")) == "x.py:7:1: wrong"


def test_a_value_that_is_too_deep_is_refused_with_its_place() -> None:
    value: Any = 1
    for _ in range(500):
        value = {"a": value}
    with pytest.raises(FileError) as caught:
        yaml_nodes.build_node(value, yaml_nodes.mark_at_line(0), "body")
    assert str(caught.value) == f"body{'.a' * 100}: nested more than 100 deep"


def test_a_value_that_leads_to_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(FileError, match="nested more than 100 deep"):
        yaml_nodes.build_node(value, yaml_nodes.mark_at_line(0))


def test_a_value_with_too_many_parts_is_refused() -> None:
    with pytest.raises(FileError, match=r"^body\[\d+\]: more than 200,000 values$"):
        yaml_nodes.build_node([0] * 200_001, yaml_nodes.mark_at_line(0), "body")


def test_a_number_that_python_does_not_write_is_refused_with_its_place() -> None:
    with pytest.raises(FileError, match=r"^body\.a: .*4300 digits"):
        yaml_nodes.build_node({"a": 10**5000}, yaml_nodes.mark_at_line(0), "body")


def test_a_long_key_is_not_copied_into_every_place() -> None:
    node = yaml_nodes.build_node({"k" * 1_000_000: [1, 2]}, yaml_nodes.mark_at_line(0))
    marks = [item.start_mark for item in node.value[0][1].value]
    assert {mark.name for mark in marks} == {f".{'k' * 59}[0]", f".{'k' * 59}[1]"}


@pytest.mark.parametrize(("most", "is_larger"), [(5, True), (6, False)])
def test_the_values_of_a_value_are_counted(most: int, is_larger: bool) -> None:
    assert yaml_nodes.has_more_values({"a": [1, {"b": 2}], "c": None}, most) is is_larger


def test_a_value_of_no_file_has_its_keys_for_a_place() -> None:
    node = yaml_nodes.build_node({"a": [1, {"b": 2}]}, yaml_nodes.mark_at_line(0))
    inner = node.value[0][1].value[1].value[0][1]
    assert str(problem_at("body", inner.start_mark, "wrong")) == "body.a[1].b: wrong"


@given(st.dictionaries(st.text(), st.text(), min_size=1))
def test_any_text_that_yaml_writes_quoted_is_read_as_it_was(value: dict[str, str]) -> None:
    assert read(yaml.safe_dump(value, allow_unicode=True, default_style='"')) == value


@given(st.text(min_size=1))
def test_a_scalar_is_text_or_a_value_of_json(text: str) -> None:
    value = yaml_nodes.parse_scalar(text)
    assert value == text or isinstance(value, bool | int | float | None)
