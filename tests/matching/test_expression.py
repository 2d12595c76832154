from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.matching import When, expression
from mockglm.matching.expression import SearchBudget, parse_expression
from tests.matching.build import seen, user

EXPLODES = "^(a|a)*$"
VICTIM = "a" * 60 + "!"


@pytest.mark.parametrize(
    ("source", "is_plain"),
    [
        ("weather", True),
        ("^Hi|[abc]\\.$", True),
        ("天气.", True),
        ("a+", False),
        ("a*b", False),
        ("colou?r", False),
        ("a{2}", False),
        ("(a|b)", False),
        (r"a\1", False),
    ],
)
def test_only_an_expression_that_can_take_long_needs_the_bounded_engine(
    source: str, is_plain: bool
) -> None:
    if r"\1" in source:
        source = "(a)" + source
    found = parse_expression(source)
    assert (found.bounded is None) == is_plain
    assert (found.plain is None) != is_plain


def test_plain_expressions_do_not_import_the_bounded_engine() -> None:
    code = (
        "import sys; from mockglm.matching import When; When(user='/^hi|你好/i', model='glm-*');"
        "print('regex' in sys.modules); When(user='/hi+/'); print('regex' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.split() == ["False", "True"]


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
@pytest.mark.parametrize(
    ("source", "text", "is_found"),
    [
        # A fuzzy search, or a class of POSIX, for `regex`; what it says for `re`.
        ("a?{e}", "{e}", True),
        ("a?{e}", "x", False),
        ("hell?o{i<2}", "hello{i<2}", True),
        ("hell?o{i<2}", "hallo", False),
        ("[[:alpha:]+", "[", True),
        ("[[:alpha:]+", "q", False),
        ("a?[]{]", "{", True),
        (r"a?\{e}", "{e}", True),
        ("x{,2}y{2,}z{1}", "xyyz", True),
        ("(?i:straße)", "STRASSE", False),
        ("a{}", "a{}", True),
    ],
)
def test_an_expression_has_the_meaning_of_re(source: str, text: str, is_found: bool) -> None:
    assert parse_expression(source).is_found(text, 1) is is_found


PARTS = st.sampled_from(
    ["a", "b", ".", r"\d", r"\b", "[ab]", "[^a]", "^", "$", "{", "}", "{e}", "{s<2}", r"\{", "中"]
)
REPEATS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}", "{,2}", "*?", "+?", "{ 2}"])
PIECES = st.lists(st.tuples(PARTS, REPEATS), min_size=1, max_size=5)
TEXTS = st.text("abX{}e1s<2中 \n", max_size=12)


@given(PIECES, st.booleans(), TEXTS)
def test_both_engines_find_the_same(
    pieces: list[tuple[str, str]], ignore_case: bool, text: str
) -> None:
    source = "(" + "".join(map("".join, pieces)) + ")"
    try:
        plain = re.compile(source, re.IGNORECASE if ignore_case else 0)
    except re.error:
        with pytest.raises(ValueError, match=r"."):
            parse_expression(source, ignore_case=ignore_case)
        return
    found = parse_expression(source, ignore_case=ignore_case)
    assert found.is_found(text, 5) == (plain.search(text) is not None)
    assert found.substitute("_", text, 5) == plain.sub("_", text)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a{99999999999}", "the repetition number is too large"),
        ("(" * 5_000, "nested too deep"),
        ("(" * 5_000 + ")" * 5_000, "nested too deep"),
        ("(?:a{1000}){1000}", "more than 100,000 elements with its repeats written out"),
        ("(?:(?:[a-z]|b){10,}x){20000}", "more than 100,000 elements"),
        ("a{65535}b{65535}", "more than 100,000 elements"),
        ("(", "missing ), unterminated subpattern"),
        ("a**", "multiple repeat"),
        (r"a+\q", r"bad escape \q"),
        ("(?V1)a+", "unknown extension"),
    ],
)
def test_a_malformed_or_too_large_expression_is_refused(source: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        parse_expression(source)


@pytest.mark.parametrize("source", [r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a{60000}"])
def test_counted_repeats_of_an_ordinary_size_are_taken(source: str) -> None:
    assert parse_expression(source).bounded is not None


def test_a_search_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(TimeoutError):
        parse_expression(EXPLODES).is_found(VICTIM, 0.01)
    with pytest.raises(TimeoutError):
        parse_expression(EXPLODES).substitute("", VICTIM, 0.01)


def test_no_search_is_begun_without_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = SearchBudget()
    assert budget.spend(lambda seconds: seconds) == expression.SEARCH_SECONDS
    budget.left = 0.0
    with pytest.raises(TimeoutError):
        budget.spend(lambda seconds: seconds)


@pytest.mark.parametrize(
    ("fields", "view"),
    [
        ({"user": f"/{EXPLODES}/"}, {}),
        ({"header": {"x-tenant": f"/{EXPLODES}/"}}, {"headers": (("x-tenant", VICTIM),)}),
    ],
)
def test_a_pattern_whose_search_times_out_does_not_match_and_is_reported(
    fields: Any, view: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expression, "SEARCH_SECONDS", 0.01)
    request = seen(user(VICTIM), **view)
    when = When(**fields)
    assert not when.matches(request)
    assert [one.text for one in request.unfinished] == [f"/{EXPLODES}/"]
    (difference,) = when.differences(request)
    assert difference.expected == f"what /{EXPLODES}/ finds"
    assert difference.actual.startswith('a search that was given up, in "aaa')


def test_searches_that_were_given_up_are_not_tried_again_and_are_bounded_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expression, "SEARCH_SECONDS", 0.02)
    monkeypatch.setattr(expression, "REQUEST_SECONDS", 0.1)
    tried: list[str] = []
    search = expression.Expression.is_found

    def record(self: expression.Expression, text: str, seconds: float) -> bool:
        tried.append(self.text)
        return search(self, text, seconds)

    monkeypatch.setattr(expression.Expression, "is_found", record)
    request = seen(user(VICTIM))
    whens = [When(user=f"/^(?:{number}|)(a|a)*$/") for number in range(50)]
    for _ in range(2):
        assert not any(when.matches(request) for when in whens)
    assert len(request.unfinished) == 50
    assert len(tried) == len(set(tried)) <= 10
    assert When(user="/a!/").matches(request)
