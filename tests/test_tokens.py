"""Estimates of usage: near enough, never nothing for something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.tokens import count

text = st.text(st.characters(codec="utf-8"), max_size=200)


@pytest.mark.parametrize(
    ("words", "tokens"),
    [
        ("", 0),
        ("a", 1),
        ("abcd", 1),
        ("abcde", 2),
        ("你", 1),
        ("你好世界", 2),
        ("一" * 160, 100),
        ("一" * 80 + "abcd" * 10, 60),
        ("\U0001f600", 1),
        ("\x7f", 1),
        ("é", 1),
    ],
)
def test_four_latin_or_1_6_other_characters_are_a_token(words: str, tokens: int) -> None:
    assert count(words) == tokens


@given(text)
def test_a_text_has_a_token_and_at_most_one_a_character(words: str) -> None:
    assert (count(words) == 0) == (words == "")
    assert count(words) <= len(words)


@given(text, text)
def test_two_texts_together_count_about_as_much(one: str, other: str) -> None:
    assert abs(count(one + other) - count(one) - count(other)) <= 2


@given(st.text(st.sampled_from("a你"), min_size=60, max_size=70))
def test_short_and_long_texts_are_counted_alike(words: str) -> None:
    wide = words.count("你")
    expected = (len(words) - wide) / 4 + wide / 1.6
    assert abs(count(words) - expected) <= 1
