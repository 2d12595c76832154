from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.clock import Ids
from mockglm.improvise.schema import WorkBudget
from mockglm.improvise.schema.patterns import EXTRA_REPEATS, MAX_TEXT, matches, write_matches

IDS = Ids("seed", "session", 0)
WORK = 100_000

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
    texts = [*write_matches(pattern, IDS, "here", budget=WorkBudget(WORK))][: len(EXTRA_REPEATS)]
    assert [text for text in texts if not re.search(pattern, text)] == []


def test_texts_grow() -> None:
    lengths = {
        len(text) for text in write_matches(r"^[a-z]+$", IDS, "here", budget=WorkBudget(WORK))
    }
    assert {1, 2, 3, 129} <= lengths


def test_a_text_stays_bounded() -> None:
    text = next(write_matches("(a{1000}){1000}", IDS, "here", budget=WorkBudget(WORK)))
    assert MAX_TEXT <= len(text) <= MAX_TEXT + 1000


def test_the_same_ids_and_place_write_the_same() -> None:
    assert [*write_matches(r"\w{9}", IDS, "a", budget=WorkBudget(WORK))] == [
        *write_matches(r"\w{9}", Ids("seed", "session", 0), "a", budget=WorkBudget(WORK))
    ]
    assert next(write_matches(r"\w{9}", IDS, "a", budget=WorkBudget(WORK))) != next(
        write_matches(r"\w{9}", IDS, "b", budget=WorkBudget(WORK))
    )


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
def test_syntax_of_ecmascript_is_understood(pattern: str, text: str) -> None:
    assert matches(pattern, text, WorkBudget(WORK))
    assert next(write_matches(pattern, IDS, "here", budget=WorkBudget(WORK)), None) is not None


@pytest.mark.parametrize(
    "pattern", ["([", "a{60000}{60000}{60000}", "x" * 5000, "(" * 40 + ")" * 40]
)
def test_a_pattern_that_cannot_be_read_matches_everything(pattern: str) -> None:
    assert matches(pattern, "anything", WorkBudget(WORK))
    assert [*write_matches(pattern, IDS, "here", budget=WorkBudget(WORK))] == []


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^((a|b)*c)*$", "^(?=(a+)+b)", "^(a|aa)+(?=b)c$"])
def test_a_pattern_with_exponential_matching_ends(pattern: str) -> None:
    assert not matches(pattern, "a" * 40 + "!", WorkBudget(WORK))


@pytest.mark.parametrize(
    ("pattern", "text", "fit"),
    [
        (r"^(\w)\1$", "aa", True),
        (r"^(\w)\1$", "ab", False),
        (r"^(a|aa)+\1c$", "a" * 30, False),
        (r"^(a)?(?(1)b|c)$", "ab", True),
        (r"^(a)?(?(1)b|c)$", "ac", False),
    ],
)
def test_a_backreference_repeats_the_text_of_its_group(pattern: str, text: str, fit: bool) -> None:
    assert matches(pattern, text, WorkBudget(WORK)) is fit


def test_a_text_is_taken_to_match_when_there_is_no_work_left() -> None:
    assert matches("^b$", "a", WorkBudget(0))
    assert [*write_matches("^b$", IDS, "here", budget=WorkBudget(0))] == []


def test_half_a_character_is_not_write_matches() -> None:
    texts = [*write_matches(r"^[\ud800-\udfff]+x$", IDS, "here", budget=WorkBudget(WORK))]
    assert "".join(texts).isprintable()


def test_a_pattern_python_warns_about_is_used_in_silence() -> None:
    assert matches("[[a]", "a", WorkBudget(WORK))


@given(st.text(alphabet="abc[](){}|*+?^$\\.1,-", max_size=14))
def test_any_pattern_is_survived(pattern: str) -> None:
    matches(pattern, "abc", WorkBudget(WORK))
    assert all(
        len(text) < MAX_TEXT * 2
        for text in write_matches(pattern, IDS, "here", budget=WorkBudget(WORK))
    )
