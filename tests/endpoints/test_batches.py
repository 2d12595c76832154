"""Files, and batches that are run, through the SDKs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from tests.endpoints.conftest import Ask
from tests.serving import KEY, serving

HEADERS = {"Authorization": f"Bearer {KEY}"}
OTHER = {"Authorization": "Bearer another.key"}
URL = "/v4/chat/completions"
KEYS = (
    "id object endpoint input_file_id completion_window status output_file_id error_file_id"
    " created_at in_progress_at expires_at finalizing_at completed_at failed_at expired_at"
    " cancelling_at cancelled_at request_counts metadata"
)


def line(number: int, text: str = "hello", model: str = "glm-4-flash") -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": f"{text} {number}"}]}
    return {"custom_id": f"request-{number}", "method": "POST", "url": URL, "body": body}


def jsonl(lines: Sequence[Any]) -> bytes:
    return "\n".join(json.dumps(one) for one in lines).encode()


def upload(ask: Ask, content: bytes, purpose: str = "batch", **options: Any) -> httpx.Response:
    files = {"file": ("lines.jsonl", content)}
    return ask("/files", method="POST", files=files, data={"purpose": purpose}, **options)


def test_batch_of_200_lines_runs_to_its_output_file(old_sdk: Any) -> None:
    content = jsonl([line(number) for number in range(200)])
    file = old_sdk.files.create(file=("lines.jsonl", content), purpose="batch")
    batch = old_sdk.batches.create(
        input_file_id=file.id, endpoint=URL, completion_window="24h", metadata={"a": "b"}
    )
    assert (batch.status, batch.request_counts.total) == ("validating", 200)
    batch = old_sdk.batches.retrieve(batch.id)
    assert (batch.status, batch.request_counts.completed) == ("completed", 200)
    output = old_sdk.files.content(batch.output_file_id).content.splitlines()
    results = [json.loads(one) for one in output]
    assert [one["custom_id"] for one in results] == [f"request-{n}" for n in range(200)]
    assert {one["response"]["status_code"] for one in results} == {200}
    assert all(one["response"]["body"]["choices"][0]["message"]["content"] for one in results)
    assert {one["id"] for one in results} == {batch.id}
    assert [one.id for one in old_sdk.batches.list(limit=10).data] == [batch.id]


def test_zai_sdk_runs_a_batch(sdk: Any) -> None:
    file = sdk.files.create(file=("lines.jsonl", jsonl([line(1)])), purpose="batch")
    batch = sdk.batches.create(
        input_file_id=file.id, endpoint=URL, completion_window="24h", auto_delete_input_file=False
    )
    batch = sdk.batches.retrieve(batch.id)
    assert b"request-1" in sdk.files.content(batch.output_file_id).content
    assert [one.id for one in sdk.files.list(purpose="batch").data] == [file.id]
    assert sdk.files.delete(file.id).deleted is True
    assert sdk.files.list(purpose="batch").data == []


def test_answers_have_the_form_of_the_service(ask: Ask) -> None:
    file = upload(ask, jsonl([line(1), line(2)])).json()
    assert list(file) == ["id", "object", "bytes", "filename", "purpose", "created_at"]
    second, _, digits = file["id"].partition("_")
    assert (second, len(digits)) == (str(file["created_at"]), 32)
    body = {"input_file_id": file["id"], "endpoint": URL, "metadata": {"probe": "x"}}
    batch = ask("/batches", body).json()
    assert list(batch) == KEYS.split()
    assert batch["request_counts"] == {"total": 2, "completed": None, "failed": None}
    assert len(batch["id"]) == len("batch_2108605584417751040")
    assert len(str(batch["created_at"])) == 13
    assert {key for key in batch if batch[key] is None} == {
        *("completion_window", "output_file_id", "error_file_id", "in_progress_at", "expires_at"),
        *("finalizing_at", "completed_at", "failed_at", "expired_at", "cancelling_at"),
        "cancelled_at",
    }


SCENARIO = """
format: 1
interactions:
  - when: {user: good}
    reply: {content: fine, pace: {first: 20}}
  - when: {user: bad}
    reply: {error: "1301"}
