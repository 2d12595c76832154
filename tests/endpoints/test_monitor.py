"""The use of a Coding Plan as displays of it request it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serving import Served, serving

QUOTA = "/api/monitor/usage/quota/limit"
MODELS = "/api/monitor/usage/model-usage"
TOOLS = "/api/monitor/usage/tool-usage"
SEVEN_HOURS = 7 * 3600

SCENARIO = """
format: 1
interactions:
  - when: {user: long}
    reply: {content: a, usage: {prompt_tokens: 1000000, completion_tokens: 0}}
  - reply: {content: a, usage: {total_tokens: 20}}
accounts:
  - {key: lite.key, plan: lite}
  - {key: old.key, plan: [{window: 5h, requests: 4}, {window: 7d, requests: 400}]}
  - {key: payer.key, balance: 100}
  - {key: locked.key, state: locked}
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(SCENARIO) as server:
        yield server


@pytest.fixture
def named(served: Served, label: str) -> tuple[str, Served]:
    """The URL of a session of this test's own."""
    return f"{served.host}/s/file@{label}", served


def get(url: str, key: str = "lite.key", **params: str) -> dict[str, Any]:
    headers = {"Authorization": key, "Accept-Language": "en-US,en"}
    answer = httpx.get(url, headers=headers, params=params, trust_env=False)
    assert answer.status_code == 200
    return dict(answer.json())


def chat(url: str, text: str = "short", key: str = "lite.key", model: str = "glm-4.6") -> None:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    headers = {"Authorization": f"Bearer {key}"}
    path = f"{url}/api/coding/paas/v4/chat/completions"
    assert httpx.post(path, json=body, headers=headers, trust_env=False).status_code == 200


def test_unused_plan_has_no_time_of_reset(named: tuple[str, Served]) -> None:
    answer = get(named[0] + QUOTA)
    assert list(answer) == ["code", "msg", "data", "success"]
    assert (answer["code"], answer["msg"], answer["success"]) == (200, "Operation successful", True)
    assert answer["data"]["level"] == "lite"
    first, second = answer["data"]["limits"]
    keys = ["type", "unit", "number", "usage", "currentValue", "remaining", "percentage"]
    assert list(first) == list(second) == keys
    assert (first["type"], first["unit"], first["number"]) == ("CREDIT_LIMIT", 3, 5)
    assert (second["unit"], second["number"]) == (6, 1)
    assert (first["usage"], first["currentValue"], first["percentage"]) == (2000, 0, 0)


def test_credits_of_chats_are_shown(named: tuple[str, Served]) -> None:
    url, _ = named
    chat(url, "long")
    first, _ = get(url + QUOTA, "Bearer lite.key")["data"]["limits"]
    assert first["currentValue"] in (230, 460)  # half of it outside the peak hours
    assert first["remaining"] in (first["usage"] - first["currentValue"], 1769, 1539)
    assert first["percentage"] == first["currentValue"] * 100 // 2000
    assert len(str(first["nextResetTime"])) == 13


def test_plan_in_requests_has_percentages_and_tools(named: tuple[str, Served]) -> None:
    url, _ = named
    chat(url, key="old.key")
    httpx.post(
        f"{url}/api/coding/paas/v4/web_search",
        json={"search_query": "a", "search_engine": "search_std"},
        headers={"Authorization": "old.key"},
        trust_env=False,
    )
    tools, hours, week = get(url + QUOTA, "old.key")["data"]["limits"]
    assert (tools["type"], tools["unit"], tools["number"]) == ("TIME_LIMIT", 5, 1)
    assert tools["usageDetails"] == [
        {"modelCode": "search-prime", "usage": 1},
        {"modelCode": "web-reader", "usage": 0},
    ]
    assert list(hours) == ["type", "unit", "number", "percentage", "nextResetTime"]
    assert (hours["type"], hours["percentage"]) == ("TOKENS_LIMIT", 50)
    assert week["unit"] == 6


@pytest.mark.parametrize(
    ("key", "code"), [("", 1001), ("locked.key", 1112)], ids=["no key", "locked"]
)
def test_refusals_have_a_number_and_status_200(
    key: str, code: int, named: tuple[str, Served]
) -> None:
    answer = get(named[0] + QUOTA, key)
    assert (answer["code"], answer["success"]) == (code, False)
    assert list(answer) == ["code", "msg", "success"]


def test_account_without_a_plan_has_no_limits(named: tuple[str, Served]) -> None:
    assert get(named[0] + QUOTA, "payer.key")["data"] == {"limits": []}


def test_team_without_its_headers_gets_no_data(named: tuple[str, Served]) -> None:
    assert get(named[0] + QUOTA, type="2")["data"] == {}


def test_session_without_accounts_has_an_unused_plan(server: Served, label: str) -> None:
    data = get(f"{server.host}/s/@{label}{QUOTA}", "any.key")["data"]
    assert data["level"] == "lite"
    assert all("nextResetTime" not in limit for limit in data["limits"])


def test_models_are_counted_by_the_hour_for_their_key(named: tuple[str, Served]) -> None:
    url, served = named
    chat(url, model="glm-4.6")
    clock = served.session("file", url.rpartition("@")[2]).clock
    clock.advance(SEVEN_HOURS)
    chat(url, model="glm-4.7")
    chat(url, model="glm-4.7")
    chat(url, key="payer.key")
    data = get(url + MODELS)["data"]
    assert data["granularity"] == "hourly"
    assert len(data["x_time"]) == len(data["modelCallCount"]) == len(data["tokensUsage"]) == 25
    assert [count for count in data["modelCallCount"] if count] == [1, 2]
    assert [tokens for tokens in data["tokensUsage"] if tokens] == [20, 40]
    assert data["tokensUsage"].count(None) == 23
    assert data["totalUsage"]["totalModelCallCount"] == 3
    assert data["totalUsage"]["totalTokensUsage"] == 60
    assert data["modelSummaryList"] == [
        {"modelName": "glm-4.6", "totalTokens": 20, "sortOrder": 1},
        {"modelName": "glm-4.7", "totalTokens": 40, "sortOrder": 2},
    ]
    assert list(data["modelDataList"][0]) == [
        "modelName",
        "sortOrder",
        "tokensUsage",
        "totalTokens",
    ]


def test_period_of_months_is_given_by_the_day(named: tuple[str, Served]) -> None:
    times = {"startTime": "2026-08-01 00:00:00", "endTime": "2026-08-31 23:59:59"}
    data = get(named[0] + TOOLS, **times)["data"]
    assert data["granularity"] == "daily"
    assert (data["x_time"][0], data["x_time"][-1]) == ("2026-08-01 00:00", "2026-08-31 00:00")
    assert data["networkSearchCount"] == [None] * 31


@pytest.mark.parametrize("start", ["yesterday", "2020-01-01 00:00:00", "2999-01-01 00:00:00"])
def test_wrong_period_is_refused(start: str, named: tuple[str, Served]) -> None:
    answer = httpx.get(
        named[0] + MODELS,
        headers={"Authorization": "lite.key"},
        params={"startTime": start},
        trust_env=False,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1210")
