from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.exchange import Reply, ToolCall, count_tokens
from mockglm.improvise import move_thought_to_content
from mockglm.improvise.limits import cut_tokens, limit_reply

CALLS = (ToolCall("a", '{"x":1}'), ToolCall("b", '{"y":2}'))


@given(st.text(alphabet="ab 中文。", max_size=60), st.integers(0, 40))
def test_a_head_is_the_longest_beginning_within_the_limit(text: str, limit: int) -> None:
    cut = cut_tokens(text, limit)
    assert text.startswith(cut)
    assert count_tokens(cut) <= limit
    assert cut == text or count_tokens(text[: len(cut) + 1]) > limit


@pytest.mark.parametrize(
    ("stop", "content"),
    [("c", "ab"), (["d", "b"], "a"), (["x"], "abcd"), ([""], "abcd"), (None, "abcd")],
)
def test_the_first_stop_sequence_ends_the_content(
    stop: str | list[str] | None, content: str
) -> None:
    assert limit_reply(Reply(content="abcd"), stop, None).content == content


def test_a_text_that_is_stopped_makes_no_call() -> None:
    reply = Reply(content="ab", calls=CALLS, finish_reason="tool_calls")
    assert limit_reply(reply, "b", None) == Reply(content="a")


def test_calls_are_made_as_far_as_the_limit_reaches() -> None:
    reply = limit_reply(Reply(content="", calls=CALLS, finish_reason="tool_calls"), None, 4)
    assert reply.calls == CALLS[:1]
    assert reply.finish_reason == "length"


def test_calls_within_the_limit_are_made() -> None:
    reply = Reply(content="", calls=CALLS, finish_reason="tool_calls")
    assert limit_reply(reply, None, 100) == reply


def test_the_thought_goes_into_tags_before_the_content() -> None:
    reply = move_thought_to_content(Reply(reasoning="想一想。", content="好。"))
    assert reply == Reply(content="<think>想一想。</think>\n好。")


def test_a_thought_without_content_still_closes_its_tag() -> None:
    assert (
        move_thought_to_content(Reply(reasoning="a", content=None)).content == "<think>a</think>\n"
    )


def test_a_thought_that_was_cut_leaves_its_tag_open() -> None:
    reply = move_thought_to_content(Reply(reasoning="想", content="", finish_reason="length"))
    assert reply.content == "<think>想"


def test_a_reply_without_a_thought_stays_as_it_is() -> None:
    assert move_thought_to_content(Reply(content="a")) == Reply(content="a")
