"""The estimate of a prompt's tokens: near what was recorded, and cheap to come by."""

from __future__ import annotations

import pytest

from mockglm.validation import Chat, count_prompt_tokens
from tests.validation.bodies import CALL, RESULT, TOOL, USER, chat, parts

THOUGHT = {"role": "assistant", "content": "你好", "reasoning_content": "用户在打招呼。" * 20}


def test_a_short_hello_is_a_handful_of_tokens() -> None:
    # "hi" to glm-4.7-flash and to glm-4.5-flash were 6 and 7 (RarogCmex/pi-bigmodel, 2026-10).
    assert count_prompt_tokens(chat({"role": "user", "content": "hi"})) == 7


def test_a_request_without_messages_has_a_prompt_too() -> None:
    assert count_prompt_tokens(chat(model=None, messages=None)) > 0


@pytest.mark.parametrize(
    ("more", "least"),
    [
        (chat(USER, {"role": "user", "content": "a" * 400}), 100),
        (chat(USER, {"role": "user", "content": "你" * 160}), 100),
        (chat(parts({"type": "text", "text": "a" * 400})), 100),
        (chat(parts({"type": "text", "text": "a"}, {"type": "image_url"})), 400),
        (chat(USER, {**CALL, "content": "a" * 400}, RESULT), 100),
        (chat(tools=[TOOL]), 120),
    ],
)
def test_each_part_of_a_prompt_costs_its_tokens(more: Chat, least: int) -> None:
    assert least <= count_prompt_tokens(more) - count_prompt_tokens(chat()) + 2 < least * 1.2 + 12


def test_arguments_count_as_text_and_as_an_object() -> None:
    text = chat(USER, {"tool_calls": [{"function": {"name": "f", "arguments": '{"a":"bcd"}'}}]})
    tree = chat(USER, {"tool_calls": [{"function": {"name": "f", "arguments": {"a": "bcd"}}}]})
    assert (
        count_prompt_tokens(text)
        == count_prompt_tokens(tree)
        > count_prompt_tokens(chat(USER, {"tool_calls": [{}]}))
    )


def test_schemas_count_by_their_length() -> None:
    large = {"type": "function", "function": {"name": "get", "parameters": {"a": "b" * 4000}}}
    assert count_prompt_tokens(chat(tools=[large])) - count_prompt_tokens(
        chat(tools=[TOOL])
    ) == pytest.approx(1000, abs=10)


def test_the_thought_of_earlier_turns_does_not_count() -> None:
    assert count_prompt_tokens(chat(USER, THOUGHT, USER)) < 40


def test_it_counts_when_thinking_is_kept() -> None:
    kept = chat(USER, THOUGHT, USER, thinking={"clear_thinking": False})
    assert count_prompt_tokens(kept) > 80
    assert count_prompt_tokens(kept, keeps_thought=True) > 80


def test_it_counts_by_default_where_the_base_keeps_it() -> None:
    assert count_prompt_tokens(chat(USER, THOUGHT, USER), keeps_thought=True) > 80
    cleared = chat(USER, THOUGHT, USER, thinking={"clear_thinking": True})
    assert count_prompt_tokens(cleared, keeps_thought=True) < 40


def test_the_thought_of_the_last_turn_counts() -> None:
    called = {**CALL, "reasoning_content": "用户想知道天气。" * 20}
    assert count_prompt_tokens(chat(USER, called, RESULT)) > 100
    assert count_prompt_tokens(chat(THOUGHT)) > 80
