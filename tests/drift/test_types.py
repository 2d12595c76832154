"""Types at the paths of JSON values."""

from __future__ import annotations

from typing import Any

import pytest

from mockglm.drift.types import typed_paths


def test_paths_are_those_of_json_with_a_star_for_items() -> None:
    assert list(typed_paths({"a": [{"b": 1}, {"b": "x"}], "c": []})) == [
        ("$", "an object"),
        ("$.a", "a list"),
        ("$.a[*]", "an object"),
        ("$.a[*].b", "a whole number"),
        ("$.a[*]", "an object"),
        ("$.a[*].b", "text"),
        ("$.c", "an empty list"),
    ]


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("content", "任何话", "text"),
        ("content", "<think>想</think>", "text with </think>, <think>"),
        ("content", "Traceback (most recent call last)", "text with Traceback"),
        ("finish_reason", "stop", '"stop"'),
        ("role", "助手", '"助手"'),
        ("id", "8077023456789abc", "an id"),
        ("id", "202603130503030123456789abcdef", "14 digits of time and 16 hex"),
        ("id", "call_0123456789abcdef01234567", "call_ and 24 hex"),
        ("id", "call_-8077023456789", "call_ and a number"),
        ("request_id", "123", "decimal digits"),
        ("id", "", "empty text"),
        ("id", 5, "a whole number"),
        ("created", 1_773_349_383, "unix seconds"),
        ("created", 1_773_349_383_000, "a number that is not a time in seconds"),
        ("created", 1.5, "a number that is not a time in seconds"),
        ("index", -1, "a whole number below 0"),
        ("index", 2.0, "a whole number"),
        ("level", 0.5, "a number"),
        ("any", None, "null"),
        ("any", False, "true or false"),
        ("name", "\ud800", '"\\ud800"'),
    ],
)
def test_types_are_as_fine_as_clients_need(key: str, value: Any, kind: str) -> None:
    assert dict(typed_paths({key: value}))[f"$.{key}"] == kind
