from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mockglm.matching import paths

BODY = {"a": {"b": [{"c": 1, "d": 2}, {"c": 3}, 5]}, "c": 6, "x y": 7, "a-b": 8, "名": 9}


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("$.c", {"a": {"b": [{"c": 1, "d": 2}, {"c": 3}, 5]}, "x y": 7, "a-b": 8, "名": 9}),
        ("$.a.b", BODY | {"a": {}}),
        ("$.a.b[0].c", BODY | {"a": {"b": [{"d": 2}, {"c": 3}, 5]}}),
        ("$.a.b[1]", BODY | {"a": {"b": [{"c": 1, "d": 2}, 5]}}),
        ("$.a.b[*].c", BODY | {"a": {"b": [{"d": 2}, {}, 5]}}),
        ("$.a.b[*]", BODY | {"a": {"b": []}}),
        ("$.*", {}),
        ("$.a.*", BODY | {"a": {}}),
        ("$..c", {"a": {"b": [{"d": 2}, {}, 5]}, "x y": 7, "a-b": 8, "名": 9}),
        ("$.a..c", BODY | {"a": {"b": [{"d": 2}, {}, 5]}}),
        ("$..b[0]", BODY | {"a": {"b": [{"c": 3}, 5]}}),
        ("$['x y']", {"a": BODY["a"], "c": 6, "a-b": 8, "名": 9}),
        ("$.a-b", {"a": BODY["a"], "c": 6, "x y": 7, "名": 9}),
        ("$.名", {"a": BODY["a"], "c": 6, "x y": 7, "a-b": 8}),
        ("$.nothing.here[3]", BODY),
        ("$.a.b[9]", BODY),
        ("$.a[0]", BODY),
        ("$.c.d", BODY),
    ],
)
def test_the_value_of_a_path_is_removed(path: str, left: Any) -> None:
    value = json.loads(json.dumps(BODY))
    paths.remove(value, [paths.parse(path)])
    assert value == left


def test_indices_are_those_before_removal() -> None:
    value = {"a": [0, 1, 2, 3]}
    paths.remove(value, map(paths.parse, ["$.a[0]", "$.a[2]", "$.a[2]"]))
    assert value == {"a": [1, 3]}


def test_a_value_named_by_two_paths_is_removed_once() -> None:
    value = {"a": {"b": 1}}
    paths.remove(value, map(paths.parse, ["$.a", "$.a.b", "$..b"]))
    assert value == {}


@pytest.mark.parametrize("value", [None, "text", 5, []])
def test_scalars_are_unchanged(value: Any) -> None:
    paths.remove(value, [paths.parse("$.a"), paths.parse("$..a")])
    assert value in (None, "text", 5, [])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a.b", "'a.b' is not a path; a path begins with $, as in $.messages[0].content"),
        ("", "'' is not a path; a path begins with $"),
        ("$", "$ is the whole body; name what in it is to be ignored"),
        ("$.a[?(@.b)]", "'$.a[?(@.b)]': '[?(@.b)]' is not understood; known are .name"),
        ("$.a[0:2]", "'$.a[0:2]': '[0:2]' is not understood"),
        ("$.a[-1]", "'$.a[-1]': '[-1]' is not understood"),
        ("$.a[0,1]", "'$.a[0,1]': '[0,1]' is not understood"),
        ("$.a.", "'$.a.': '.' is not understood"),
        ("$a", "'$a': 'a' is not understood"),
    ],
)
def test_a_path_that_is_not_understood_is_refused(path: str, message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        paths.parse(path)
