"""JSON objects with their places."""

from __future__ import annotations

import pytest

from mockglm.conformance.json_path import JSONNode, decode_json, shorten


def test_a_node_has_children_with_paths() -> None:
    node = JSONNode({"a": [{"b": 1}, 2, {"b": 3}], "c": {}}, 5, 9)
    assert [item.path for item in node.items("a")] == ["$.a[0]", "$.a[2]"]
    assert node.child("c") == JSONNode({}, 5, 9, "$.c")
    assert node.child("a") is None
    assert list(node.items("c")) == []


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "{", ""])
def test_invalid_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_json(text)


def test_a_value_is_shortened_to_a_line() -> None:
    assert shorten({"你": 1}) == '{"你": 1}'
    assert shorten("x" * 100) == "x" * 79 + "…"
