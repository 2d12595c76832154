"""A client for the endpoints of the shared server, and the SDKs pointed at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import zai
import zhipuai

from mockglm.clock import Clock
from tests.conftest import Base
from tests.serving import KEY, Served

Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(http: httpx.Client, base: Base) -> Ask:
    """Send a JSON body to a path below the base, in this test's own session."""

    def send(path: str, body: Any = None, *, method: str = "", **options: Any) -> httpx.Response:
        method = method or ("GET" if body is None else "POST")
        json = {} if body is None else {"json": body}
        return http.request(method, base("") + path, **json, **options)

    return send


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clocks of all sessions stand still unless a test moves them."""
    now = time.time()
    monkeypatch.setattr(Clock, "now", lambda self: now + self.offset)


@pytest.fixture
def sdk(base: Base) -> Iterator[Any]:
    """zai-sdk, pointed at this test's own session."""
    client: Any = zai.ZhipuAiClient(api_key=KEY, base_url=base(""), max_retries=0)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def old_sdk(base: Base) -> Iterator[Any]:
    """zhipuai, pointed at this test's own session."""
    client: Any = zhipuai.ZhipuAI(api_key=KEY, base_url=base(""), max_retries=0)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def session(server: Served, label: str) -> Any:
    """This test's own session."""
    return server.session(label=label)
