"""The environment variables of SDKs, set and restored; proxies of the environment bypassed."""

from __future__ import annotations

import os
from typing import Any

import httpx
import pytest

from mockglm import GLM
from mockglm.testing import TestServer, open_handle
from mockglm.testing.environment import (
    API_KEY_VARIABLES,
    BASE_URL_VARIABLES,
    CHAT_URL_VARIABLES,
)
from tests.testing.client import body, content


def test_env_sets_the_variables_of_sdks_until_the_handle_closes(
    glm_server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.delenv("no_proxy", raising=False)
    before = dict(os.environ)
    with open_handle(glm_server, "env") as glm:
        variables = glm.env()
        assert {os.environ[name] for name in BASE_URL_VARIABLES} == {glm.base_url}
        assert {os.environ[name] for name in API_KEY_VARIABLES} == {glm.api_key}
        assert {os.environ[name] for name in CHAT_URL_VARIABLES} == {glm.chat_url}
        assert os.environ["NO_PROXY"] == "example.org,127.0.0.1"
        assert os.environ["no_proxy"] == "127.0.0.1"
        assert variables.items() <= os.environ.items()
    assert dict(os.environ) == before


def test_openai_and_zai_sdk_work_with_the_environment_alone(glm: GLM) -> None:
    from openai import OpenAI
    from zai import ZhipuAiClient

    glm.when(user="天气").reply("晴")
    glm.env()
    clients: tuple[Any, ...] = (OpenAI(), ZhipuAiClient())
    for client in clients:
        with client:
            completion = client.chat.completions.create(**body("天气?"))
            assert completion.choices[0].message.content == "晴"


@pytest.mark.parametrize(("name", "before"), [("NO_PROXY", "example.org"), ("no_proxy", None)])
def test_proxy_of_the_environment_is_bypassed(
    glm_server: TestServer, monkeypatch: pytest.MonkeyPatch, name: str, before: str | None
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    if before:
        monkeypatch.setenv(name, before)
    with open_handle(glm_server, "proxied") as glm:
        glm.when().reply("好")
        headers = {"Authorization": f"Bearer {glm.api_key}"}
        response = httpx.post(glm.chat_url, json=body(), headers=headers, verify=False)
        assert content(response) == "好"
        assert "127.0.0.1" in os.environ[name]
    assert os.environ.get(name) == before


def test_environment_without_a_proxy_is_left_alone(
    glm_server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(variable)
    before = dict(os.environ)
    with open_handle(glm_server, "plain"):
        assert dict(os.environ) == before
