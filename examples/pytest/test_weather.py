"""A client of zai-sdk, tested without a key, a quota or a network."""

import time

import pytest
from zai import ZhipuAiClient
from zai.core import APIStatusError

import mockglm


def ask(text: str) -> str:
    """The client under test: finds base URL and key in the environment, as in production."""
    with ZhipuAiClient(max_retries=2) as client:
        answer = client.chat.completions.create(
            model="glm-4.6", messages=[{"role": "user", "content": text}]
        )
    return str(answer.choices[0].message.content)


@pytest.fixture(autouse=True)
def _environment(glm: mockglm.GLM, monkeypatch: pytest.MonkeyPatch) -> None:
    glm.env()
    monkeypatch.setattr(time, "sleep", glm.clock.sleep)  # back-off without waiting


def test_the_weather_is_told(glm: mockglm.GLM) -> None:
    glm.when(user="天气").reply("晴")
    assert ask("天气?") == "晴"
    assert glm.requests[0].messages == [{"role": "user", "content": "天气?"}]


def test_a_busy_service_is_asked_again(glm: mockglm.GLM) -> None:
    glm.reply(error=1302)
    glm.when(user="天气").reply("晴")
    assert ask("天气?") == "晴"
    assert [seen.code or seen.finish for seen in glm.requests] == ["1302", "stop"]
    glm.assert_resilient()


def test_an_empty_account_is_told_and_the_verdict_on_the_sdk(glm: mockglm.GLM) -> None:
    glm.play("no-balance")
    with pytest.raises(APIStatusError, match="1113"):
        ask("天气?")
    assert [finding.name for finding in glm.verdict()] == ["retried-in-vain"]
