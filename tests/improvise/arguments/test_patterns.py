from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.clock import Ids
from mockglm.improvise.arguments.patterns import GROWTH, LONGEST, matches, written

IDS = Ids("seed", "session", 0)

PATTERNS = [
    r"^\d{3}-\d{4}$",
    r"^[A-Z][a-z]+(?: [A-Z][a-z]+)*$",
    r"^(foo|bar|baz)\d?$",
    r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    r"^(a|b)\1$",
    r"^(?P<x>\w)(?P=x)$",
    r"[\d\-_]{4}",
    r"^\S+\s\S+$",
    r"^\W\D$",
    r"^[^a]$",
    r"^(?>ab)c++$",
    r"^x*?y+?$",
    r"^[一-龥]{2,4}$",
    r"^[^ -~]$",
    r"^.{3}$",
    r"^a{0}b$",
    r"",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_text_that_is_written_matches(pattern: str) -> None:
    texts = [*written(pattern, IDS, "here")][: len(GROWTH)]
    assert [text for text in texts if not re.search(pattern, text)] == []


def test_texts_grow() -> None:
    lengths = {len(text) for text in written(r"^[a-z]+$", IDS, "here")}
    assert {1, 2, 3, 129} <= lengths


def test_a_text_stays_bounded() -> None:
    text = next(written("(a{1000}){1000}", IDS, "here"))
    assert LONGEST <= len(text) <= LONGEST + 1000


def test_the_same_ids_and_place_write_the_same() -> None:
    assert [*written(r"\w{9}", IDS, "a")] == [*written(r"\w{9}", Ids("seed", "session", 0), "a")]
    assert next(written(r"\w{9}", IDS, "a")) != next(written(r"\w{9}", IDS, "b"))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^\p{L}+$", "abc"),
        (r"^[\p{L}\s]+$", "a b"),
        (r"^\p{Lu}\p{N}$", "A1"),
        (r"^a\/b$", "a/b"),
        (r"^(?<year>\d{4})$", "2026"),
        (r"(?<=a)b", "ab"),
    ],
)
def test_what_only_ecmascript_has_is_understood(pattern: str, text: str) -> None:
    assert matches(pattern, text)
    assert next(written(pattern, IDS, "here"), None) is not None


@pytest.mark.parametrize("pattern", ["([", "a{60000}{60000}{60000}", "x" * 5000])
def test_a_pattern_that_cannot_be_read_matches_everything(pattern: str) -> None:
    assert matches(pattern, "anything")
    assert [*written(pattern, IDS, "here")] == []


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^((a|b)*c)*$", "^(?=(a+)+b)"])
def test_nested_loops_are_not_tried_on_long_texts(pattern: str) -> None:
    assert not matches(pattern, "a" * 40 + "!")


def test_a_pattern_python_warns_about_is_used_in_silence() -> None:
    assert matches("[[a]", "a")


@given(st.text(alphabet="abc[](){}|*+?^$\\.1,-", max_size=14))
def test_any_pattern_is_survived(pattern: str) -> None:
    matches(pattern, "abc")
    assert all(len(text) < LONGEST * 2 for text in written(pattern, IDS, "here"))
