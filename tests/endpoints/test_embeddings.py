"""Embeddings, rerank, the tokenizer and moderations, called through the SDKs."""

from __future__ import annotations

import math
from typing import Any

import httpx
import pytest

from tests.endpoints.conftest import Ask
from tests.serving import serving

ANIMALS = [
    "heron",
    "otter",
    "badger",
    "lynx",
    "walrus",
    "magpie",
    "salmon",
    "beetle",
    "gecko",
    "ibex",
]
FACTS = [
    "The {} sleeps in a hollow tree until the evening.",
    "Farmers in the valley counted every {} last spring.",
    "A young {} learns to find food from its mother.",
    "The museum shows a painting of a {} by the sea.",
    "Nobody has seen a {} on the island since 1970.",
]
PASSAGES = [fact.format(animal) for fact in FACTS for animal in ANIMALS]


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("Where does the otter sleep until the evening?", PASSAGES[1]),
        ("Which painting of a walrus does the museum show?", PASSAGES[34]),
        ("Has anybody seen an ibex on the island since 1970?", PASSAGES[49]),
    ],
)
def test_question_is_nearest_to_its_passage(sdk: Any, question: str, passage: str) -> None:
    made = sdk.embeddings.create(model="embedding-3", input=PASSAGES, dimensions=1024)
    vectors = [one.embedding for one in made.data]
    asked = sdk.embeddings.create(model="embedding-3", input=question, dimensions=1024)
    query = asked.data[0].embedding
    nearest = max(range(len(PASSAGES)), key=lambda index: cosine(query, vectors[index]))
    assert PASSAGES[nearest] == passage


def test_chinese_question_is_nearest_to_its_passage(sdk: Any) -> None:
    passages = [
        "上海今天有雨，气温十五度。",
        "退货需要在七天之内提出申请。",
        "会员积分每年年底清零。",
    ]
    made = sdk.embeddings.create(model="embedding-3", input=[*passages, "怎么申请退货？"])
    *vectors, query = (one.embedding for one in made.data)
    assert max(range(3), key=lambda index: cosine(query, vectors[index])) == 1


def test_vectors_are_unit_vectors_and_the_same_each_time(old_sdk: Any) -> None:
    first, again = (
        old_sdk.embeddings.create(model="embedding-3", input="你好", dimensions=256)
        for _ in range(2)
    )
    vector = first.data[0].embedding
    assert len(vector) == 256
    assert vector == again.data[0].embedding
    assert math.isclose(cosine(vector, vector), 1.0, rel_tol=1e-6)
    assert (first.usage.total_tokens, first.object) == (1, "list")


@pytest.mark.parametrize(
    ("body", "size"),
    [
        ({"model": "embedding-3"}, 2048),
        ({"model": "embedding-3", "dimensions": 512}, 512),
        ({"model": "embedding-2"}, 1024),
        ({"model": "embedding-2", "dimensions": 256}, 1024),
    ],
)
def test_dimensions_are_those_of_the_model(ask: Ask, body: dict[str, Any], size: int) -> None:
    answer = ask("/embeddings", {**body, "input": ["", "a"][1:]}).json()
    assert list(answer) == ["data", "model", "object", "usage"]
    assert list(answer["data"][0]) == ["embedding", "index", "object"]
    assert len(answer["data"][0]["embedding"]) == size


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"input": ["a"] * 65}, "1214", "input数组最大不得超过64条"),
        ({"input": []}, "1213", "未正常接收到input参数。"),
        ({"input": ["a", ""]}, "1214", "input 参数非法。请检查文档。"),
        ({"input": "a", "dimensions": 2049}, "1214", "dimensions 参数非法。请检查文档。"),
        ({"input": "a", "dimensions": 0}, "1214", "dimensions 参数非法。请检查文档。"),
        ({"input": "a", "model": "embedding-9"}, "1211", "模型不存在，请检查模型代码。"),
        ({"input": "a", "model": None}, "1213", "未正常接收到model参数。"),
        ({"input": {"a": 1}}, "1210", "API 调用参数有误，请检查文档。"),
    ],
)
def test_wrong_requests_are_refused(
    ask: Ask, body: dict[str, Any], code: str, message: str
) -> None:
    answer = ask("/embeddings", {"model": "embedding-3", **body})
    assert answer.status_code == 400
    assert answer.json() == {"error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/embeddings", {"model": "embedding-3", "input": "a " * 6200, "dimensions": 256}),
        ("/embeddings", {"model": "embedding-3", "input": "a", "dimensions": 100}),
        ("/rerank", {"model": "rerank", "query": "a", "documents": ["a"] * 129}),
        ("/rerank", {"model": "rerank", "query": "a" * 4097, "documents": ["a"]}),
        ("/moderations", {"model": "moderation", "input": "a" * 2001}),
    ],
)
def test_documented_limits_refuse_only_in_a_strict_session(
    ask: Ask, session: Any, path: str, body: dict[str, Any]
) -> None:
    assert ask(path, body).status_code == 200
    assert session.journal.get(1).waived
    with serving(policy="strict") as server:
        headers = {"Authorization": "key"}
        refused = httpx.post(server.url + path, json=body, headers=headers, trust_env=False)
        assert refused.json()["error"]["code"] == "1214"


