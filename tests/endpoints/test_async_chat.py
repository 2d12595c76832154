"""Chats whose completion is asked for later."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from mockglm.endpoints.async_chat import market_name
from tests.endpoints.conftest import Ask
from tests.serving import KEY, serving

CHAT = {"model": "glm-4.5-flash", "messages": [{"role": "user", "content": "hello"}]}
OTHER = {"Authorization": "Bearer another.key"}
HEADERS = {"Authorization": f"Bearer {KEY}"}

SCENARIO = """
format: 1
interactions:
  - when: {user: hello}
    reply: {content: Hello, reasoning: Hm, pace: {first: 60}, usage: {total_tokens: 12}}
  - when: {user: fail}
    reply: {error: "1234"}
  - when: {user: network}
    reply: {content: a, finish_reason: network_error}
  - when: {user: busy}
    reply: {error: "1305"}
  - when: {user: own, path: "/async/*"}
    response: {json: {id: a, task_status: PROCESSING}}
  - when: {path: /async-result/a}
    response: {json: {task_status: FAIL}}
accounts:
  - {key: tokens.key, balance: {tokens: 10}}
  - {key: "*"}
"""


def submit(url: str, text: str, **headers: str) -> httpx.Response:
    body = {**CHAT, "messages": [{"role": "user", "content": text}]}
    return httpx.post(
        f"{url}/async/chat/completions", json=body, headers={**HEADERS, **headers}, trust_env=False
    )


def look(url: str, id: str) -> dict[str, Any]:
    answer = httpx.get(f"{url}/async-result/{id}", headers=HEADERS, trust_env=False)
    return dict(answer.json())


def test_sdks_get_the_completion_of_a_chat(sdk: Any, old_sdk: Any) -> None:
    for client in (sdk, old_sdk):
        task = client.chat.asyncCompletions.create(**CHAT)
        assert task.task_status == "PROCESSING"
        result = client.chat.asyncCompletions.retrieve_completion_result(id=task.id)
        assert result.task_status == "SUCCESS"
        assert result.choices[0].message.content


def test_result_has_the_form_of_the_service(ask: Ask) -> None:
    task = ask("/async/chat/completions", {**CHAT, "stream": True}).json()
    assert list(task) == ["id", "model", "request_id", "task_status"]
    result = ask(f"/async-result/{task['id']}").json()
    keys = ["choices", "created", "id", "model", "request_id", "task_status", "usage"]
    assert list(result) == keys
    assert (result["id"], result["model"]) == (task["id"], "GLM-4.5-Flash")
    choice = result["choices"][0]
    assert list(choice) == ["finish_reason", "index", "message"]
    assert choice["message"]["role"] == "assistant"


def test_result_is_there_when_its_pace_has_passed_on_the_clock() -> None:
    with serving(SCENARIO, speed=1) as server:
        id = submit(server.url, "hello").json()["id"]
        running = look(server.url, id)
        assert running["task_status"] == "PROCESSING"
        assert list(running) == ["id", "model", "request_id", "task_status"]
        server.session().clock.advance(60)
        result = look(server.url, id)
        assert result["task_status"] == "SUCCESS"
        message = result["choices"][0]["message"]
        assert message == {"content": "Hello", "reasoning_content": "Hm", "role": "assistant"}


def test_errors_of_the_model_let_the_task_fail_and_others_refuse_it() -> None:
    with serving(SCENARIO) as server:
        for text in ("fail", "network"):
            id = submit(server.url, text).json()["id"]
            assert look(server.url, id)["task_status"] == "FAIL"
        refused = submit(server.url, "busy")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "1305")


def test_scenarios_answer_submissions_and_results_verbatim() -> None:
    with serving(SCENARIO) as server:
        assert submit(server.url, "own").json() == {"id": "a", "task_status": "PROCESSING"}
        assert look(server.url, "a") == {"task_status": "FAIL"}


def test_chat_is_charged_when_it_is_submitted() -> None:
    with serving(SCENARIO) as server:
        key = {"Authorization": "Bearer tokens.key"}
        url = f"{server.url}/async/chat/completions"
        body = {**CHAT, "model": "glm-4.6"}
        answers = [
            httpx.post(url, json=body, headers=key, trust_env=False).status_code for _ in range(2)
        ]
        assert answers == [200, 429]


def test_task_of_another_key_and_unknown_ones_are_1233(ask: Ask) -> None:
    id = ask("/async/chat/completions", CHAT).json()["id"]
    for path, headers in ((id, OTHER), ("nothing", HEADERS)):
        answer = ask(f"/async-result/{path}", headers=headers)
        assert answer.status_code == 400
        assert answer.json() == {"error": {"code": "1233", "message": f"任务：{path}不存在。"}}


@pytest.mark.parametrize(
    ("body", "code"),
    [({**CHAT, "model": "no"}, "1211"), ({**CHAT, "messages": []}, "1214"), ([], "1210")],
)
def test_wrong_chat_is_refused(ask: Ask, body: Any, code: str) -> None:
    answer = ask("/async/chat/completions", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_queued_reply_becomes_the_result(ask: Ask, session: Any) -> None:
    url = ask("/models").request.url
    control = f"{url.scheme}://{url.netloc.decode()}/__mockglm__/replies"
    reply = {"content": "queued"}
    httpx.post(control, params={"session": session.name}, json=reply, trust_env=False)
    task = ask("/async/chat/completions", {**CHAT, "stream": True}).json()
    assert "queued" in json.dumps(ask(f"/async-result/{task['id']}").json())


@pytest.mark.parametrize(
    ("model", "name"),
    [("glm-4.5-flash", "GLM-4.5-Flash"), ("glm-4.7-flash", "GLM-4.7-Flash"), ("glm-5", "GLM-5")],
)
def test_model_is_named_as_it_is_marketed(model: str, name: str) -> None:
    assert market_name(model) == name
