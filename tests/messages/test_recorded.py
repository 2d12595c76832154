"""Public captures of the Anthropic surface, rendered again: keys, order, ids, events, headers.

They are read where GLM_SAMPLES says, in its folder `anthropic`; the requests of clients where
GLM_CLIENTS says, and in the folder `agents` beside it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockglm import sse
from mockglm.error_codes import CODES
from mockglm.exchange import Response
from mockglm.messages import parse_message
from tests.serving import KEY, serving

SAMPLES = Path(os.environ.get("GLM_SAMPLES", "")) / "anthropic"
CLIENTS = Path(os.environ.get("GLM_CLIENTS", ""))
LOG = re.compile(r"20\d{12}[0-9a-f]{16}")
CALL = re.compile(r"call_[0-9a-f]{24}")
SIGNATURE = re.compile(r'("signature": ?)"[0-9a-f]{24}"')

recorded = pytest.mark.skipif("GLM_SAMPLES" not in os.environ, reason="GLM_SAMPLES is not set")
captured = pytest.mark.skipif("GLM_CLIENTS" not in os.environ, reason="GLM_CLIENTS is not set")


def sample(name: str) -> str:
    return (SAMPLES / name).read_text("utf-8").strip()


def lines(name: str) -> list[Any]:
    return [json.loads(line) for line in sample(name).splitlines()]


def same(text: str) -> str:
    """A text without what differs between any two responses."""
    text = CALL.sub("CALL", LOG.sub("LOG", text))
    return SIGNATURE.sub(r'\1"SIGNATURE"', text)


@contextmanager
def answering(reply: Mapping[str, Any], **options: Any) -> Iterator[httpx.Client]:
    """A client of a server that answers every request with one reply."""
    script = {"format": 1, "interactions": [{"reply": reply}]}
    with (
        serving(json.dumps(script), **options) as served,
        httpx.Client(
            base_url=f"{served.host}/api/anthropic/v1",
            headers={"x-api-key": KEY},
            trust_env=False,
            timeout=30,
        ) as client,
    ):
        yield client


def ask(reply: Mapping[str, Any], *, model: str = "glm-4.7", **fields: Any) -> httpx.Response:
    asked = {"max_tokens": 50, "messages": [{"role": "user", "content": "hi"}], **fields}
    with answering(reply) as client:
        return client.post("/messages", json={"model": model, **asked})


def usage(prompt: int, completion: int, cached: int = 0) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt + cached,
        "completion_tokens": completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def payloads(response: httpx.Response) -> list[str]:
    events, defects = sse.read(response.content)
    assert defects == ()
    return [event.data for event in events]


@recorded
def test_a_text_is_the_captured_one_byte_for_byte() -> None:
    response = ask({"content": "42", "usage": usage(23, 2)}, model="glm-5.2")
    assert same(response.text) == same(sample("text_nonstream_glm-5.2_2026-08-06.json"))


@recorded
def test_a_call_is_the_captured_one_byte_for_byte() -> None:
    call = {"name": "get_weather", "arguments": {"city": "San Francisco"}}
    response = ask({"tool_calls": [call], "usage": usage(786, 12)})
    expected = json.loads(sample("tool_use_nonstream_glm-4.7_2026-01-07.json"))
    assert same(response.text) == same(json.dumps(expected, separators=(",", ":")))


@recorded
def test_the_stream_is_the_captured_one_event_for_event() -> None:
    expected = sample("text_stream_glm-4-air_2026-01-03.payloads.jsonl").splitlines()
    deltas = [json.loads(line).get("delta", {}) for line in expected]
    pieces = [delta["text"] for delta in deltas if "text" in delta]
    response = ask({"chunks": pieces, "usage": usage(532, 20)}, model="glm-4-air", stream=True)
    assert [same(data) for data in payloads(response)] == [same(line) for line in expected]


@recorded
def test_a_claude_name_is_answered_by_the_captured_models() -> None:
    name = "text_nonstream_glm-4.6_asked-claude-3-5-sonnet_2025-10-13.json"
    expected = json.loads(sample(name))
    text = expected["content"][0]["text"]
    body = ask({"content": text, "usage": usage(9, 14)}, model="claude-3-5-sonnet-20240620").json()
    # The form of 2025: no prefix of the id, no further keys of usage.
    assert body.pop("id").removeprefix("msg_") != expected.pop("id")
    assert list(body) == list(expected)
    used, found = expected.pop("usage"), body.pop("usage")
    assert {key: found[key] for key in used} == used
    assert body == expected
    start, thought = lines("message_start_glm-4.7_2026-08-18.ID-CUT.jsonl")
    stream = payloads(
        ask(
            {"reasoning": "The", "chunks": {"reasoning": 3}},
            model="claude-haiku-4-5-20251001",
            stream=True,
        )
    )
    begun = json.loads(stream[0])
    assert begun["message"].pop("id").startswith(start["message"].pop("id")[:6])
    assert json.dumps(begun) == json.dumps(start)
    assert json.dumps(thought, separators=(",", ":")) in stream


@recorded
def test_a_thought_and_a_call_have_the_captured_blocks() -> None:
    thought, call = lines("claude_code_messages_glm-4.7_2026-02-04.EXCERPT.jsonl")
    reply = {
        "reasoning": thought["content"][0]["thinking"],
        "tool_calls": [
            {"name": call["content"][0]["name"], "arguments": call["content"][0]["input"]}
        ],
        "usage": usage(16216, 41, 384),
    }
    body = ask(reply).json()
    expected = [*thought["content"], *call["content"]]
    assert same(json.dumps(body["content"])) == same(json.dumps(expected))
    found = body["usage"]
    assert {key: found[key] for key in call["usage"]} == call["usage"]
    assert (body["stop_reason"], list(body)) == (call["stop_reason"], list(call))


@recorded
def test_a_thought_that_used_up_the_limit_begins_as_the_captured_one() -> None:
    expected = sample("max_tokens_thinking_glm-5.3_2026-08-17.TRUNCATED.json.txt").rstrip("…,")
    begun = json.loads(expected.rpartition(',"usage"')[0] + "}")
    reply = {
        "reasoning": begun["content"][0]["thinking"],
        "content": "",
        "finish_reason": "length",
        "usage": usage(13, 128),
    }
    assert same(ask(reply, model="glm-5.3").text).startswith(same(expected))


@recorded
def test_a_prompt_out_of_context_is_the_captured_answer() -> None:
    expected = sample("context_overflow_glm-5.2_2026-07-23.ID-ELIDED.json")
    long = [{"role": "user", "content": "word " * 1_000_000}]
    response = ask({"content": "never"}, model="glm-5.2", messages=long)
    assert same(response.text) == expected.replace("…", "LOG")


@recorded
def test_a_search_of_the_service_has_the_captured_blocks() -> None:
    name = "web_search_prime_stream_bigmodel_2026-10-01.SHORTENED.payloads.jsonl"
    starts = [event["content_block"] for event in lines(name) if "content_block" in event]
    shapes = {block["type"]: list(block) for block in starts}
    result = json.loads(
        next(block["content"] for block in starts if block["type"] == "tool_result")
    )
    reply = {"web_search": result[0], "reasoning": "th", "content": "今日中间价 6.7351。"}
    found = [json.loads(data) for data in payloads(ask(reply, stream=True))]
    blocks = [event["content_block"] for event in found if "content_block" in event]
    assert [block["type"] for block in blocks] == [
        "server_tool_use",
        "tool_result",
        "thinking",
        "text",
    ]
    assert {block["type"]: list(block) for block in blocks} == shapes
    assert json.loads(blocks[1]["content"]) == result
    assert blocks[0]["name"] == "web_search_prime"


@recorded
def test_the_list_of_models_has_the_captured_keys_and_dates() -> None:
    expected = json.loads(sample("models_list_zai_2026-08.COMPOSED.json"))
    with answering({"content": ""}) as client:
        page = client.get("/models").json()
    assert list(page) == list(expected)
    found = {model["id"]: model for model in page["data"]}
    for model in expected["data"]:
        assert list(found[model["id"]]) == list(model)
        for key, value in model.items():
            assert value.startswith("(") or found[model["id"]][key] == value
    assert (page["firstId"], page["hasMore"]) == (expected["firstId"], expected["hasMore"])


@recorded
def test_headers_are_the_captured_ones() -> None:
    response = ask({"content": "42"})
    left_out = {"set-cookie", "content-encoding"}
    for headers in lines("text_nonstream_glm-5.2_2026-08-06.headers.jsonl"):
        for name, value in headers.items():
            if name in left_out:
                continue
            found = response.headers[name]
            is_varying = name in ("date", "x-log-id", "x-process-time")
            assert found == value or (is_varying and _form(found) == _form(value)), name


def _form(value: str) -> str:
    """The form of a header's value: dates, log ids and seconds alike."""
    if LOG.fullmatch(value):
        return "log id"
    return re.sub(r"[A-Z][a-z]{2}", "Abc", re.sub(r"\d+", "1", value))


