"""Tests of a client that uses zai-sdk, without an API key or a network."""

import time

import pytest
from zai import ZhipuAiClient
from zai.core import APIStatusError

import mockglm


def ask(text: str) -> str:
    """The client under test. It reads base URL and key from the environment."""
    with ZhipuAiClient(max_retries=2) as client:
        answer = client.chat.completions.create(
            model="glm-4.6", messages=[{"role": "user", "content": text}]
        )
    return str(answer.choices[0].message.content)


@pytest.fixture(autouse=True)
def _environment(glm: mockglm.GLM, monkeypatch: pytest.MonkeyPatch) -> None:
    glm.env()
    monkeypatch.setattr(time, "sleep", glm.clock.sleep)  # retries do not wait


def test_the_weather(glm: mockglm.GLM) -> None:
    glm.when(user="天气").reply("晴")
    assert ask("天气?") == "晴"
    assert glm.requests[0].messages == [{"role": "user", "content": "天气?"}]


def test_a_busy_service_gets_a_second_request(glm: mockglm.GLM) -> None:
    glm.reply(error=1302)
    glm.when(user="天气").reply("晴")
    assert ask("天气?") == "晴"
    assert [call.code or call.finish for call in glm.requests] == ["1302", "stop"]
    glm.assert_resilient()


def test_an_empty_account_and_the_verdict_on_the_sdk(glm: mockglm.GLM) -> None:
    glm.play("no-balance")
    with pytest.raises(APIStatusError, match="1113"):
        ask("天气?")
    assert [finding.name for finding in glm.verdict()] == ["retried-in-vain"]
