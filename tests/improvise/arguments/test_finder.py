from __future__ import annotations

import re
import warnings
from importlib import import_module
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mockglm.improvise.arguments.finder import is_found
from mockglm.improvise.arguments.refs import Fuel

parser: Any = import_module("re._parser")

ATOMS = st.sampled_from(
    ["a", "b", ".", r"\d", r"\W", "[ab]", "[^a]", r"[\s1-3]", "^", "$", r"\b", r"\B", "-"]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda held: f"(?:{'|'.join(held)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
        st.tuples(st.sampled_from(["?=", "?!", "?<=", "?<!"]), inner).map(
            lambda pair: f"({pair[0]}{pair[1]})"
        ),
    ),
    max_leaves=6,
)


def found(pattern: str, text: str, work: int = 100_000) -> bool | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return is_found(parser.parse(pattern), text, Fuel(work))


# not in an empty text, where 3.11 finds no \\B
@given(PATTERNS, st.text(alphabet="ab1 -", min_size=1, max_size=8))
def test_what_is_found_is_what_re_finds(pattern: str, text: str) -> None:
    try:
        expected = re.search(pattern, text) is not None
    except re.error:  # a look behind of no fixed width
        assume(False)
    assert found(pattern, text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "fit"),
    [
        ("(?i)^ABC$", "abc", True),
        ("(?i)^[a-c]+$", "ABC", True),
        ("^(?>ab)c++$", "abcc", True),
        ("(?<=ab)c", "abc", True),
        ("(?<!ab)c", "abc", False),
        ("(?!)", "a", False),
        ("^a{3}$", "aa", False),
        ("^(?:){70000}$", "", True),
        (r"(\w)\1", "ab", True),
        (r"(a)?(?(1)b|c)", "c", True),
        (r"(a)(?(1)b)", "ac", True),
    ],
)
def test_what_re_has_beyond_is_found_too(pattern: str, text: str, fit: bool) -> None:
    assert found(pattern, text) is fit


def test_nothing_is_known_when_the_work_is_spent() -> None:
    assert found("^(a|aa)+(?=b)c$", "a" * 400) is False
    assert found("^(a|aa)+(?=b)c$", "a" * 400, work=400) is None
