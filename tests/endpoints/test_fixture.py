"""The endpoints in the `glm` fixture, and the recordings of them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mockglm import GLM
from tests.endpoints.conftest import Ask
from tests.serving import KEY, Served, serving

EMBED = {"model": "embedding-3", "input": "hello", "dimensions": 256}
CHAT = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hello"}]}


def post(glm: GLM, path: str, body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.post(glm.base_url + path, json=body, headers=headers, trust_env=False)


def test_application_with_retrieval_gets_its_answer(glm: GLM) -> None:
    glm.reply("the answer")
    assert len(post(glm, "/embeddings", EMBED).json()["data"][0]["embedding"]) == 256
    assert "the answer" in post(glm, "/chat/completions", CHAT).text
    assert [call.path for call in glm.requests] == ["/embeddings", "/chat/completions"]
    assert glm.requests[0].body["input"] == "hello"
    assert glm.requests[0].status == 200


def test_rule_with_a_path_answers_at_an_endpoint(glm: GLM) -> None:
    rule = glm.when(path="/embeddings").reply(error=1302)
    assert post(glm, "/embeddings", EMBED).json()["error"]["code"] == "1302"
    assert (rule.count, glm.requests[0].code) == (1, "1302")


def test_tasks_follow_the_clock_of_the_fixture(glm: GLM) -> None:
    glm.reply("later", pace={"first": 60})
    id = post(glm, "/async/chat/completions", CHAT).json()["id"]
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{glm.base_url}/async-result/{id}"
    glm.clock.advance(60)
    result = httpx.get(url, headers=headers, trust_env=False).json()
    assert result["choices"][0]["message"]["content"] == "later"


CASSETTE = """
format: 1
recorded: {at: "2026-10-01T00:00:00Z", from: "https://open.bigmodel.cn/api/paas/v4", by: test}
interactions:
  - request: {path: /embeddings, body: {model: embedding-3, input: hello, dimensions: 256}}
    response: {json: {object: list, data: []}}
"""


def test_recording_of_an_endpoint_answers_before_the_built_in_answer() -> None:
    with serving(CASSETTE) as server:
        url, headers = f"{server.url}/embeddings", {"Authorization": "key"}
        recorded = httpx.post(url, json=EMBED, headers=headers, trust_env=False)
        assert recorded.json() == {"object": "list", "data": []}
        other = httpx.post(url, json={**EMBED, "input": "x"}, headers=headers, trust_env=False)
        assert len(other.json()["data"]) == 1


def test_moderation_through_the_sdk(sdk: Any) -> None:
    judged = sdk.moderations.create(model="moderation", input="hello")
    assert judged.result_list[0]["risk_level"] == "PASS"


def test_page_of_another_origin_may_read_an_endpoint(ask: Ask) -> None:
    answer = ask("/embeddings", EMBED, headers={"Origin": "http://localhost:3000"})
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


@pytest.mark.parametrize("root", ["/api/coding/paas/v4", "/v4", "/v1"])
def test_each_base_has_the_endpoints(root: str, server: Served) -> None:
    url, headers = f"{server.host}{root}/embeddings", {"Authorization": "key"}
    answer = httpx.post(url, json=EMBED, headers=headers, trust_env=False)
    assert answer.json()["object"] == "list"
