"""The packages people talk to GLM with, each behind the same two words: open and ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import openai
import zai
import zhipuai

from tests.clients.said import Said, joined, whole
from tests.serving import KEY

__all__ = ["ADAPTERS", "BY_JWT", "ENGLISH", "WEATHER", "Adapter", "User"]

ASK = {"model": "glm-4.6"}
KNOWN = ("messages", "model", "tools", "response_format", "max_tokens")
"""What every package's `create` names; the rest goes by its `extra_body`."""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "查询天气",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


@dataclass(frozen=True, slots=True)
class Adapter:
    """A package: how a client is made, how it is asked, which exception each status raises.

    `make` takes `base_url`, `api_key` and `max_retries`.
    """

    name: str
    make: Callable[..., Any]
    create: Callable[[Any, Mapping[str, Any], bool], Said]
    errors: Mapping[int, type[Exception]]
    broken: type[Exception]
    """What an error inside a stream raises."""

    def user(self, base: str, *, key: str = KEY, retries: int = 0) -> User:
        """Somebody who uses the package against a base URL."""
        return User(self, partial(self.make, base_url=base, api_key=key, max_retries=retries))


@dataclass(frozen=True, slots=True)
class User:
    """A package set up for one server."""

    adapter: Adapter
    make: Callable[[], Any]

    def ask(self, text: str = "你好", *, stream: bool = False, **body: Any) -> Said:
        """Ask for one completion and hear all of it."""
        asked = {**ASK, "messages": [{"role": "user", "content": text}], **body}
        given = {key: value for key, value in asked.items() if key in KNOWN}
        given["extra_body"] = {key: value for key, value in asked.items() if key not in KNOWN}
        return self.adapter.create(self.make, given, stream)


def _create(make: Callable[[], Any], body: Mapping[str, Any], stream: bool) -> Said:
    with make() as client:
        answer = client.chat.completions.create(**body, stream=stream)
        if stream:
            return joined(chunk.model_dump() for chunk in answer)
        return whole(answer.model_dump())


def _await(make: Callable[[], Any], body: Mapping[str, Any], stream: bool) -> Said:
    return asyncio.run(_create_async(make, body, stream))


async def _create_async(make: Callable[[], Any], body: Mapping[str, Any], stream: bool) -> Said:
    async with make() as client:
        answer = await client.chat.completions.create(**body, stream=stream)
        if stream:
            return joined([chunk.model_dump() async for chunk in answer])
        return whole(answer.model_dump())


def _zhipu_errors(package: Any) -> Mapping[int, type[Exception]]:
    errors = package.core
    return {
        400: errors.APIRequestFailedError,
        401: errors.APIAuthenticationError,
        403: errors.APIStatusError,
        429: errors.APIReachLimitError,
        500: errors.APIInternalError,
        503: errors.APIServerFlowExceedError,
    }


OPENAI: Mapping[int, type[Exception]] = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
}

ZAI, ZHIPU = _zhipu_errors(zai), _zhipu_errors(zhipuai)
BY_JWT = partial(zhipuai.ZhipuAI, disable_token_cache=False)

ENGLISH = Adapter("zai-sdk", zai.ZaiClient, _create, ZAI, zai.core.APIResponseError)
"""For api.z.ai: it asks for English by itself."""

ADAPTERS = (
    Adapter("zai-sdk", zai.ZhipuAiClient, _create, ZAI, zai.core.APIResponseError),
    Adapter("zhipuai", zhipuai.ZhipuAI, _create, ZHIPU, zhipuai.core.APIResponseError),
    Adapter("zhipuai-jwt", BY_JWT, _create, ZHIPU, zhipuai.core.APIResponseError),
    Adapter("openai", openai.OpenAI, _create, OPENAI, openai.APIError),
    Adapter("openai-async", openai.AsyncOpenAI, _await, OPENAI, openai.APIError),
)
