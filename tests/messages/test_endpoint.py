"""The Anthropic surface of a running server: messages, models, counts, keys and refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serving import KEY, Served, serving

LOG = re.compile(r"\d{14}[0-9a-f]{16}")
ASK: dict[str, Any] = {
    "model": "glm-4.6",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "你好"}],
}
WITHOUT_LIMIT = "'>' not supported between instances of 'int' and 'NoneType'"
ILLEGAL = "messages 参数非法。请检查文档。"
BOTH = """
format: 1
accounts:
  - {key: "0123456789abcdef0123456789abcdef.SecretSecret1234", plan: [{window: 5h, requests: 2}]}
interactions:
  - when: {user: weather}
    reply: {tool_calls: [{name: get_weather, arguments: {city: Paris}}]}
  - when: {after_tool: get_weather}
    reply: {content: It is sunny.}
"""


@pytest.fixture
def messages(server: Served, label: str) -> Iterator[httpx.Client]:
    """A client of this surface, in this test's own session."""
    base = f"{server.host}/s/@{label}/api/anthropic"
    headers = {"x-api-key": KEY}
    with httpx.Client(base_url=base, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def ask(client: httpx.Client, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    return client.post("/v1/messages", json={**ASK, **fields}, headers=headers)


def test_a_message_is_answered_by_a_model(messages: httpx.Client) -> None:
    answer = ask(messages)
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert body["id"] == "msg_" + answer.headers["x-log-id"]
    assert LOG.fullmatch(answer.headers["x-log-id"])
    assert body["content"][0]["text"]
    assert body["usage"]["output_tokens"] > 0


def test_a_stream_is_labelled_as_such(messages: httpx.Client) -> None:
    answer = messages.post("/v1/messages?beta=true", json={**ASK, "stream": True})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text.startswith("event: message_start\ndata: ")
    assert answer.text.endswith('data: {"type":"message_stop"}\n\n')


@pytest.mark.parametrize(
    "headers", [{"x-api-key": KEY}, {"authorization": f"Bearer {KEY}"}, {"authorization": KEY}]
)
def test_a_key_may_be_in_either_header(headers: dict[str, str], server: Served) -> None:
    url = f"{server.host}/api/anthropic/v1/messages"
    assert (
        httpx.post(url, json=ASK, headers=headers, trust_env=False, timeout=30).status_code == 200
    )


def test_a_request_without_a_key_is_refused_without_a_type(server: Served) -> None:
    for method, path in (
        ("POST", "messages"),
        ("GET", "models"),
        ("POST", "messages/count_tokens"),
    ):
        url = f"{server.host}/api/anthropic/v1/{path}"
        answer = httpx.request(method, url, json=ASK, trust_env=False, timeout=30)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/json")
        assert list(answer.json()) == ["error"]
        assert list(answer.json()["error"]) == ["message", "type"]


def test_a_wrong_key_has_the_captured_answer() -> None:
    with serving("format: 1\nkeys: listed\naccounts: [{key: a.b}]\ninteractions: []\n") as served:
        url = f"{served.host}/api/anthropic/v1/messages"
        headers = {"x-api-key": "c.d", "accept-language": "en"}
        answer = httpx.post(url, json=ASK, headers=headers, trust_env=False, timeout=30)
    assert answer.json() == {"error": {"message": "token expired or incorrect", "type": "401"}}


@pytest.mark.parametrize(
    ("fields", "status", "code", "text"),
    [
        ({"model": "nothing"}, 400, "1211", "模型不存在，请检查模型代码。"),
        ({"max_tokens": None}, 500, "500", WITHOUT_LIMIT),
        ({"max_tokens": 0}, 400, "1210", "max_tokens参数非法：限制数值范围[1,131072]"),
        ({"max_tokens": 131073}, 400, "1210", "max_tokens参数非法：限制数值范围[1,131072]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "1214", ILLEGAL),
        ({"thinking": {"type": "bogus"}}, 400, "1210", "API 调用参数有误，请检查文档。"),
        (
            {"model": "glm-5.3-flash", "thinking": {"type": "disabled"}},
            400,
            "1210",
            "该模型始终思考，不支持关闭思考；请使用 low、high 或 max。",
        ),
    ],
)  # fmt: skip
def test_each_refusal_has_its_status_and_detail(
    fields: dict[str, Any], status: int, code: str, text: str, messages: httpx.Client
) -> None:
    answer = ask(messages, **fields)
    log = answer.headers["x-log-id"]
    kind = {400: "invalid_request_error", 500: "api_error"}[status]
    label = {400: "text/event-stream;charset=UTF-8", 500: "application/json"}[status]
    assert (answer.status_code, answer.headers["content-type"]) == (status, label)
    assert answer.json() == {
        "type": "error",
        "error": {"type": kind, "code": code, "message": f"[{code}][{text}][{log}]"},
        "request_id": log,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"max_tokens": 131072},
        {"model": "claude-haiku-4-5-20251001"},
        {"model": "glm-5.2[1m]"},
        {"model": "glm-5.3", "thinking": {"type": "disabled"}},
        {"thinking": {"type": "adaptive"}, "context_management": {"edits": []}},
        {"temperature": 5, "top_k": 3, "metadata": {}, "betas": ["x"]},
        {"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]},
        {"messages": [*ASK["messages"], {"role": "system", "content": "env"}]},
    ],
)
def test_documented_variants_are_accepted(fields: dict[str, Any], messages: httpx.Client) -> None:
    assert ask(messages, **fields).status_code == 200


@pytest.mark.parametrize(
    ("account", "status"),
    [
        ("plan: [{window: 5h, requests: 9}]", 200),
        ('models: ["glm-5.*"]', 200),
        ("balance: {requests: 9}", 400),
    ],
)
def test_the_suffix_of_a_long_context_needs_a_plan(account: str, status: int) -> None:
    with serving(f"format: 1\naccounts: [{{key: '*', {account}}}]\ninteractions: []\n") as served:
        base = f"{served.host}/api/anthropic"
        with httpx.Client(
            base_url=base, headers={"x-api-key": KEY}, trust_env=False, timeout=30
        ) as client:
            bare, long = ask(client, model="glm-5.2"), ask(client, model="GLM-5.2[1M]")
        notes = list(served.session().journal)[-1].notes
    assert (bare.status_code, long.status_code) == (200, status)
    if status == 400:
        assert long.json()["error"]["code"] == "1211"
        assert notes == ("[1m] needs an account with `plan` or `models`",)


def test_the_answer_names_the_model_of_glm(messages: httpx.Client) -> None:
    assert ask(messages, model="claude-haiku-4-5-20251001").json()["model"] == "glm-4.7"
    assert ask(messages, model="GLM-4.6V").json()["model"] == "glm-4.6v"


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_out_of_context_is_no_error(stream: bool, messages: httpx.Client) -> None:
    long = [{"role": "user", "content": "word " * 200_000}]
    answer = ask(messages, messages=long, stream=stream)
    assert answer.status_code == 200
    assert '"stop_reason":"model_context_window_exceeded"' in answer.text


def test_only_claude_code_gets_a_retry_header(server: Served, messages: httpx.Client) -> None:
    queue = f"{server.host}/__mockglm__/replies"
    session = str(messages.base_url).split("/s/")[1].split("/")[0]
    httpx.post(
        queue,
        params={"session": session},
        json=[{"error": "1302"}] * 2,
        trust_env=False,
        timeout=30,
    )
    trio = ("retry-after", "anthropic-ratelimit-unified-status", "x-should-retry")
    plain = ask(messages)
    told = ask(messages, {"anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14"})
    assert (plain.status_code, told.status_code) == (429, 429)
    assert [name in plain.headers for name in trio] == [False] * 3
    assert [told.headers[name] for name in trio] == ["14", "rejected", "true"]


def test_tokens_are_counted_without_a_limit(messages: httpx.Client) -> None:
    asked = {"model": "glm-4.6", "messages": ASK["messages"], "tools": []}
    answer = messages.post("/v1/messages/count_tokens?beta=true", json=asked)
    assert (answer.status_code, list(answer.json())) == (200, ["input_tokens"])
    assert answer.json()["input_tokens"] == ask(messages).json()["usage"]["input_tokens"]


def test_counting_uses_no_queued_reply(server: Served, messages: httpx.Client) -> None:
    session = str(messages.base_url).split("/s/")[1].split("/")[0]
    queue = f"{server.host}/__mockglm__/replies"
    httpx.post(
        queue, params={"session": session}, json={"content": "once"}, trust_env=False, timeout=30
    )
    asked = {"model": "glm-4.6", "messages": ASK["messages"]}
    assert "input_tokens" in messages.post("/v1/messages/count_tokens", json=asked).json()
    assert ask(messages).json()["content"][0]["text"] == "once"


def test_models_are_listed_with_keys_in_camel_case(messages: httpx.Client) -> None:
    page = messages.get("/v1/models").json()
    assert list(page) == ["data", "firstId", "hasMore", "lastId"]
    assert page["data"][0] == {
        "created_at": "2025-07-28T00:00:00Z",
        "display_name": "GLM-4.5",
        "id": "glm-4.5",
        "type": "model",
    }
    dates = {model["id"]: model["created_at"] for model in page["data"]}
    assert dates["glm-4.6"] == "2025-10-01T08:00:00Z"
    assert dates["glm-5.1"] == "2026-03-27T22:00:00Z"
    assert (page["firstId"], page["hasMore"]) == ("glm-4.5", False)


@pytest.mark.parametrize("path", ["", "/"])
def test_head_on_the_base_has_no_body(path: str, server: Served) -> None:
    answer = httpx.head(f"{server.host}/api/anthropic{path}", trust_env=False, timeout=30)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/v1/messages", 405, "Method Not Allowed"),
        ("POST", "/v1/models", 405, "Method Not Allowed"),
        ("POST", "/v1/nothing", 404, "Not Found"),
        ("GET", "/chat/completions", 404, "Not Found"),
    ],
)
def test_other_paths_are_answered_as_fastapi_does(
    method: str, path: str, status: int, detail: str, messages: httpx.Client
) -> None:
    answer = messages.request(method, path)
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


