"""The endpoints as chats are: keys, accounts, scenarios, faults, the journal, methods and hosts."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import httpx
import pytest

from mockglm.endpoints import TABLE
from tests.endpoints.conftest import Ask
from tests.serving import KEY, serving

EMBED = {"model": "embedding-3", "input": "hello", "dimensions": 256}
HEADERS = {"Authorization": f"Bearer {KEY}"}

SCENARIO = """
format: 1
interactions:
  - when: {path: /embeddings, body: {input: broken}}
    reply: {error: 1305}
  - when: {path: /embeddings, body: {input: raw}, model: embedding-3}
    response: {json: {data: [], model: mine}}
  - when: {path: "/emb*", body: {input: described}}
    reply: {content: text}
  - when: {path: /web_search}
    reply: {error: 1701}
  - when: {path: /rerank}
    reply:
      - {error: 1302, times: 1}
      - {error: {code: "1234"}, fault: close}
  - when: {user: hello}
    reply: {content: of a chat}
  - reply: {content: of any chat}
"""


def post(url: str, body: Any = EMBED, **headers: str) -> httpx.Response:
    return httpx.post(url, json=body, headers={**HEADERS, **headers}, trust_env=False)


def test_pattern_with_a_path_answers_before_the_built_in_answer() -> None:
    with serving(SCENARIO) as server:
        url = f"{server.url}/embeddings"
        assert post(url, {**EMBED, "input": "broken"}).json()["error"]["code"] == "1305"
        assert post(url, {**EMBED, "input": "raw"}).json() == {"data": [], "model": "mine"}
        described = post(url, {**EMBED, "input": "described"})
        assert described.status_code == 422
        assert "/embeddings gives no text" in described.json()["error"]["message"]
        assert post(url).json()["model"] == "embedding-3"
        busy = post(
            f"{server.url}/web_search", {"search_query": "a", "search_engine": "search_std"}
        )
        assert (busy.status_code, busy.json()["error"]["code"]) == (429, "1701")
        assert busy.json()["error"]["message"] == "网络搜索并发已达上限，请稍后重试或减少并发请求"
        sources = [entry.source for entry in server.session().journal]
        assert sources == ["file.yaml:4", "file.yaml:6", "miss", "gateway", "file.yaml:10"]


def test_patterns_without_a_path_are_for_chats() -> None:
    with serving(SCENARIO) as server:
        assert "of any chat" in server.ask("other").text
        assert post(f"{server.url}/embeddings").json()["object"] == "list"


def test_sequence_and_faults_of_an_interaction_apply() -> None:
    with serving(SCENARIO) as server:
        url, body = f"{server.url}/rerank", {"model": "rerank", "query": "a", "documents": ["a"]}
        assert post(url, body).status_code == 429
        with pytest.raises(httpx.RemoteProtocolError):
            post(url, body)


def test_key_is_required(ask: Ask) -> None:
    answer = ask("/embeddings", EMBED, headers={"Authorization": ""})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "1001")


ACCOUNTS = """
format: 1
accounts:
  - {key: poor.key, balance: 0}
  - {key: plan.key, models: [glm-*]}
  - {key: locked.key, state: locked}
  - {key: tokens.key, balance: {tokens: 4}}
  - {key: once.key, plan: [{window: 5h, requests: 1}]}
