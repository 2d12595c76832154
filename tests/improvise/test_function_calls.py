"""Which functions are called, with what, and that a loop of calls ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from tests.improvise.asked import (
    ADD,
    BASH,
    EMAIL,
    FINAL,
    FLIGHTS,
    MULTIPLY,
    READ,
    STRING,
    TIME,
    TOOLS,
    WEATHER,
    Body,
    ask,
    called,
    function,
    result,
    says,
    user,
)

Calls = list[tuple[str, str]]


def made(*messages: Body | str, **more: Any) -> Calls:
    return [
        (call.name, call.arguments)
        for call in ask(*messages, **more).calls
        if call.name != "final_answer"
    ]


CHOSEN: list[tuple[str, Calls]] = [
    ("北京天气如何？", [("get_weather", '{"city":"北京"}')]),
    ("Is it raining in Berlin?", [("get_weather", '{"city":"Berlin"}')]),
    (
        "the weather in San Francisco, CA?",
        [("get_weather", '{"city":"San Francisco, CA"}')],
    ),
    ("What time is it now?", [("get_time", "{}")]),
    ("12加30等于多少", [("add", '{"a":12,"b":30}')]),
    ("Multiply 6 and 7", [("multiply", '{"a":6,"b":7}')]),
    ("read src/main.py", [("read_file", '{"path":"src/main.py"}')]),
    ("打开README.md看看", [("read_file", '{"path":"README.md"}')]),
    ("run `npm test`", [("bash", '{"command":"npm test"}')]),
    (
        "帮我查2026-09-08从北京到上海的航班",
        [("search_flights", '{"origin":"北京","destination":"上海","date":"2026-09-08"}')],
    ),
    (
        "查9月8日从广州到成都的航班",
        [("search_flights", '{"origin":"广州","destination":"成都","date":"2026-09-08"}')],
    ),
]


@pytest.mark.parametrize(("text", "expected"), CHOSEN)
def test_the_function_that_fits_is_called_with_values_of_the_text(
    text: str, expected: Calls
) -> None:
    assert made(text, tools=TOOLS) == expected


@pytest.mark.parametrize(
    "text", ["你好", "Hello!", "Tell me a joke", "谢谢你", "explain closures in JavaScript"]
)
def test_nothing_is_called_when_nothing_fits(text: str) -> None:
    assert made(text, tools=TOOLS) == []


def test_several_values_for_one_parameter_are_calls_at_once() -> None:
    assert made("北京和上海天气", tools=[WEATHER]) == [
        ("get_weather", '{"city":"北京"}'),
        ("get_weather", '{"city":"上海"}'),
    ]


def test_places_in_a_list_are_calls_at_once() -> None:
    text = "weather in Paris, London and Tokyo"
    cities = [arguments for _, arguments in made(text, tools=TOOLS)]
    assert cities == ['{"city":"Paris"}', '{"city":"London"}', '{"city":"Tokyo"}']


def test_several_functions_are_called_at_once() -> None:
    assert made("Add and multiply the number 2 and 3", tools=[ADD, MULTIPLY]) == [
        ("add", '{"a":2,"b":3}'),
        ("multiply", '{"a":2,"b":3}'),
    ]


def test_each_clause_calls_its_own_function() -> None:
    assert made("查一下北京天气，现在几点了？", tools=TOOLS) == [
        ("get_weather", '{"city":"北京"}'),
        ("get_time", "{}"),
    ]


@pytest.mark.parametrize(
    ("text", "cities"),
    [
        ("北京和上海的天气如何？现在几点？", ["北京", "上海"]),
        ("现在几点？北京、上海和广州的天气呢", ["北京", "上海", "广州"]),
        ("What's the weather in Paris and London, and what time is it?", ["Paris", "London"]),
    ],
)
def test_a_clause_that_calls_for_nothing_goes_with_its_neighbour(
    text: str, cities: list[str]
) -> None:
    sent = {(name, arguments) for name, arguments in made(text, tools=[WEATHER, TIME])}
    weather = {("get_weather", f'{{"city":"{city}"}}') for city in cities}
    assert sent == {*weather, ("get_time", "{}")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cancel order ORD-1234", "ORD-1234"),
        ("取消订单 20261122", "20261122"),
        ("cancel the order #42", "42"),
        (
            "cancel order 3f2b8c1e-1111-4222-8333-944445555666",
            "3f2b8c1e-1111-4222-8333-944445555666",
        ),
    ],
)
def test_an_id_goes_where_ids_go(text: str, expected: str) -> None:
    tool = function("cancel_order", "取消订单", "order_id", order_id=STRING)
    assert made(text, tools=[tool]) == [("cancel_order", f'{{"order_id":"{expected}"}}')]


def test_an_enumeration_takes_the_value_that_the_text_means() -> None:
    unit = {"type": "string", "enum": ["celsius", "fahrenheit"]}
    tool = function("get_weather", "查询天气", "city", city=STRING, unit=unit)
    expected = [("get_weather", '{"city":"北京","unit":"fahrenheit"}')]
    assert made("北京天气，用华氏度", tools=[tool]) == expected


def test_a_quote_goes_into_the_main_text() -> None:
    text = "Send an email to bob@example.com saying 'hello there'"
    (_, arguments), *_ = made(text, tools=[EMAIL])
    assert '"to":"bob@example.com"' in arguments
    assert '"body":"hello there"' in arguments


def test_the_only_function_is_called_when_the_text_fills_it() -> None:
    assert made("上海呢", tools=[WEATHER]) == [("get_weather", '{"city":"上海"}')]


def test_a_description_in_another_language_fits_by_its_concepts() -> None:
    tool = function("get_weather", "w", "city", city=STRING)
    assert made("北京天气如何？", tools=[tool]) == [("get_weather", '{"city":"北京"}')]


def test_tool_choice_none_calls_nothing() -> None:
    assert made("北京天气如何？", tools=[WEATHER], tool_choice="none") == []


def test_tool_choice_names_the_function() -> None:
    choice = {"type": "function", "function": {"name": "add"}}
    assert made("hello", tools=TOOLS, tool_choice=choice)[0][0] == "add"


@pytest.mark.parametrize("choice", [{"function": "add"}, {"function": {"name": "no"}}, {}])
def test_tool_choice_that_names_no_offered_function_calls_nothing(choice: Body) -> None:
    assert made("Add 2 and 3", tools=TOOLS, tool_choice=choice) == []


def test_tool_choice_required_calls_what_fits_best() -> None:
    assert len(made("hello", tools=[WEATHER], tool_choice="required")) == 1


def test_a_result_is_answered_not_called_for_again() -> None:
    history: list[Body | str] = [
        "北京天气如何？",
        called(ToolCall("get_weather", '{"city": "北京"}')),
        result("晴"),
    ]
    assert made(*history, tools=[WEATHER]) == []


def test_a_result_whose_call_was_dropped_counts_too() -> None:
    assert made("北京天气如何？", says("\n"), result("晴"), tools=[WEATHER]) == []


def test_an_observation_in_a_users_message_is_a_result() -> None:
    history: list[Body | str] = [
        "北京天气如何？",
        says("Calling tools"),
        user("Observation:\n晴 25C"),
    ]
    assert made(*history, tools=[WEATHER]) == []


def test_a_reminder_after_the_result_is_no_new_turn() -> None:
    call = called(ToolCall("get_weather", '{"city":"北京"}'))
    reminder = user("<system-reminder>Stay on task.</system-reminder>")
    assert made("北京天气如何？", call, result("晴"), reminder, tools=[WEATHER]) == []


def test_the_next_turn_calls_again() -> None:
    call = called(ToolCall("get_weather", '{"city":"北京"}'))
    history: list[Body | str] = [
        "北京天气如何？",
        call,
        result("晴"),
        says("北京晴。"),
        "上海天气呢？",
    ]
    assert made(*history, tools=[WEATHER]) == [("get_weather", '{"city":"上海"}')]


def test_a_later_step_waits_for_the_first() -> None:
    text = "先查北京的天气，然后发邮件给 a@b.com"
    assert [name for name, _ in made(text, tools=TOOLS)] == ["get_weather"]


def test_a_later_step_follows_the_first() -> None:
    text = "先查北京的天气，然后发邮件给 a@b.com"
    done = [called(ToolCall("get_weather", '{"city":"北京"}')), result("晴")]
    assert [name for name, _ in made(text, *done, tools=TOOLS)] == ["send_email"]


def test_a_partly_answered_step_calls_the_rest() -> None:
    done = [called(ToolCall("add", '{"a":2,"b":3}')), result("5")]
    text = "Add and multiply the number 2 and 3"
    assert made(text, *done, tools=[ADD, MULTIPLY]) == [("multiply", '{"a":2,"b":3}')]


def test_a_function_without_parameters_is_called_with_an_empty_object() -> None:
    tool = {"type": "function", "function": {"name": "list_users", "description": "列出用户"}}
    assert made("列出所有用户", tools=[tool]) == [("list_users", "{}")]


def run(text: str, tools: list[Body], **more: Any) -> list[list[ToolCall]]:
    """The calls of each round of an agent that runs until there are none."""
    history: list[Body] = [user(text)]
    rounds: list[list[ToolCall]] = []
    for ordinal in range(20):
        reply = ask(*history, tools=tools, ids=Ids("seed", "loop", ordinal), **more)
        if not reply.calls:
            assert reply.content
            return rounds
        rounds.append([*reply.calls])
        history += [called(*reply.calls), *(result("ok", i) for i in range(len(reply.calls)))]
    raise AssertionError("the loop did not end")


phrases = st.sampled_from(
    [
        "北京天气",
        "然后",
        "和",
        "add 2 and 3",
        "then",
        "read a.md",
        "发邮件给 a@b.com",
        "，",
        "`ls`",
    ]
)
offered = st.lists(
    st.sampled_from([*TOOLS, FINAL]), unique_by=lambda tool: tool["function"]["name"], max_size=6
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(phrases, min_size=1, max_size=8).map(" ".join),
    offered,
    st.sampled_from(["auto", "required", None]),
)
def test_every_loop_ends_and_no_call_is_made_twice(
    text: str, tools: list[Body], choice: str | None
) -> None:
    rounds = run(text, tools, tool_choice=choice)
    sent = [(call.name, call.arguments) for calls in rounds for call in calls]
    assert len(sent) == len(set(sent))


def test_an_agent_runs_five_rounds() -> None:
    text = "查北京和上海天气，然后 add 2 and 3，再看看 a.md，然后 run `ls`，最后发邮件给 a@b.com"
    tools = [WEATHER, ADD, READ, BASH, EMAIL, TIME, FLIGHTS]
    names = [[call.name for call in calls] for calls in run(text, tools)]
    assert names == [
        ["get_weather", "get_weather"],
        ["add"],
        ["read_file"],
        ["bash"],
        ["send_email"],
    ]