"""


@pytest.mark.usefixtures("stopped_clock")
def test_statuses_follow_the_clock_and_failed_lines_have_a_file_of_their_own() -> None:
    lines = jsonl([line(1, "good"), line(2, "bad"), line(3, "good")])
    with (
        serving(SCENARIO, speed=1) as server,
        httpx.Client(base_url=server.url + "/", headers=HEADERS, trust_env=False) as client,
    ):
        files = {"file": ("lines.jsonl", lines)}
        file = client.post("files", files=files, data={"purpose": "batch"}).json()
        body = {"input_file_id": file["id"], "endpoint": URL}
        id = client.post("batches", json=body).json()["id"]

        def look() -> dict[str, Any]:
            return dict(client.get(f"batches/{id}").json())

        advance = server.session().clock.advance
        assert look()["status"] == "validating"
        advance(1.5)
        assert look()["status"] == "in_progress"
        advance(2)
        assert look()["status"] == "finalizing"
        advance(2)
        batch = look()
        assert batch["status"] == "completed"
        assert batch["request_counts"] == {"total": 3, "completed": 2, "failed": 1}
        stamps = ("created_at", "in_progress_at", "finalizing_at", "completed_at")
        assert sorted(stamps, key=lambda name: int(batch[name])) == list(stamps)
        errors = client.get(f"files/{batch['error_file_id']}/content").text
        assert json.loads(errors)["response"]["body"]["error"]["code"] == "1301"
        assert client.get("files", params={"purpose": "batch"}).json()["data"] == []


@pytest.mark.usefixtures("stopped_clock")
def test_batch_is_cancelled() -> None:
    with (
        serving(SCENARIO, speed=1) as server,
        httpx.Client(base_url=server.url + "/", headers=HEADERS, trust_env=False) as client,
    ):
        files = {"file": ("lines.jsonl", jsonl([line(1, "good")]))}
        file = client.post("files", files=files, data={"purpose": "batch"}).json()
        body = {"input_file_id": file["id"], "endpoint": URL}
        id = client.post("batches", json=body).json()["id"]
        assert client.post(f"batches/{id}/cancel").json()["status"] == "cancelling"
        server.session().clock.advance(2)
        batch = client.get(f"batches/{id}").json()
        assert (batch["status"], batch["output_file_id"]) == ("cancelled", None)
        assert client.post(f"batches/{id}/cancel").json()["error"]["code"] == "1214"


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        ([{**line(1), "custom_id": "a"}], "custom_id"),
        ([line(1), line(1)], "custom_id"),
        ([line(1, model="glm-4-flash-250414")], "模型名称错误: glm-4-flash-250414, 目前支持的模型"),
        (["text"], "第1行"),
        ([{**line(1), "body": 1}], "第1行"),
    ],
)
def test_wrong_lines_are_refused_at_the_upload(ask: Ask, lines: list[Any], part: str) -> None:
    answer = upload(ask, jsonl(lines))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "1210")
    assert error["message"].startswith(f"[logID={answer.headers['X-Log-Id']}] ")
    assert part in error["message"]


def test_files_belong_to_their_key(ask: Ask) -> None:
    id = upload(ask, b"text", "agent").json()["id"]
    assert ask(f"/files/{id}/content").content == b"text"
    for method, path in (("GET", f"/files/{id}/content"), ("DELETE", f"/files/{id}")):
        answer = ask(path, method=method, headers=OTHER)
        assert answer.json()["error"]["code"] == "1214"
    listed = ask("/files", method="GET", params={"purpose": "agent"}, headers=OTHER)
    assert listed.json() == {"object": "list", "data": [], "has_more": False}


def test_list_has_pages(ask: Ask) -> None:
    ids = [upload(ask, b"text", "agent").json()["id"] for _ in range(3)][::-1]
    params = {"purpose": "agent", "limit": "2"}
    page = ask("/files", method="GET", params=params).json()
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (ids[:2], True)
    rest = ask("/files", method="GET", params={**params, "after": ids[1]}).json()
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (ids[2:], False)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"endpoint": URL}, "1213"),
        ({"input_file_id": "a"}, "1213"),
        ({"input_file_id": "a", "endpoint": URL}, "1214"),
        ({"input_file_id": "a", "endpoint": "/v4/embeddings"}, "1214"),
    ],
)
def test_wrong_batch_is_refused(ask: Ask, body: dict[str, Any], code: str) -> None:
    answer = ask("/batches", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"{}", "application/json"),
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=file", "multipart/form-data; boundary=x"),
        (b"text", "multipart/form-data"),
        (
            b"--x\r\n" + b"A" * 5000 + b": b\r\n\r\na\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
        (b"--x\r\n\r\na\r\n" * 300 + b"--x--\r\n", "multipart/form-data; boundary=x"),
    ],
)
def test_body_that_is_no_form_is_refused(ask: Ask, content: bytes, content_type: str) -> None:
    answer = ask("/files", method="POST", content=content, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1210")


def test_form_without_a_file_or_a_purpose_is_refused(ask: Ask) -> None:
    assert upload(ask, b"a", "").json()["error"]["code"] == "1213"
    assert upload(ask, b"a", "art").json()["error"]["code"] == "1214"
    answer = ask("/files", method="POST", files={"other": b"a"}, data={"purpose": "agent"})
    assert answer.json()["error"]["code"] == "1213"


def test_pattern_sees_the_fields_of_a_form() -> None:
    scenario = """
format: 1
interactions:
  - when: {path: /files, body: {purpose: agent}}
    reply: {error: "1220", api: files}
""".replace('{error: "1220", api: files}', '{error: {code: "1220", api: files}}')
    with serving(scenario) as server:
        for purpose, status in (("agent", 403), ("retrieval", 200)):
            answer = httpx.post(
                f"{server.url}/files",
                files={"file": b"a"},
                data={"purpose": purpose},
                headers=HEADERS,
                trust_env=False,
            )
            assert answer.status_code == status