def test_one_scenario_and_one_account_serve_both_surfaces(http: httpx.Client) -> None:
    tool = {"name": "get_weather", "input_schema": {"type": "object"}}
    with serving(BOTH) as served:
        base = f"{served.host}/api/anthropic/v1/messages"
        asked = {**ASK, "messages": [{"role": "user", "content": "weather"}], "tools": [tool]}
        first = http.post(base, json=asked).json()
        block = first["content"][0]
        assert (first["stop_reason"], block["input"]) == ("tool_use", {"city": "Paris"})
        call = {"id": block["id"], "type": "function", "function": {"name": "get_weather"}}
        history = [
            {"role": "user", "content": "weather"},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": block["id"], "content": "sun"},
        ]
        second = http.post(
            f"{served.url}/chat/completions", json={"model": "glm-4.6", "messages": history}
        )
        assert second.json()["choices"][0]["message"]["content"] == "It is sunny."
        third = http.post(base, json=asked)
        assert (third.status_code, third.json()["error"]["code"]) == (429, "1308")


def test_a_report_of_mockglm_itself_is_marked(http: httpx.Client) -> None:
    with serving("format: 1\ninteractions: [{when: {user: x}, reply: {content: y}}]\n") as served:
        answer = http.post(f"{served.host}/api/anthropic/v1/messages", json=ASK)
    assert (answer.status_code, answer.headers["x-mockglm-miss"]) == (422, "1")
    error = answer.json()["error"]
    assert error["code"] == "422"
    assert "no interaction matches this request" in error["message"]
    assert json.loads(answer.text)["type"] == "error"
