from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from mockglm.matching import Difference, When
from tests.matching.build import call, result, seen, user

WEATHER = {"type": "function", "function": {"name": "weather"}}
TIME = {"type": "function", "function": {"name": "time"}}
LOOP = (user("北京天气?"), call("weather"), result("晴 25C"))

HELD = [
    ({}, seen(user("你好"))),
    ({"model": "glm-4.6"}, seen()),
    ({"model": "glm-4*"}, seen()),
    ({"model": "glm-4.[5-7]"}, seen()),
    ({"model": ["glm-5*", "glm-4.6"]}, seen()),
    ({"stream": True}, seen(stream=True)),
    ({"stream": False}, seen()),
    ({"thinking": True}, seen()),
    ({"thinking": False}, seen(thinking={"type": "disabled"})),
    ({"user": "天气"}, seen(user("北京天气?"))),
    ({"user": ["北京", "天气"]}, seen(user("天气,北京"))),
    ({"user": "/^北京.气/"}, seen(user("北京天气?"))),
    ({"user": "/HELLO/i"}, seen(user("well, Hello"))),
    ({"user": "/usr/bin"}, seen(user("look into /usr/bin"))),
    ({"user": "//"}, seen(user("a // comment"))),
    ({"user": ""}, seen(user("anything"))),
    ({"system": "简短"}, seen({"role": "system", "content": "请简短"}, user("?"))),
    ({"assistant": "晴"}, seen(user("?"), {"role": "assistant", "content": "晴"}, user("?"))),
    ({"tool": "25C"}, seen(*LOOP)),
    ({"tool": "25C"}, seen(*LOOP, user("谢谢"))),
    ({"text": "你好"}, seen(user("你好"))),
    ({"text": "你好"}, seen(user([{"type": "text", "text": "你好"}]))),
    ({"after_tool": "weather"}, seen(*LOOP)),
    ({"prompt_over": 99}, seen(user("word " * 400))),
    ({"tools": "weather"}, seen(tools=[TIME, WEATHER])),
    ({"tools": ["weather", "time"]}, seen(tools=[TIME, WEATHER])),
    ({"body": {"temperature": 1}}, seen(temperature=1.0)),
    ({"body": {"thinking": {"type": "enabled"}}}, seen(thinking={"type": "enabled", "x": 1})),
    ({"body": {"stop": ["a"]}}, seen(stop=["a"])),
    ({"body": {"messages": [{"role": "user"}]}}, seen(user("你好"))),
    ({"body": {"stop": None}}, seen()),
    ({"body": {"stop": None}}, seen(stop=None)),
    ({"header": {"X-Tenant": "a"}}, seen(headers=(("x-tenant", "a"),))),
    ({"header": {"x-tenant": "b"}}, seen(headers=(("x-tenant", "a"), ("x-tenant", "b")))),
    ({"header": {"user-agent": "/^openai/i"}}, seen(headers=(("user-agent", "OpenAI/Python"),))),
    ({"key": "0123.secret"}, seen(key="0123.secret")),
    ({"key": "0123*"}, seen(key="0123.secret")),
    ({"predicate": lambda view: view.body["seed"] > 1}, seen(seed=2)),
]

MISSED = [
    ({"model": "glm-4"}, seen()),
    ({"model": "GLM-4.6"}, seen()),
    ({"prompt_over": 9999}, seen(user("word " * 400))),
    ({"model": ["glm-5*", "glm-4.5"]}, seen()),
    ({"model": "*"}, seen(model=None)),
    ({"stream": True}, seen()),
    ({"stream": False}, seen(stream=True)),
    ({"thinking": False}, seen()),
    ({"thinking": True}, seen(thinking={"type": "disabled"})),
    ({"user": "天气"}, seen(user("你好"))),
    ({"user": "天气"}, seen(user("天气"), {"role": "assistant", "content": "晴"}, user("谢谢"))),
    ({"user": ["北京", "天气"]}, seen(user("天气"))),
    ({"user": "/^天气/"}, seen(user("北京天气"))),
    ({"user": "/HELLO/"}, seen(user("hello"))),
    ({"user": ""}, seen({"role": "system", "content": "?"})),
    ({"system": "简短"}, seen(user("简短"))),
    ({"tool": "25C"}, seen(user("25C"))),
    ({"text": "你好"}, seen(user("你好!"))),
    ({"text": "你好"}, seen()),
    ({"after_tool": "weather"}, seen(*LOOP, user("谢谢"))),
    ({"after_tool": "time"}, seen(*LOOP)),
    ({"tools": ["weather", "time"]}, seen(tools=[WEATHER])),
    ({"tools": "weather"}, seen()),
    ({"body": {"temperature": 1}}, seen(temperature=0.5)),
    ({"body": {"temperature": 1}}, seen()),
    ({"body": {"n": 1}}, seen(n=True)),
    ({"body": {"stop": ["a"]}}, seen(stop=["a", "b"])),
    ({"body": {"stop": ["a", "b"]}}, seen(stop=["a"])),
    ({"body": {"stop": None}}, seen(stop=["a"])),
    ({"header": {"x-tenant": "a"}}, seen(headers=(("x-tenant", "ab"),))),
    ({"header": {"x-tenant": "/./"}}, seen()),
    ({"key": "9*"}, seen(key="0123.secret")),
    ({"predicate": lambda view: False}, seen()),
]