def _errors(where: str) -> list[Any]:
    """The captured errors that came as a response, or within a stream."""
    found = lines("errors.jsonl") if "GLM_SAMPLES" in os.environ else []
    return [error for error in found if error["where"].startswith(where)]


@recorded
@pytest.mark.parametrize("error", _errors("stream"), ids=lambda error: error["date"])
def test_an_error_in_a_stream_is_the_captured_event(error: Any) -> None:
    message = error.get("message") or json.loads(error["body"])["error"]["message"]
    code = message[1:].partition("]")[0]
    fault = {"do": "error", "at": "6 frames", "code": code}
    if code == "500":
        fault["message"] = "Operation failed"
    response = ask({"content": "one two three", "fault": fault}, stream=True)
    *_, last = sse.read(response.content)[0]
    assert (response.status_code, last.event) == (200, "error")
    found = json.loads(last.data)
    assert same(found["error"]["message"]) == same(message)
    if "body" in error:
        # The source shows the event without its request_id, too.
        expected = json.loads(error["body"])
        assert list(found) == [*expected, "request_id"]
        assert same(json.dumps(found["error"])) == same(json.dumps(expected["error"]))


@recorded
@pytest.mark.parametrize("error", _errors("response"), ids=lambda error: error["date"])
def test_an_error_is_the_captured_one(error: Any) -> None:
    status, host = error["http_status"], error["host"]
    options = {"profile": "zai" if "z.ai" in host else "bigmodel"}
    if "body" not in error:
        code, text = re.fullmatch(r"\[(\d+)\]\[(.*)\]\[[^]]*\]", error["message"]).groups()  # type: ignore[union-attr]
        expected = None
    else:
        expected = json.loads(error["body"])
        if "detail" in expected:
            with answering({"content": ""}) as client:
                asked = {"model": "glm-4.7", "max_tokens": 1, "messages": [], "tools": [{}]}
                response = client.post("/messages", json=asked)
            assert (response.status_code, response.json()) == (status, expected)
            return
        inner = expected["error"]
        code = inner.get("code", inner["type"])
        text = inner["message"].split("][")[1] if "code" in inner else inner["message"]
    reply = {"error": {"code": code, "message": text.rstrip("]")}}
    with answering(reply, **options) as client:
        asked = {"model": "glm-4.7", "max_tokens": 1, "messages": [{"role": "user", "content": ""}]}
        response = client.post("/messages", json=asked)
    assert response.status_code == status
    body = response.json()
    if expected is None or "…" in error["body"] or error["mark"] == "shortened":
        assert body["error"]["code"] == code
        assert body["error"]["message"].startswith(f"[{code}][{text.rstrip(']')}][")
    else:
        assert same(response.text) == same(error["body"])
    assert code in CODES


