from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from mockglm.matching import When, canonical, find_near_miss, find_near_recording
from mockglm.matching.near_miss import LIMIT
from tests.matching.build import call, result, seen, user


def form(*messages: Any, path: str = "/chat/completions", **fields: Any) -> dict[str, Any]:
    body = json.dumps({"model": "glm-4.6", "messages": messages, **fields}).encode()
    return canonical.form("POST", path, query="", body=body)


def said(found: Any) -> list[str]:
    return [str(one) for one in found.differences]


def test_the_pattern_that_lacks_least_is_nearest() -> None:
    whens = [When(model="glm-5", user="你好"), None, When(model="glm-4.6", user="你好")]
    found = find_near_miss(seen(user("天气")), whens)
    assert found is not None
    assert found.index == 2
    assert said(found) == ['user: expected a text with "你好", got "天气"']


def test_of_those_that_lack_the_same_the_one_more_of_holds_is_nearest() -> None:
    whens = [When(user="你好"), When(user="你好", model="glm-4.6", stream=False)]
    found = find_near_miss(seen(user("天气")), whens)
    assert found is not None
    assert found.index == 1


def test_of_equals_the_one_with_the_text_most_alike_is_nearest() -> None:
    whens = [When(text=text) for text in ("你好", "北京天气如何", "上海天气如何？", "再见")]
    found = find_near_miss(seen(user("上海天气如何")), whens)
    assert found is not None
    assert found.index == 2
    assert said(found) == ['text: expected "上海天气如何？", got "上海天气如何"']


def test_of_those_alike_in_all_the_first_is_nearest() -> None:
    found = find_near_miss(seen(user("天气")), [When(text="你好"), When(text="你好")])
    assert found is not None
    assert found.index == 0


def test_a_pattern_that_matches_has_no_differences() -> None:
    found = find_near_miss(seen(user("天气")), [When(text="你好"), When(user="天气", chance=0)])
    assert found is not None
    assert (found.index, found.differences) == (1, ())


def test_without_patterns_none_is_nearest() -> None:
    assert find_near_miss(seen(user("天气")), []) is None
    assert find_near_miss(seen(user("天气")), [None]) is None


def test_a_predicate_is_called_once_for_each_request() -> None:
    asked: list[object] = []

    def odd(view: object) -> bool:
        asked.append(view)
        return False

    view, when = seen(user("天气")), When(predicate=odd)
    assert not when.matches(view)
    found = find_near_miss(view, [when])
    assert found is not None
    assert "odd to hold" in said(found)[0]
    assert asked == [view]


def test_of_many_patterns_those_of_the_model_are_looked_at_first() -> None:
    asked: list[object] = []

    def take(view: object) -> bool:
        asked.append(view)
        return False

    whens = [When(model="glm-5", predicate=partial(take)) for _ in range(3 * LIMIT)]
    found = find_near_miss(seen(user("天气")), [*whens, When(model="glm-4.6", text="你好")])
    assert found is not None
    assert found.index == 3 * LIMIT
    assert len(asked) == LIMIT - 1


def test_the_recording_with_the_fewest_differences_is_nearest() -> None:
    request = form(user("天气"), temperature=0.5)
    forms = [
        form(user("你好"), temperature=1),
        form(user("天气"), temperature=1),
        form(user("天气"), temperature=0.5, path="/async/chat/completions"),
    ]
    found = find_near_recording(request, forms)
    assert found is not None
    assert found.index == 1
    assert said(found) == ["$.temperature: expected 1, got 0.5"]


def test_differences_of_a_recording_have_the_paths_that_ignore_takes() -> None:
    request = form(user("天气"), call("weather", "a", '{"city": "上海"}'), result("雨", "a"), n=1)
    recorded = form(user("天气"), call("weather", "b", '{"city": "北京"}'))
    found = find_near_recording(request, [recorded])
    assert found is not None
    assert said(found) == [
        '$.messages[1].tool_calls[0].function.arguments.city: expected "北京", got "上海"',
        '$.messages[2]: expected nothing, got {"role": "tool", "content": "雨", "tool_call_id": 0}',
        "$.n: expected nothing, got 1",
    ]
    ignore = [one.field for one in found.differences]
    bodies = [
        b'{"model": "glm-4.6", "n": 1, "messages": [{}, {"tool_calls": [{"function": '
        b'{"arguments": {"city": "a"}}}]}, {"role": "tool"}]}',
        b'{"model": "glm-4.6", "messages": [{}, {"tool_calls": [{"function": '
        b'{"arguments": {"city": "b"}}}]}]}',
    ]
    keys = {
        canonical.key("POST", "/chat/completions", query="", body=body, ignore=ignore)
        for body in bodies
    }
    assert len(keys) == 1


def test_of_other_paths_the_method_the_query_and_the_text_are_compared() -> None:
    request = canonical.form("GET", "/files", query="limit=2", body=b"a")
    recorded = canonical.form("POST", "/files", query="limit=1&after=x", body=b"b")
    found = find_near_recording(request, [recorded])
    assert found is not None
    assert said(found) == [
        'method: expected "POST", got "GET"',
        'query.after: expected ["x"], got nothing',
        'query.limit[0]: expected "1", got "2"',
        'text: expected "b", got "a"',
    ]


def test_a_recording_that_is_equal_has_no_differences() -> None:
    found = find_near_recording(form(user("天气")), [form(user("你好")), form(user("天气"))])
    assert found is not None
    assert (found.index, found.differences) == (1, ())


def test_no_more_recordings_are_read_than_the_limit() -> None:
    read: list[int] = []

    def forms() -> Iterator[dict[str, Any]]:
        for number in range(5 * LIMIT):
            read.append(number)
            yield {"method": "GET", "path": f"/files/{number}", "query": {}}

    found = find_near_recording({"method": "GET", "path": "/files/7", "query": {}}, forms())
    assert found is not None
    assert found.index == 7
    assert len(read) == LIMIT


def test_without_recordings_none_is_nearest() -> None:
    assert find_near_recording(form(user("天气")), []) is None