@pytest.mark.parametrize(("fields", "view"), HELD)
def test_a_pattern_matches_where_all_that_is_given_holds(fields: Any, view: Any) -> None:
    assert When(**fields).matches(view)
    assert When(**fields).differences(view) == ()


@pytest.mark.parametrize(("fields", "view"), MISSED)
def test_a_pattern_that_does_not_match_has_differences(fields: Any, view: Any) -> None:
    assert not When(**fields).matches(view)
    assert When(**fields).differences(view)


def test_one_key_that_does_not_hold_is_enough() -> None:
    when = When(model="glm-4.6", user="天气", stream=True)
    assert not when.matches(seen(user("天气")))
    assert when.matches(seen(user("天气"), stream=True))


@pytest.mark.parametrize("fields", [{"user": "天气"}, {"text": "北京天气?"}])
def test_user_matches_only_while_it_is_the_last_message(fields: Any) -> None:
    assert When(**fields).matches(seen(user("北京天气?")))
    assert not When(**fields).matches(seen(user("北京天气?"), call("weather")))
    assert not When(**fields).matches(seen(*LOOP))


@pytest.mark.parametrize("fields", [{"user": "天气"}, {"text": "北京天气?"}])
@pytest.mark.parametrize("beside", [{"after_tool": "weather"}, {"tool": "晴"}])
def test_user_matches_beside_a_tool_result_with_after_tool(fields: Any, beside: Any) -> None:
    assert When(**fields, **beside).matches(seen(*LOOP))
    assert not When(**fields, **beside).matches(seen(user("北京天气?")))


def test_a_loop_of_tools_goes_from_pattern_to_pattern() -> None:
    ask, again, answer = (
        When(user="天气"),
        When(user="天气", after_tool="weather", tool="/^$/"),
        When(after_tool="weather"),
    )
    empty = seen(user("天气"), call("weather"), result(""))
    full = seen(user("天气"), call("weather"), result("晴"))
    held = [[when.matches(view) for when in (ask, again, answer)] for view in (empty, full)]
    assert held == [[False, True, True], [False, False, True]]


def test_a_chance_holds_where_the_draw_is_below_it() -> None:
    when = When(chance=0.3)
    assert [when.matches(seen(), draw) for draw in (0.0, 0.29, 0.3, 0.99)] == [
        True,
        True,
        False,
        False,
    ]
    assert not When(chance=0).matches(seen(), 0.0)
    assert When(chance=1).matches(seen(), 0.999)


def test_a_chance_is_drawn_only_when_all_else_holds() -> None:
    drawn: list[float] = []

    def draw() -> float:
        drawn.append(0.0)
        return 0.0

    when = When(user="天气", chance=0.5)
    assert not when.matches(seen(user("你好")), draw)
    assert drawn == []
    assert when.matches(seen(user("天气")), draw)
    assert len(drawn) == 1
    assert When(user="天气").matches(seen(user("天气")), draw)
    assert len(drawn) == 1


def test_a_predicate_sees_the_view() -> None:
    view = seen(user("天气"))
    given: list[object] = []

    def take(seen: object) -> bool:
        given.append(seen)
        return True

    assert When(predicate=take).matches(view)
    assert given == [view]


