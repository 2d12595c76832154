"""The environment variables that SDKs read their base URL and API key from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mockglm.surfaces import CHAT

BASE_URL_VARIABLES = (
    "ZAI_BASE_URL",  # zai-sdk
    "ZHIPUAI_BASE_URL",  # zhipuai, zhipuai-sdk-nodejs-v4
    "OPENAI_BASE_URL",  # openai (Python, Node), langchain-openai, openai-agents, Qwen Code
    "ZAI_API_BASE",  # LiteLLM, zai/…
    "OPENAI_API_BASE",  # LiteLLM, openai/…; langchain-openai
)
"""Variables with the base URL, to which the client adds /chat/completions."""

ANTHROPIC_URL_VARIABLES = (
    "ANTHROPIC_BASE_URL",  # anthropic (Python, Node), Claude Code
    "ANTHROPIC_API_BASE",  # LiteLLM, anthropic/…
    "ANTHROPIC_API_URL",  # langchain-anthropic
)
"""Variables with the base URL of the Anthropic surface, to which the client adds /v1/messages."""

CHAT_URL_VARIABLES = ("ZHIPUAI_API_BASE",)  # langchain-community's ChatZhipuAI
"""Variables with the full URL of chat completions."""

API_KEY_VARIABLES = (
    "ZAI_API_KEY",  # zai-sdk, LiteLLM, pydantic-ai's ZaiProvider
    "ZHIPUAI_API_KEY",  # zhipuai, langchain-community
    "ZHIPU_API_KEY",  # zhipu-ai-provider
    "GLM_API_KEY",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",  # anthropic (Python, Node)
    "ANTHROPIC_AUTH_TOKEN",  # Claude Code
)

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
"""Variables with a proxy; clients also read them in lower case."""

NO_PROXY_VARIABLES = ("NO_PROXY", "no_proxy")
"""Variables that exempt hosts from a proxy, which could not reach this machine's loopback."""


def client_variables(base: str, anthropic: str, key: str) -> dict[str, str]:
    """The variables for a client with these base URLs and this key, given the current
    environment."""
    return {
        **dict.fromkeys(BASE_URL_VARIABLES, base),
        **dict.fromkeys(ANTHROPIC_URL_VARIABLES, anthropic),
        **dict.fromkeys(CHAT_URL_VARIABLES, base + CHAT.path),
        **dict.fromkeys(API_KEY_VARIABLES, key),
        **_without_proxy(),
    }


@contextmanager
def set_variables(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables until the block ends."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def bypass_proxy() -> Iterator[None]:
    """Exempt this machine from the environment's proxy, if there is one, until the block ends."""
    has_proxy = any(name.lower().endswith("_proxy") for name in os.environ)
    with set_variables(_without_proxy() if has_proxy else {}):
        yield


def _without_proxy() -> dict[str, str]:
    hosts = {name: os.environ.get(name, "").split(",") for name in NO_PROXY_VARIABLES}
    return {name: ",".join(_with_loopback(listed)) for name, listed in hosts.items()}


def _with_loopback(hosts: list[str]) -> list[str]:
    return hosts if "127.0.0.1" in hosts else [*filter(None, hosts), "127.0.0.1"]