def test_64_items_are_accepted(ask: Ask) -> None:
    answer = ask("/embeddings", {"model": "embedding-3", "input": ["a"] * 64, "dimensions": 256})
    assert [one["index"] for one in answer.json()["data"]] == list(range(64))


def test_rerank_sorts_documents_by_the_words_they_share(ask: Ask) -> None:
    body = {"model": "rerank", "query": "capital of France", "top_n": 2, "return_documents": True}
    documents = [
        "Bananas are yellow.",
        "Berlin is the capital of Germany.",
        "Paris, capital of France",
    ]
    answer = ask("/rerank", {**body, "documents": documents}).json()
    assert list(answer) == ["created", "id", "request_id", "results", "usage"]
    assert [one["index"] for one in answer["results"]] == [2, 1]
    assert answer["results"][0]["document"] == documents[2]
    assert answer["results"][0]["relevance_score"] > answer["results"][1]["relevance_score"] > 0
    assert len(ask("/rerank", {**body, "documents": documents, "top_n": 0}).json()["results"]) == 3


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": ""}, "1213"),
        ({"documents": []}, "1213"),
        ({"top_n": -1}, "1214"),
        ({"model": "rank"}, "1211"),
    ],
)
def test_wrong_rerank_is_refused(ask: Ask, body: dict[str, Any], code: str) -> None:
    answer = ask("/rerank", {"model": "rerank", "query": "a", "documents": ["a"], **body})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_tokenizer_counts_as_the_usage_of_a_chat_does(ask: Ask) -> None:
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hello world, 今天好吗"}]}
    chat = ask("/chat/completions", body).json()
    answer = ask("/tokenizer", body).json()
    assert list(answer) == ["created", "id", "request_id", "usage"]
    assert answer["usage"]["prompt_tokens"] == chat["usage"]["prompt_tokens"]
    assert answer["usage"]["total_tokens"] == chat["usage"]["prompt_tokens"]


def test_tokenizer_counts_pictures_apart(ask: Ask) -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    content = [{"type": "text", "text": "hi"}, picture]
    body = {"model": "glm-4.6v", "messages": [{"role": "user", "content": content}]}
    usage = ask("/tokenizer", body).json()["usage"]
    assert usage["image_tokens"] > 0
    assert usage["video_tokens"] == 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["image_tokens"]


def test_moderation_passes_each_content(ask: Ask) -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    contents = [{"type": "text", "text": "hi"}, picture]
    answer = ask("/moderations", {"model": "moderation", "input": contents}).json()
    assert list(answer) == ["created", "id", "request_id", "result_list", "usage"]
    assert [one["content_type"] for one in answer["result_list"]] == ["text", "image"]
    assert {one["risk_level"] for one in answer["result_list"]} == {"PASS"}
    assert answer["usage"]["moderation_text"] == {"call_count": 1}


def test_moderation_of_an_unknown_kind_is_refused(ask: Ask) -> None:
    answer = ask("/moderations", {"model": "moderation", "input": {"type": "smell"}})
    assert answer.json()["error"]["code"] == "1214"
