"""The formats of strings: samples of each, and texts that the judge refuses."""

from __future__ import annotations

import pytest

from mockglm.clock import Ids
from mockglm.improvise.schema import WorkBudget, make_value
from mockglm.improvise.schema.judge import satisfies
from mockglm.improvise.schema.maker import MAX_MEMBERS
from mockglm.improvise.tables import table

FORMATS = table("formats")["samples"]


def has_format(text: str, name: str) -> bool:
    return satisfies(text, [{"format": name}], root=True, budget=WorkBudget())


@pytest.mark.parametrize("name", FORMATS)
def test_samples_have_their_format_and_differ(name: str) -> None:
    items = {"type": "string", "format": name}
    schema = {"type": "array", "items": items, "minItems": MAX_MEMBERS}
    made = make_value(schema, Ids("seed", "session", 0))
    assert [text for text in made if not has_format(text, name)] == []
    assert len({*made}) == MAX_MEMBERS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("date", "2026-02-30"),
        ("date", "20260203"),
        ("date-time", "2026-02-03 04:05:06Z"),
        ("date-time", "2026-02-03T04:05:06"),
        ("time", "24:00:00Z"),
        ("duration", "P"),
        ("duration", "PT"),
        ("email", "nobody"),
        ("hostname", "-a.example"),
        ("ipv4", "256.1.1.1"),
        ("ipv6", "::g"),
        ("uri", "example.com"),
        ("uuid", "3f2504e04f8941d39a0c000000000000"),
        ("regex", "(["),
    ],
)
def test_a_text_of_another_form_is_refused(name: str, text: str) -> None:
    assert not has_format(text, name)
