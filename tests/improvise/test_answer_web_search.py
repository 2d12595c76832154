from __future__ import annotations

from typing import Any

import pytest

from mockglm.exchange import ToolCall
from mockglm.improvise.answer import search_results
from tests.improvise.asked import IDS, WEATHER, ask, called, result, scene


def tools(**options: Any) -> list[dict[str, Any]]:
    return [{"type": "web_search", "web_search": options}]


def test_results_need_search_result_true() -> None:
    results = search_results(scene("介绍一下 GLM", tools=tools(search_result=True)), IDS)
    assert len(results) == 3
    assert results[0] == {
        "content": "这是关于“介绍一下 GLM”的示例搜索结果，供离线开发使用。",
        "icon": "",
        "link": "https://example.com/search/1",
        "media": "",
        "publish_date": results[0]["publish_date"],
        "refer": "ref_1",
        "title": "介绍一下 GLM：一文读懂",
    }


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"search_result": False},
        {"search_result": True, "enable": False},
        {"search_result": "yes"},
    ],
)
def test_there_are_none_without_asking(options: dict[str, Any]) -> None:
    assert search_results(scene("GLM?", tools=tools(**options)), IDS) == ()
    assert search_results(scene("GLM?"), IDS) == ()


@pytest.mark.parametrize(("count", "size"), [(1, 1), (50, 5), (0, 1), ("x", 3)])
def test_the_number_of_results_is_that_of_the_request(count: Any, size: int) -> None:
    assert (
        len(search_results(scene("GLM?", tools=tools(search_result=True, count=count)), IDS))
        == size
    )


def test_the_query_of_the_tool_is_searched_for() -> None:
    options = tools(search_result=True, search_query="glm-5.3")
    assert search_results(scene("Hi", tools=options), IDS)[0]["title"] == "glm-5.3: an overview"


def test_the_answer_refers_to_the_results() -> None:
    reply = ask("What is GLM?", tools=tools(search_result=True))
    assert "[ref_1]" in (reply.content or "")
    assert reply.web_search[0]["refer"] == "ref_1"


def test_the_result_of_a_function_is_reported_beside_a_search() -> None:
    call = called(ToolCall("get_weather", '{"city":"北京"}'))
    offered = [WEATHER, *tools(search_result=True)]
    assert "晴 25C" in (ask("北京天气如何？", call, result("晴 25C"), tools=offered).content or "")


def test_a_search_without_results_is_answered_plainly() -> None:
    reply = ask("What is GLM?", tools=tools(enable=True))
    assert reply.web_search == ()
    assert "[ref_1]" not in (reply.content or "")