"""


def test_accounts_limit_endpoints() -> None:
    with serving(ACCOUNTS) as server:
        url = f"{server.url}/embeddings"

        def code(key: str) -> str:
            answer = post(url, EMBED, Authorization=f"Bearer {key}").json()
            return str(answer["error"]["code"] if "error" in answer else "")

        assert code("poor.key") == "1113"
        assert code("plan.key") == "1311"
        assert code("locked.key") == "1112"
        assert [code("tokens.key") for _ in range(3)] == ["", "", "1113"]
        assert [code("once.key") for _ in range(2)] == ["", "1308"]


def test_queued_errors_answer_endpoints_and_described_replies_wait_for_a_chat(
    ask: Ask, session: Any
) -> None:
    control = ask("/embeddings", EMBED).request.url
    root = f"{control.scheme}://{control.netloc.decode()}/__mockglm__/replies"
    params = {"session": session.name}
    httpx.post(root, params=params, json={"content": "for the chat"}, trust_env=False)
    assert ask("/embeddings", EMBED).json()["object"] == "list"
    chat = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}]}
    assert "for the chat" in ask("/chat/completions", chat).text
    httpx.post(root, params=params, json={"error": "1302"}, trust_env=False)
    assert ask("/embeddings", EMBED).json()["error"]["code"] == "1302"


def test_faults_of_the_url_break_endpoints_where_they_fit() -> None:
    with serving() as server:
        with pytest.raises(httpx.RemoteProtocolError):
            post(f"{server.base('+close')}/embeddings")
        kept = post(f"{server.base('+no-done')}/embeddings")
        assert kept.json()["object"] == "list"


def test_journal_has_the_model_and_the_path(ask: Ask, session: Any) -> None:
    ask("/embeddings", EMBED)
    entry = session.journal.get(1)
    assert (entry.request.path, entry.model) == ("/embeddings", "embedding-3")


def test_host_without_an_endpoint_answers_unknown_model() -> None:
    with serving(profile="zai") as server:
        answer = post(f"{server.url}/embeddings")
        assert answer.status_code == 400
        message = "Unknown Model, please check the model code."
        assert answer.json() == {"error": {"code": "1211", "message": message}}
        tokens = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}]}
        assert post(f"{server.url}/tokenizer", tokens).status_code == 200


def test_another_method_is_405(ask: Ask) -> None:
    answer = ask("/embeddings", method="PUT")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_body_that_is_no_json_object_is_refused(ask: Ask) -> None:
    for body in (b"", b"[]", b"{", b'"a"', b"\xff", b"[" * 5000):
        answer = ask("/embeddings", method="POST", content=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1210"), body


def test_request_id_of_the_client_is_returned(ask: Ask) -> None:
    body = {"model": "rerank", "query": "a", "documents": ["a"], "request_id": "mine-0001"}
    answer = ask("/rerank", body)
    assert answer.json()["request_id"] == "mine-0001"
    assert answer.json()["id"] == answer.headers["X-Log-Id"]


LOADED = """
import http.client, json, sys
from mockglm.app import App
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer

def loaded():
    return sorted(name for name in sys.modules if name.startswith("mockglm.endpoints"))

def post(path, body):
    client = http.client.HTTPConnection("127.0.0.1", background.port, timeout=30)
    client.request("POST", "/api/paas/v4" + path, json.dumps(body), {"Authorization": "key"})
    assert client.getresponse().status == 200
    client.close()

background = BackgroundServer(App(Sessions(Settings(speed=0))))
background.start()
message = {"role": "user", "content": "hi"}
post("/chat/completions", {"model": "glm-4.6", "messages": [message]})
first = loaded()
post("/tokenizer", {"model": "glm-4.6", "messages": [message]})
background.stop()
print(json.dumps([first, loaded()]))
"""


def test_modules_are_imported_when_their_path_is_first_requested() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    after_a_chat, after_a_tokenizer = json.loads(done.stdout)
    assert after_a_chat == []
    subjects = {f"mockglm.endpoints.{row.module}" for row in TABLE}
    assert subjects.intersection(after_a_tokenizer) == {"mockglm.endpoints.tokenizer"}


def test_rows_of_the_table_are_unique_and_their_functions_exist() -> None:
    from importlib import import_module

    assert len({(row.method, row.path, row.is_whole) for row in TABLE}) == len(TABLE)
    for row in TABLE:
        module = import_module(f"mockglm.endpoints.{row.module}")
        assert callable(getattr(module, row.answer)), row.path
        assert not row.request or isinstance(getattr(module, row.request), type), row.path
