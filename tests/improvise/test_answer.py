"""A whole reply, as the parameters of a request shape it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockglm.clock import Ids
from mockglm.exchange import ToolCall, count_tokens
from mockglm.improvise import move_thought_to_content
from tests.improvise.asked import (
    FINAL,
    TOOLS,
    WEATHER,
    Body,
    ask,
    called,
    chat,
    result,
    system,
    work,
)

QUESTION = "介绍一下量子计算"


def test_a_model_that_thinks_thinks_about_the_question_first() -> None:
    assert "量子计算" in (ask(QUESTION).reasoning or "")


def test_the_answer_reflects_the_words_of_the_user() -> None:
    assert "量子计算" in (ask(QUESTION).content or "")


def test_an_english_question_is_answered_in_english() -> None:
    reply = ask("What is quantum computing?")
    assert (reply.content or "").replace("“", "").replace("”", "").isascii()


def test_the_language_is_that_of_the_last_user_text() -> None:
    reply = ask("你好", {"role": "assistant", "content": "你好！"}, "How do I learn Rust?")
    assert "Rust" in (reply.content or "")
    assert "示例" not in (reply.content or "")


@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("glm-4-flash-250414", {}),
        ("glm-4.6", {"thinking": {"type": "disabled"}}),
        ("glm-5.2", {"reasoning_effort": "none"}),
        ("glm-5.2", {"reasoning_effort": "minimal"}),
    ],
)
def test_there_is_no_thought_when_the_model_does_not_think(
    model: str, more: dict[str, Any]
) -> None:
    assert ask(QUESTION, model=model, **more).reasoning is None


@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("glm-4.6", {"thinking": {"clear_thinking": False}}),
        ("glm-4.7", {"reasoning_effort": "none"}),
        ("glm-4.1v-thinking-flash", {"thinking": {"type": "disabled"}}),
        ("glm-5.3", {"reasoning_effort": "low"}),
    ],
)
def test_there_is_a_thought_when_switching_it_off_is_not_honoured(
    model: str, more: dict[str, Any]
) -> None:
    assert ask(QUESTION, model=model, **more).reasoning


def test_a_greater_effort_thinks_longer() -> None:
    sizes = [
        len(ask(QUESTION, model="glm-5.3", reasoning_effort=effort).reasoning or "")
        for effort in ("low", "high", "max")
    ]
    assert sizes == sorted(set(sizes))


def test_a_model_that_ignores_the_effort_thinks_as_usual() -> None:
    low = ask(QUESTION, model="glm-4.7", reasoning_effort="low")
    assert low == ask(QUESTION, model="glm-4.7")


def test_low_acts_as_high_on_the_family_that_treats_it_so() -> None:
    low, high = (
        ask(QUESTION, model="glm-5.2", reasoning_effort=effort) for effort in ("low", "high")
    )
    assert low == high


def test_a_call_finishes_with_tool_calls() -> None:
    reply = ask("北京天气如何？", tools=[WEATHER])
    assert reply.finish_reason == "tool_calls"
    assert reply.calls == (ToolCall("get_weather", '{"city":"北京"}'),)
    assert reply.reasoning


def test_a_demanded_call_is_made_without_a_word() -> None:
    assert ask("北京天气如何？", tools=[WEATHER], tool_choice="required").content == ""


def test_the_result_of_a_tool_is_in_the_answer() -> None:
    call = called(ToolCall("get_weather", '{"city":"北京"}'))
    reply = ask("北京天气如何？", call, result("晴 25C"), tools=[WEATHER])
    assert reply.finish_reason == "stop"
    assert "晴 25C" in (reply.content or "")


def test_the_answer_goes_through_the_function_for_it() -> None:
    call = called(ToolCall("get_weather", '{"city":"北京"}'))
    reply = ask(
        "北京天气如何？", call, result("晴"), tools=[WEATHER, FINAL], tool_choice="required"
    )
    (final,) = reply.calls
    assert final.name == "final_answer"
    assert "晴" in json.loads(final.arguments)["answer"]


def test_small_talk_goes_through_the_function_for_answers_when_a_call_is_required() -> None:
    reply = ask("你好", tools=[WEATHER, FINAL], tool_choice="required")
    assert [call.name for call in reply.calls] == ["final_answer"]


def test_one_token_is_one_token_of_thought() -> None:
    reply = ask(QUESTION, max_tokens=1)
    assert reply.content == ""
    assert count_tokens(reply.reasoning or "") == 1
    assert reply.finish_reason == "length"


@pytest.mark.parametrize("limit", [1, 5, 17, 40])
def test_a_limit_is_kept(limit: int) -> None:
    reply = ask(QUESTION, max_tokens=limit)
    spent = count_tokens(reply.reasoning or "") + count_tokens(reply.content or "")
    assert limit - 1 <= spent <= limit
    assert reply.finish_reason == "length"


@pytest.mark.parametrize("limit", [8, 17, 40])
def test_a_limit_counts_the_tags_around_a_thought(limit: int) -> None:
    reply = move_thought_to_content(ask(QUESTION, model="glm-z1-air", max_tokens=limit))
    assert reply.reasoning is None
    assert (reply.content or "").startswith("<think>")
    assert 1 < count_tokens(reply.content or "") <= limit
    assert reply.finish_reason == "length"


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    assert ask(QUESTION, max_tokens=4000) == ask(QUESTION)


def test_a_call_that_does_not_fit_the_limit_is_not_made() -> None:
    reply = ask("北京天气如何？", tools=[WEATHER], max_tokens=3)
    assert reply.calls == ()
    assert reply.finish_reason == "length"


def test_a_stop_sequence_ends_the_text_and_is_not_in_it() -> None:
    text = 'Say "1, 2, 3, 4, 5, 6"'
    whole = ask(text).content or ""
    reply = ask(text, stop=[", 5"])
    assert reply.content == whole.partition(", 5")[0] == "1, 2, 3, 4"
    assert reply.finish_reason == "stop"


def test_the_same_seed_session_and_place_give_the_same_answer() -> None:
    ids = ("seed", "session", 3)
    assert ask(QUESTION, ids=Ids(*ids)) == ask(QUESTION, ids=Ids(*ids))


def test_other_places_give_other_answers() -> None:
    answers = {ask(QUESTION, ids=Ids("seed", "session", place)).content for place in range(20)}
    assert len(answers) > 1


@pytest.mark.parametrize("more", [{"do_sample": False}, {"temperature": 0}])
def test_without_sampling_the_seed_does_not_matter(more: dict[str, Any]) -> None:
    replies = [ask(QUESTION, ids=Ids(seed, "session", 0), **more) for seed in "abcdefgh"]
    assert all(reply == replies[0] for reply in replies)


def test_json_mode_answers_with_an_object() -> None:
    content = ask("hi", response_format={"type": "json_object"}).content
    assert isinstance(json.loads(content or ""), dict)


def test_json_mode_calls_a_function_all_the_same() -> None:
    reply = ask("北京天气如何？", tools=[WEATHER], response_format={"type": "json_object"})
    assert reply.finish_reason == "tool_calls"


def test_the_result_of_a_tool_is_in_the_object_of_json_mode() -> None:
    call = called(ToolCall("get_weather", '{"city":"北京"}'))
    form = {"type": "json_object"}
    reply = ask("北京天气如何？", call, result("晴"), tools=[WEATHER], response_format=form)
    assert "晴" in json.loads(reply.content or "")["answer"]


def test_a_voice_model_answers_with_text() -> None:
    assert ask("你好", model="glm-4-voice").content


@pytest.mark.parametrize("messages", [[], [system("You are helpful.")], [""]])
def test_a_conversation_without_a_question_is_answered(messages: list[str]) -> None:
    assert ask(*messages).content


def test_a_request_with_every_parameter_is_answered() -> None:
    reply = ask(
        QUESTION,
        stream=True,
        tool_stream=True,
        thinking={"type": "enabled", "clear_thinking": False},
        top_p=0.5,
        temperature=0.7,
        tools=TOOLS,
        user_id="user-1",
        request_id="request-1",
    )
    assert reply.content


def test_a_body_without_messages_is_answered() -> None:
    assert chat().messages == []
    assert ask().finish_reason == "stop"


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 9), st.text("a中{}[]<>:.`'", max_size=12)
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["type", "properties", "items", "anyOf", "$ref", "name", "a"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)
texts = st.text("ab 中文，。？! 12\n{}\"'`:/*-+", max_size=40)
parts = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "image_url", "x"]), "text": texts}),
    max_size=2,
)
messages = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant", "tool", "other"]),
        "content": st.one_of(st.none(), texts, parts),
        "tool_call_id": st.sampled_from([None, "c0", "c1"]),
        "tool_calls": st.one_of(
            st.none(),
            st.lists(
                st.fixed_dictionaries(
                    {
                        "id": st.sampled_from(["c0", "c1", None]),
                        "function": st.one_of(
                            st.none(),
                            st.fixed_dictionaries(
                                {"name": st.sampled_from(["f", None]), "arguments": anything}
                            ),
                        ),
                    }
                ),
                max_size=2,
            ),
        ),
    }
)
offers = st.fixed_dictionaries(
    {
        "function": st.fixed_dictionaries(
            {
                "name": st.sampled_from(["f", "get_a", "final_answer", ""]),
                "description": st.one_of(st.none(), texts),
                "parameters": anything,
            }
        )
    }
)
bodies = st.fixed_dictionaries(
    {
        "tools": st.one_of(st.none(), st.lists(offers, max_size=3)),
        "tool_choice": st.one_of(anything, st.just("required")),
        "response_format": st.one_of(
            st.none(), st.dictionaries(st.sampled_from(["type", "schema", "json_schema"]), anything)
        ),
        "max_tokens": st.one_of(st.none(), st.integers(-1, 50)),
        "stop": st.one_of(st.none(), texts, st.lists(texts, max_size=2)),
    }
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(messages, max_size=4), bodies)
def test_any_request_that_can_be_read_is_answered(sent: list[Body], body: Body) -> None:
    reply = ask(*sent, **body)
    assert reply.finish_reason in ("stop", "length", "tool_calls")
    assert all(isinstance(json.loads(call.arguments), dict) for call in reply.calls)


@pytest.mark.parametrize(
    "text", ["write " * 9000, "{" * 30_000, "a/" * 20_000, "北京" * 20_000, "1+" * 20_000]
)
def test_a_long_text_is_answered_in_bounded_time(text: str) -> None:
    assert work(lambda: ask(text, tools=TOOLS)) < 100_000


def test_only_functions_for_the_answer_are_called_for_it() -> None:
    assert [call.name for call in ask("你好", tools=[FINAL]).calls] == ["final_answer"]


def test_an_arguments_text_that_cannot_be_read_is_a_result_all_the_same() -> None:
    history: list[Body | str] = [
        "北京天气",
        called(ToolCall("get_weather", "[" * 5000)),
        result("晴"),
    ]
    assert ask(*history, tools=[WEATHER]).finish_reason == "stop"