def _requests() -> list[Any]:
    if "GLM_CLIENTS" not in os.environ:
        return []
    found = []
    for path in sorted(CLIENTS.glob("*.json")):
        for one in json.loads(path.read_text("utf-8"))["requests"]:
            if one["target"].startswith("/api/anthropic"):
                found.append((path.stem, one["target"], one["headers"], one["body"]))
    for path in sorted((CLIENTS.parent / "agents").glob("claude-code-*/*.json")):
        one = json.loads(path.read_text("utf-8"))
        found.append((f"{path.parent.name} {path.stem}", one["path"], one["headers"], one["body"]))
    return found


@captured
@pytest.mark.parametrize("request_", _requests(), ids=lambda one: one[0])
def test_the_requests_of_clients_are_answered(request_: Any) -> None:
    _, target, headers, body = request_
    names = ("anthropic-beta", "anthropic-version", "accept", "content-type")
    given = {name: value for name, value in headers if name.lower() in names}
    with serving() as served:
        method = "POST" if body else "HEAD"
        response = httpx.request(
            method,
            served.host + target,
            json=body or None,
            headers={**given, "Authorization": f"Bearer {KEY}"},
            trust_env=False,
            timeout=30,
        )
    assert response.status_code == 200, response.text
    if "count_tokens" in target or not body:
        return
    told = Response(200, tuple(response.headers.items()), ((0.0, response.content),))
    assert told.is_stream == bool(body.get("stream"))
    reply = parse_message(told).reply
    assert reply.content or reply.calls
