"""The fixture on the Anthropic surface: one rule, queue and journal for both protocols."""

from __future__ import annotations

import os
from typing import Any

import httpx
import pytest

from mockglm import GLM
from mockglm.errors import FileError
from mockglm.testing import serve
from mockglm.testing.environment import (
    ANTHROPIC_URL_VARIABLES,
    API_KEY_VARIABLES,
)
from tests.testing.client import ask as ask_chat

TOOL = {"name": "get_weather", "input_schema": {"type": "object"}}


def ask(glm: GLM, content: Any = "你好", **fields: Any) -> httpx.Response:
    """Send one message, without retries, and read the whole response."""
    asked = {
        "model": "glm-4.6",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": content}],
        **fields,
    }
    url, headers = f"{glm.anthropic_url}/v1/messages", {"x-api-key": glm.api_key}
    with httpx.Client(trust_env=False, timeout=60) as client:
        return client.post(url, json=asked, headers=headers)


def text(response: httpx.Response) -> str:
    return str(response.json()["content"][-1]["text"])


def test_a_rule_answers_on_both_surfaces(glm: GLM) -> None:
    glm.when(user="天气").reply("晴")
    assert text(ask(glm, "天气?")) == "晴"
    assert ask_chat(glm, "天气?").json()["choices"][0]["message"]["content"] == "晴"
    assert [call.surface for call in glm.requests] == ["anthropic", "chat"]


def test_a_rule_can_be_bound_to_a_surface(glm: GLM) -> None:
    glm.when(surface="anthropic").reply("message")
    glm.when(surface="chat").reply("completion")
    assert text(ask(glm)) == "message"
    assert ask_chat(glm).json()["choices"][0]["message"]["content"] == "completion"


def test_an_unknown_surface_is_refused_at_its_line(glm: GLM) -> None:
    with pytest.raises(FileError, match="surface"):
        glm.when(surface="responses")


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_shows_the_reply_on_both_surfaces(stream: bool, glm: GLM) -> None:
    call = {"name": "get_weather", "arguments": {"city": "Paris"}}
    usage = {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35}
    glm.reply("hm", reasoning="think", tool_calls=[call], usage=usage)
    glm.reply("hm", reasoning="think", tool_calls=[call], usage=usage)
    ask(glm, [{"type": "text", "text": "天气"}], tools=[TOOL], system="s", stream=stream)
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {}}}]
    ask_chat(glm, "天气", tools=tools, stream=stream)
    for one in glm.requests:
        assert (one.model, one.user, one.tools) == ("glm-4.6", "天气", ("get_weather",))
        assert (one.text, one.reasoning, one.finish) == ("hm", "think", "tool_calls")
        assert [(made.name, made.arguments) for made in one.tool_calls] == [
            ("get_weather", '{"city":"Paris"}')
        ]
        counts = {name: one.usage[name] for name in usage}
        assert counts == usage
        assert (one.key, one.stream) == (glm.api_key, stream)


def test_a_call_shows_the_code_of_an_error(glm: GLM) -> None:
    glm.reply(error=1305)
    response = ask(glm)
    (call,) = glm.requests
    assert (response.status_code, call.status, call.code) == (529, 529, "1305")
    assert call.message == "该模型当前访问量过大，请您稍后再试"
    assert (call.usage, call.tool_calls) == ({}, ())


def test_a_call_of_a_broken_stream_shows_the_sent_part(glm: GLM) -> None:
    glm.when().reply("一二三四五六七八九")
    glm.fault("garble", at="4 frames")
    ask(glm, stream=True)
    assert glm.requests[0].text == "一二三四"


def test_the_environment_leads_anthropic_clients_here(glm: GLM) -> None:
    variables = glm.env()
    assert {os.environ[name] for name in ANTHROPIC_URL_VARIABLES} == {glm.anthropic_url}
    assert {variables[name] for name in API_KEY_VARIABLES} == {glm.api_key}
    assert {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"} <= set(variables)


def test_a_key_in_x_api_key_is_not_in_the_journal(glm: GLM) -> None:
    glm.when().reply("x")
    secret = "fedcba9876543210fedcba9876543210.TopSecret1234567"
    url = f"{glm.anthropic_url}/v1/messages"
    asked = {"model": "glm-4.6", "max_tokens": 5, "messages": [{"role": "user", "content": secret}]}
    httpx.post(url, json=asked, headers={"x-api-key": secret}, trust_env=False)
    session = glm.base_url.split("/s/")[1].split("/")[0]
    control = f"{glm.base_url.split('/s/')[0]}/__mockglm__/journal/1"
    entry = httpx.get(control, params={"session": session}, trust_env=False)
    assert entry.json()["surface"] == "anthropic"
    assert "TopSecret" not in entry.text


def test_nothing_matches_is_reported_with_the_nearest_rule() -> None:
    handle = serve()
    glm = handle.__enter__()
    glm.when(user="天气").reply("晴")
    response = ask(glm, "股票?")
    assert response.status_code == 422
    assert "test_anthropic.py" in response.json()["error"]["message"]
    with pytest.raises(AssertionError, match="expected a text with"):
        handle.__exit__(None, None, None)
