"""Texts that match regular expressions, and matching in bounded time."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from mockglm.clock import Ids
from mockglm.improvise.schema import WorkBudget
from mockglm.improvise.schema.patterns import MAX_PIECES, matches, write_matches

IDS = Ids("seed", "session", 0)


def write(pattern: str, where: str = "here", *, ids: Ids = IDS, least: int = 0) -> list[str]:
    return [*write_matches(pattern, ids, where, budget=WorkBudget(), least=least)]


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
    r"^x*y+$",
    r"^[一-龥]{2,4}$",
    r"^[\u4e00-\u9fff]+$",
    r"^[^ -~]$",
    r"^.{3}$",
    r"^a{0}b$",
    r"",
    r"^\(\d{3}\) \d{3}-\d{4}$",
    r"^[a-zA-Z0-9_.-]+\.(png|svg|gif)$",
    r"^https?://[a-z.]+/v\d+/(chat|embeddings)$",
    r"^arn:aws:[a-z0-9-]+:[a-z0-9-]*:\d{12}:role/[\w+=,.@-]{1,64}$",
    r"^(?=.*[A-Z])(?=.*\d)(?=.*[a-z]).{8,}$",
    r"^[0-9a-f]{64}$",
    r"^\p{L}+$",
    r"^[\p{L}\s]+$",
    r"^\p{Lu}\p{N}$",
    r"^a\/b$",
    r"^(?<year>\d{4})$",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_texts_that_match_are_written_and_found(pattern: str) -> None:
    texts = write(pattern)
    assert texts
    assert [text for text in texts if not regex.search(pattern, text)] == []
    assert all(matches(pattern, text, WorkBudget()) for text in texts)


def test_texts_have_several_lengths_at_least_the_one_that_is_needed() -> None:
    assert len({len(text) for text in write(r"^[a-z]+$")}) >= 3
    assert min(len(text) for text in write(r"^[a-z]+$", least=20)) == 20


def test_a_text_stays_bounded() -> None:
    assert write(rf"^a{{{MAX_PIECES + 1}}}$") == []


def test_the_same_ids_and_place_write_the_same() -> None:
    assert write(r"\w{9}") == write(r"\w{9}", ids=Ids("seed", "session", 0))
    assert write(r"\w{9}") != write(r"\w{9}", "there")
    assert write(r"\w{9}") != write(r"\w{9}", ids=Ids("seed", "session", 1))


@pytest.mark.parametrize("pattern", ["([", "a{60000}{60000}{60000}", "x" * 5000, "(" * 900])
def test_a_pattern_that_cannot_be_read_matches_everything(pattern: str) -> None:
    assert matches(pattern, "anything", WorkBudget())
    assert write(pattern) == []


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^((a|b)*c)*$", "^(?=(a+)+b)", "^(a|aa)+(?=b)c$"])
def test_a_pattern_with_exponential_matching_ends(pattern: str) -> None:
    assert not matches(pattern, "a" * 40 + "!", WorkBudget())


def test_searches_that_take_long_cost_the_budget() -> None:
    budget = WorkBudget()
    assert [*write_matches(r"^(a|aa)+(?=b)c$", IDS, "here", budget=budget)] == []
    assert budget.left < 0


@pytest.mark.parametrize(
    ("pattern", "text", "fit"),
    [
        (r"(?<=a)b", "ab", True),
        (r"^(\w)\1$", "ab", False),
        (r"^(a|aa)+\1c$", "a" * 30, False),
        (r"^(a)?(?(1)b|c)$", "ab", True),
        (r"^(a)?(?(1)b|c)$", "ac", False),
    ],
)
def test_a_text_is_matched_as_the_pattern_says(pattern: str, text: str, fit: bool) -> None:
    assert matches(pattern, text, WorkBudget()) is fit


def test_a_text_is_taken_to_match_when_there_is_no_work_left() -> None:
    assert matches("^b$", "a", WorkBudget(0))
    assert [*write_matches("^b$", IDS, "here", budget=WorkBudget(0))] == []


def test_half_a_character_is_not_written() -> None:
    assert "".join(write(r"^[\ud800-\udfff]+x$")).isprintable()


def test_a_pattern_python_warns_about_is_used_in_silence() -> None:
    assert matches("[[a]", "a", WorkBudget())


@settings(deadline=None)
@given(st.text(alphabet="abc[](){}|*+?^$\\.1,-", max_size=14))
def test_any_pattern_is_survived(pattern: str) -> None:
    matches(pattern, "abc", WorkBudget())
    assert all(len(text) < 2 * MAX_PIECES for text in write(pattern))