REFUSED = [
    ({"user": "/[/"}, "user: /[/ is not a regular expression: unterminated character set"),
    ({"header": {"X-A": "/(/"}}, "header x-a: /(/ is not a regular expression: missing )"),
    ({"header": {"X-A": 1}}, "header x-a: a text, not 1"),
    ({"header": {}}, "header: a mapping of names to values, not {}"),
    ({"model": ""}, "model: an empty name matches nothing"),
    ({"model": []}, "model: a list with nothing in it"),
    ({"user": 5}, "user: a text or a list of texts, not 5"),
    ({"user": {"a": 1}}, "user: a text or a list of texts, not {'a': 1}"),
    ({"user": ["a", None]}, "user: a text, not None"),
    ({"text": ["a"]}, "text: a text, not ['a']"),
    ({"stream": "yes"}, "stream: true or false, not 'yes'"),
    ({"thinking": 1}, "thinking: true or false, not 1"),
    ({"body": [1]}, "body: a mapping, part of the JSON sent, not [1]"),
    ({"chance": 1.5}, "chance: from 0 to 1, not 1.5"),
    ({"chance": "often"}, "chance: a number, not 'often'"),
    ({"predicate": "yes"}, "predicate: a function of the request, not 'yes'"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_an_invalid_pattern_is_refused_with_its_key(fields: Any, message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        When(**fields)


DIFFERENCES: list[tuple[dict[str, Any], Any, list[str]]] = [
    ({"model": "glm-5*"}, seen(), ['model: expected "glm-5*", got "glm-4.6"']),
    ({"model": ["a", "b"]}, seen(), ['model: expected "a" or "b", got "glm-4.6"']),
    ({"model": "a"}, seen(model=None), ['model: expected "a", got nothing']),
    ({"stream": True}, seen(), ["stream: expected true, got false"]),
    ({"user": "天气"}, seen(user("你好")), ['user: expected a text with "天气", got "你好"']),
    ({"user": "天气"}, seen(), [
        'user: expected a text with "天气", got nothing',
        "user: expected the user to speak last, without after_tool, got no message",
    ]),
    ({"user": "天气"}, seen(*LOOP), [
        "user: expected the user to speak last, without after_tool, got a message of role tool",
    ]),
    ({"user": "/晴$/i"}, seen(user("a\nb")), [
        'user: expected what /晴$/i finds, got "a\\nb"',
    ]),
    ({"text": "你好"}, seen(user("你")), ['text: expected "你好", got "你"']),
    ({"after_tool": "time"}, seen(*LOOP), ['after_tool: expected "time", got "weather"']),
    ({"tools": ["a", "b"]}, seen(tools=[WEATHER]), ['tools: expected "a", "b", got "weather"']),
    ({"tools": ["a"]}, seen(), ['tools: expected "a", got nothing']),
    ({"body": {"stop": ["a"], "n": 2, "x-y": {"z": 1}}}, seen(stop=["b", "c"]), [
        "body.n: expected 2, got nothing",
        'body.stop[0]: expected "a", got "b"',
        'body.stop[1]: expected nothing, got "c"',
        'body.x-y: expected {"z": 1}, got nothing',
    ]),
    ({"header": {"X-A": "1"}}, seen(), ['header x-a: expected "1", got nothing']),
    ({"header": {"x-a": "1"}}, seen(headers=(("x-a", "2"), ("x-a", "3"))), [
        'header x-a: expected "1", got "2, 3"',
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "view", "said"), DIFFERENCES)
def test_a_difference_is_described_in_one_line(fields: Any, view: Any, said: list[str]) -> None:
    assert [str(one) for one in When(**fields).differences(view)] == said


def test_differences_come_for_each_key_that_does_not_hold() -> None:
    when = When(model="glm-5", user="天气", stream=False, tools=["weather"])
    found = when.differences(seen(user("你好")))
    assert [one.field for one in found] == ["model", "user", "tools"]


def test_no_message_shows_a_credential() -> None:
    secret = "0123456789abcdef.SecretSecret1234"
    view = seen(headers=(("authorization", f"Bearer {secret}"),), key=secret)
    when = When(key="other*", header={"Authorization": "/^Bearer other/"})
    assert when.differences(view) == (
        Difference("key", '"other*"', "another"),
        Difference("header authorization", "what /^Bearer other/ finds", "another"),
    )
    assert [one.actual for one in when.differences(seen())] == ["nothing", "nothing"]


def test_a_predicate_that_fails_is_named() -> None:
    def is_hot(view: object) -> bool:
        return False

    (found,) = When(predicate=is_hot).differences(seen())
    assert found.field == "predicate"
    assert "is_hot" in found.expected


def test_a_pattern_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        When(user="天气").user = "你好"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("model", "models"),
    [
        (None, (None,)),
        ("glm-5", ("glm-5",)),
        (["glm-5", "glm-4.6", "glm-5"], ("glm-5", "glm-4.6")),
        (["glm-5", "glm-4*"], (None,)),
    ],
)
def test_a_pattern_knows_the_models_it_is_bound_to(model: Any, models: Any) -> None:
    assert When(model=model).models == models


def test_a_surface_is_that_of_the_request() -> None:
    chat = seen(user("hi"))
    message = replace(chat, surface="anthropic")
    assert [When(surface="chat").matches(view) for view in (chat, message)] == [True, False]
    assert [When(user="hi").matches(view) for view in (chat, message)] == [True, True]
    (difference,) = When(surface="chat").differences(message)
    assert str(difference) == 'surface: expected "chat", got "anthropic"'


def test_an_unknown_surface_is_refused() -> None:
    with pytest.raises(ValueError, match="surface: one of chat, anthropic, not 'v5'"):
        When(surface="v5")
