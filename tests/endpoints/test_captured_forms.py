"""The answers of endpoints beside captured ones: the same keys in the same order, types and ids."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from tests.endpoints.conftest import Ask
from tests.serving import Served, serving

SAMPLES = Path(os.environ.get("GLM_SAMPLES", "nowhere"))
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="GLM_SAMPLES names no folder")

_FORMS = (
    (re.compile(r"batch_\d{19}"), "batch id"),
    (re.compile(r"\d{10}_[0-9a-f]{32}"), "file id"),
    (re.compile(r"20\d{12}[0-9a-f]{16}"), "log id"),
    (re.compile(r"GLM-[0-9A-Z][\w.-]*"), "market name"),
)


def form(value: Any, name: str = "") -> Any:
    """The form of a JSON value: keys in their order, types, and the kinds of ids."""
    if isinstance(value, dict):
        return [(key, form(item, key)) for key, item in value.items()]
    if isinstance(value, list):
        return [form(item) for item in value[:1]]
    if isinstance(value, str):
        return next((kind for pattern, kind in _FORMS if pattern.fullmatch(value)), "text")
    if isinstance(value, int) and name.endswith(("created", "_at")):
        return f"time of {len(str(value))} digits"
    return type(value).__name__


def sample(name: str) -> Any:
    return json.loads((SAMPLES / "loose" / name).read_text("utf-8"))


def chat(ask: Ask, model: str) -> tuple[Any, Any]:
    message = {"role": "user", "content": "Say OK"}
    submitted = ask(
        "/async/chat/completions", {"model": model, "messages": [message], "max_tokens": 8}
    ).json()
    return submitted, ask(f"/async-result/{submitted['id']}").json()


def test_asynchronous_chats_have_the_captured_form(ask: Ask) -> None:
    for model in ("glm-4.5-flash", "glm-4.7-flash"):
        submitted, result = chat(ask, model)
        assert form(submitted) == form(sample("async_submit.json"))
        assert form(result) == form(sample(f"async_result_success_{model}.json"))


def test_files_and_batches_have_the_captured_form(ask: Ask) -> None:
    body = {"model": "glm-4-flash", "messages": [{"role": "user", "content": "hi"}]}
    url = "/v4/chat/completions"
    lines = [
        {"custom_id": f"request-{number}", "method": "POST", "url": url, "body": body}
        for number in range(2)
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    files = {"file": ("probe-batch.jsonl", content)}
    uploaded = ask("/files", method="POST", files=files, data={"purpose": "batch"}).json()
    assert form(uploaded) == form(sample("file_upload_batch.json"))
    creation = {
        "input_file_id": uploaded["id"],
        "endpoint": url,
        "metadata": {"probe": "pi-bigmodel"},
    }
    batch = ask("/batches", creation).json()
    assert form(batch) == form(sample("batch_create.json"))


CASSETTES = (
    *("agents_async_result", "agents_invoke", "audio_speech", "chat_create_async", "embeddings"),
    *("files_parser_sync", "moderations", "rerank_create", "tools_tokenizer", "tools_web_reader"),
    *("tools_web_search", "voice_list"),
)
POOR = 'format: 1\naccounts: [{key: "*", balance: 0}]\ninteractions: []\n'
KEPT = {"accept", "accept-language", "content-type"}


@pytest.fixture(scope="module")
def poor() -> Iterator[Served]:
    """A server like api.z.ai, to accounts without a balance."""
    with serving(POOR, profile="zai") as server:
        yield server


@pytest.mark.parametrize("name", CASSETTES)
def test_request_of_a_cassette_gets_its_answer(name: str, poor: Served) -> None:
    path = SAMPLES / "go-z-ai-cassettes" / f"{name}.yaml"
    recorded = yaml.safe_load(path.read_text("utf-8"))["interactions"][0]
    request, response = recorded["request"], recorded["response"]
    headers = {key: value[0] for key, value in request["headers"].items() if key.lower() in KEPT}
    answer = httpx.request(
        request["method"],
        poor.host + urlsplit(request["url"]).path,
        content=request.get("body", "").encode(),
        headers={**headers, "Authorization": "Bearer poor.key"},
        trust_env=False,
    )
    assert answer.status_code == response["code"]
    assert answer.headers.get("Content-Type") == response["headers"].get("Content-Type", [None])[0]
    given, expected = answer.json(), json.loads(response["body"])
    assert form(given) == form(expected)
    if name != "voice_list":
        assert {**given, "id": ""} == {**expected, "id": ""}
