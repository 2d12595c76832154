from __future__ import annotations

from typing import Any

import pytest

from mockglm.improvise.arguments.merge import merge

MERGED: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]] = [
    ({"type": "string"}, {"minLength": 1}, {"type": "string", "minLength": 1}),
    ({"type": ["string", "null"]}, {"type": "string"}, {"type": ["string"]}),
    ({"type": "number"}, {"type": "integer"}, {"type": ["integer"]}),
    ({"type": "string"}, {"type": "integer"}, None),
    ({"minimum": 1, "maximum": 9}, {"minimum": 3, "maximum": 5}, {"minimum": 3, "maximum": 5}),
    ({"enum": [1, 2]}, {"enum": [2.0, True]}, {"enum": [2]}),
    ({"enum": [1]}, {"enum": [True]}, None),
    ({"const": 1}, {"const": 1}, {"const": 1}),
    ({"const": 1}, {"const": 2}, None),
    ({"required": ["a", "b"]}, {"required": ["b", "c"]}, {"required": ["a", "b", "c"]}),
    ({"multipleOf": 4}, {"multipleOf": 6}, {"multipleOf": 12}),
    ({"multipleOf": 0.5}, {"multipleOf": 2}, {"multipleOf": 2}),
    ({"items": {"a": 1}}, {"items": False}, {"items": False}),
    ({"items": {"a": 1}}, {"items": {"b": 1}}, {"items": {"allOf": [{"a": 1}, {"b": 1}]}}),
    ({"not": {"a": 1}}, {"not": {"b": 1}}, {"not": {"anyOf": [{"a": 1}, {"b": 1}]}}),
    ({"pattern": "a"}, {"pattern": "b"}, {"pattern": "a"}),
    ({"uniqueItems": False}, {"uniqueItems": True}, {"uniqueItems": True}),
    (
        {"properties": {"a": {}, "b": {"x": 1}}},
        {"properties": {"b": {"y": 1}}},
        {"properties": {"a": {}, "b": {"allOf": [{"x": 1}, {"y": 1}]}}},
    ),
    (
        {"prefixItems": [{"x": 1}, {"z": 1}]},
        {"prefixItems": [{"y": 1}]},
        {"prefixItems": [{"allOf": [{"x": 1}, {"y": 1}]}, {"z": 1}]},
    ),
    (
        {"dependentRequired": {"a": ["b"]}},
        {"dependentRequired": {"c": ["d"]}},
        {"dependentRequired": {"a": ["b"], "c": ["d"]}},
    ),
]


@pytest.mark.parametrize(("one", "two", "both"), MERGED)
def test_two_schemas_become_one_that_both_hold_in(
    one: dict[str, Any], two: dict[str, Any], both: dict[str, Any] | None
) -> None:
    assert merge(one, two) == both
