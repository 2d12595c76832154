"""Recorded calls: the parts of a request and a response, whatever either of them is."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mockglm import GLM
from mockglm.client_audit import audit_client
from mockglm.exchange import Request, Response
from mockglm.journal import Entry
from mockglm.testing import RecordedCall
from mockglm.testing.report import render_journal
from tests.testing.client import ask, body

TYPES = {True: "text/event-stream", False: "application/json"}


def entry(body: bytes, answer: Response | None = None, ordinal: int = 1) -> Entry:
    request = Request("POST", "/chat/completions", body=body)
    made = Entry(ordinal, "@t", float(ordinal), request, response=answer, source="x.yaml:4")
    return replace(made, outcome="done", total=0.1)


def call(**body: Any) -> RecordedCall:
    return RecordedCall(entry(json.dumps(body).encode()))


def test_call_has_the_parts_of_its_request(glm: GLM) -> None:
    glm.when().reply("晴", reasoning="想")
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {}}}]
    messages = [
        {"role": "system", "content": "简短"},
        {"role": "user", "content": [{"type": "text", "text": "天气"}]},
    ]
    ask(glm, messages=messages, tools=tools, stream=True)
    (one,) = glm.requests
    assert (one.path, one.model, one.stream) == ("/chat/completions", "glm-4.6", True)
    assert (one.user, one.messages, one.tools) == ("天气", messages, ("get_weather",))
    assert one.body == body(messages=messages, tools=tools, stream=True)
    assert (one.headers["authorization"], one.key) == (f"Bearer {glm.api_key}", glm.api_key)


def test_call_has_the_parts_of_its_response(glm: GLM) -> None:
    glm.reply({"content": "晴", "reasoning": "想", "tool_calls": [{"name": "f"}]}, {"error": 1301})
    ask(glm, stream=True)
    ask(glm)
    good, bad = glm.requests
    assert (good.status, good.code, good.finish) == (200, "", "tool_calls")
    assert (good.text, good.reasoning) == ("晴", "想")
    assert good.reply is not None
    assert [call.name for call in good.reply.calls] == ["f"]
    assert (bad.status, bad.code, bad.finish, bad.text) == (400, "1301", "", "")
    assert "敏感内容" in bad.message
    assert (good.source, good.ended) == ("queued", "done")
    assert good.took is not None
    assert good.at <= bad.at


def test_call_of_another_endpoint_has_no_parts_of_a_chat(glm: GLM) -> None:
    httpx.get(f"{glm.base_url}/models", trust_env=False, verify=False)
    httpx.post(glm.chat_url, content=b"{", trust_env=False, verify=False)
    models, broken = glm.requests
    assert (models.path, models.body, models.user, models.model) == ("/models", {}, None, None)
    assert (broken.body, broken.messages, broken.key, broken.code) == ({}, [], "", "1001")


def test_broken_stream_is_read_up_to_the_break(glm: GLM) -> None:
    glm.when().reply("一二三四五六七八")
    glm.fault("garble", at="1 frames")
    glm.fault("garble", at="0 frames")
    glm.fault("garble", "comment", at="0 frames")
    for _ in range(3):
        ask(glm, stream=True)
    partly, *not_at_all = glm.requests
    assert partly.text == "一二三四"
    assert [(one.text, one.reply) for one in not_at_all] == [("", None)] * 2
    assert repr(partly) == "<POST /chat/completions '你好' → 200 >"


def test_response_that_is_no_completion_has_no_text(glm: GLM) -> None:
    glm.response(status=502, body="<html>")
    glm.response(events="0.0 {}\n0.1 5")
    ask(glm)
    ask(glm, stream=True)
    page, odd = glm.requests
    assert (page.status, page.reply, page.text, page.code, page.finish) == (502, None, "", "", "")
    assert (odd.status, odd.text) == (200, "")


@pytest.mark.parametrize(
    "messages",
    [
        ["hi"],
        [{"role": "user", "content": "甲"}, None],
        [{"role": "user", "content": [{"type": "text", "text": 5}, "x", {"text": "乙"}]}],
        [{"role": "user", "content": {"text": "丙"}}],
        {"role": "user"},
        "hi",
        None,
    ],
)
def test_messages_of_another_shape_have_no_text(messages: Any) -> None:
    one = call(messages=messages)
    assert one.user is None
    assert all(isinstance(message, dict) for message in one.messages)
    assert one.body == {"messages": messages}


def test_message_that_is_not_valid_does_not_hide_the_model() -> None:
    one = call(model="glm-4.6", messages=["hi"], tools=["x"], temperature="hot")
    assert (one.model, one.user, one.messages, one.tools) == ("glm-4.6", None, [], ())


@pytest.mark.parametrize(
    "tools", ["x", ["x"], [{"function": "x"}], [{"function": {"name": 5}}], {"function": {}}, 5]
)
def test_tools_of_another_shape_have_no_names(tools: Any) -> None:
    assert call(tools=tools).tools == ()


def test_model_that_is_no_text_is_none() -> None:
    assert call(model=["glm-4.6"]).model is None


def test_error_message_that_is_no_text_is_shown_as_one() -> None:
    body = b'{"error": {"code": 1308, "message": {"a": 1}}}'
    answer = Response(429, (("Content-Type", TYPES[False]),), ((0.0, body),))
    entries = [entry(b"{}", answer, ordinal) for ordinal in (1, 2)]
    one = RecordedCall(entries[0])
    assert (one.code, one.message) == ("1308", "{'a': 1}")
    assert [finding.name for finding in audit_client(entries)] == ["retried-in-vain"]


def objects(names: str) -> st.SearchStrategy[Any]:
    """Any JSON whose objects have these names, with some texts that have a meaning."""
    plain = st.none() | st.booleans() | st.integers() | st.sampled_from(["user", "1308", "x", ""])
    keys = st.sampled_from(names.split())
    return st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )


REQUESTS = objects("model messages tools stream role content type text name function")
RESPONSES = objects(
    "error code message choices delta content reasoning_content tool_calls function name arguments "
    "index finish_reason usage id created model web_search content_filter"
)


@given(REQUESTS, RESPONSES, st.booleans(), st.sampled_from([200, 429]))
@settings(max_examples=150)
def test_any_exchange_can_be_listed_and_audited(
    sent: Any, received: Any, is_stream: bool, status: int
) -> None:
    text = json.dumps(received)
    body = f"data: {text}\n\n" * 2 if is_stream else text
    headers = (("Content-Type", TYPES[is_stream]),)
    answer = Response(status, headers, ((0.0, body.encode()),))
    entries = [entry(json.dumps(sent).encode(), answer, ordinal) for ordinal in (1, 2, 3)]
    one = RecordedCall(entries[0])
    texts = (one.code, one.message, one.finish, one.text, one.reasoning, *one.tools)
    assert all(isinstance(text, str) for text in texts)
    assert all(isinstance(text, str | None) for text in (one.model, one.user))
    assert one.messages is not None
    assert "#3" in render_journal(map(RecordedCall, entries))
    audit_client(entries, unfinished=[3])
