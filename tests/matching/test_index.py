from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockglm.exchange import Request
from mockglm.matching import PatternIndex, RequestView, When
from mockglm.validation import Chat, Message
from tests.matching.build import call, result, seen, user


def answering(whens: list[When | None], view: RequestView) -> list[int]:
    """What asking every pattern in turn finds."""
    return [i for i, when in enumerate(whens) if when and when.matches(view)]


def found(whens: list[When | None], view: RequestView) -> list[int]:
    candidates = list(PatternIndex(whens).candidates(view))
    return [i for i in candidates if (when := whens[i]) and when.matches(view)]


def test_candidates_come_in_order_of_priority() -> None:
    whens = [
        When(user="天气"),
        When(model="glm-4.6", text="天气"),
        None,
        When(model="glm-*"),
        When(text="天气"),
        When(model=["glm-5", "glm-4.6"]),
        When(),
    ]
    assert list(PatternIndex(whens).candidates(seen(user("天气")))) == [0, 1, 3, 4, 5, 6]


def test_patterns_for_another_model_or_text_are_no_candidates() -> None:
    whens = [When(model="glm-5"), When(text="你好"), When(user="你好"), When(user="/你好/")]
    assert list(PatternIndex(whens).candidates(seen(user("天气")))) == [3]


def test_a_request_without_user_and_model_has_only_unbound_candidates() -> None:
    whens = [When(model="glm-5"), When(text="你好"), When(user="你好"), When(), When(user="天")]
    assert list(PatternIndex(whens).candidates(RequestView(Chat(), Request("POST", "/x")))) == [
        3,
        4,
    ]


def test_nothing_filed_has_no_candidates() -> None:
    assert list(PatternIndex([]).candidates(seen(user("天气")))) == []
    assert list(PatternIndex([None, None]).candidates(seen(user("天气")))) == []


class Counted(When, frozen=True):
    """A pattern that counts how often any of its kind is asked."""

    asked: ClassVar[int] = 0

    def matches(self, view: RequestView, draw: Any = 0.0) -> bool:
        type(self).asked += 1
        return When.matches(self, view, draw)


@pytest.mark.parametrize(
    ("count", "fields"),
    [
        (100_000, lambda i: {"model": f"glm-{i % 7}", "text": f"第 {i} 个问题"}),
        (10_000, lambda i: {"text": f"question {i}", "stream": False}),
        (10_000, lambda i: {"model": f"glm-{i}"}),
    ],
)
def test_the_index_tries_one_of_a_hundred_thousand_patterns(count: int, fields: Any) -> None:
    Counted.asked = 0
    whens = [Counted(**fields(i)) for i in range(count)]
    index = PatternIndex(whens)
    for i in (0, 4_321, count - 1):
        asked = fields(i)
        view = seen(user(asked.get("text", "")), model=asked.get("model", "glm-4.6"))
        assert [one for one in index.candidates(view) if whens[one].matches(view)] == [i]
    assert Counted.asked == 3


def test_the_index_tries_few_of_many_patterns_with_different_texts() -> None:
    whens = [When(user=f"order {i}") for i in range(10_000)]
    candidates = list(PatternIndex(whens).candidates(seen(user("where is order 4321?"))))
    assert 4321 in candidates
    assert len(candidates) < 100


def pattern(fields: dict[str, Any]) -> When:
    return When(**fields)


WORDS = st.sampled_from(["天气", "你好", "北京天气", "天", "气", "", "hello", "el"])
MODELS = st.sampled_from(["glm-4.6", "glm-5", "glm-4*", "*"])
WHENS = st.fixed_dictionaries(
    {},
    optional={
        "model": MODELS | st.lists(MODELS, min_size=1, max_size=2),
        "user": WORDS
        | st.lists(WORDS | st.just("/天.?气/"), min_size=1, max_size=3)
        | st.just("/^H/i"),
        "text": WORDS,
        "after_tool": st.sampled_from(["f", "g"]),
        "stream": st.booleans(),
    },
).map(pattern)
TURNS = st.sampled_from(
    [
        *(user(text) for text in ("天气", "北京天气", "你好天", "hello", "天", "")),
        {"role": "system", "content": "天气"},
        {"role": "assistant", "content": "你好"},
        call("f"),
        result("x"),
    ]
)
VIEWS = st.builds(
    lambda messages, model, stream: seen(*messages, model=model, stream=stream),
    st.lists(TURNS, max_size=4),
    st.sampled_from(["glm-4.6", "glm-5", "glm-x", None]),
    st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(whens=st.lists(st.none() | WHENS, max_size=12), view=VIEWS)
def test_the_index_agrees_with_trying_all_patterns(
    whens: list[When | None], view: RequestView
) -> None:
    assert found(whens, view) == answering(whens, view)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=12), part=st.tuples(st.integers(0, 12), st.integers(0, 12)))
def test_a_part_of_the_text_is_always_found(text: str, part: tuple[int, int]) -> None:
    whens: list[When | None] = [When(user=text[slice(*part)]), When(text=text), When(user="\0\0")]
    message = Message(role="user", content=text)
    view = RequestView(
        Chat(model="glm-4.6", messages=[message]), Request("POST", "/chat/completions")
    )
    assert found(whens, view)[:2] == [0, 1]
