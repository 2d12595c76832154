"""How often each package asks again, and how long it waits before."""

from __future__ import annotations

import time

import openai
import pytest

from tests.clients.adapters import ADAPTERS, Adapter
from tests.clients.said import Said
from tests.conftest import Base
from tests.serving import Served

BACKOFF = {
    "zai-sdk": (0.5, 2.5),
    "zhipuai": (0.5, 2.5),
    "zhipuai-jwt": (0.5, 2.5),
    "openai": (0.3, 1.1),
}
"""The least and the most seconds that two waits of a package can take; jitter is in between."""

SLEEPERS = [one for one in ADAPTERS if one.name in BACKOFF]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a package would have waited, which it does not."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.mark.parametrize("adapter", SLEEPERS, ids=lambda one: one.name)
def test_a_busy_account_is_retried_until_it_answers(
    adapter: Adapter, stream: bool, server: Served, base: Base, label: str, waits: list[float]
) -> None:
    heard = adapter.user(base("rate-limit"), retries=3).ask(stream=stream)
    assert heard == Said(text="现在可以了。")
    entries = list(server.session("rate-limit", label).journal)
    assert [entry.code for entry in entries] == ["1302", "1302", ""]
    least, most = BACKOFF[adapter.name]
    assert len(waits) == 2
    assert least <= waits[0] < waits[1] <= most


@pytest.mark.parametrize("adapter", SLEEPERS, ids=lambda one: one.name)
def test_no_package_knows_that_waiting_brings_no_money(
    adapter: Adapter, server: Served, base: Base, label: str, waits: list[float]
) -> None:
    with pytest.raises(adapter.errors[429]):
        adapter.user(base("no-balance"), retries=2).ask()
    assert len(server.session("no-balance", label).journal) == 3
    assert len(waits) == 2


@pytest.mark.parametrize("adapter", SLEEPERS, ids=lambda one: one.name)
def test_a_request_that_is_wrong_is_not_sent_again(
    adapter: Adapter, server: Served, base: Base, label: str, waits: list[float]
) -> None:
    with pytest.raises(adapter.errors[400]):
        adapter.user(base("error-request"), retries=3).ask()
    assert len(server.session("error-request", label).journal) == 1
    assert waits == []


def test_a_miss_is_not_retried(base: Base, waits: list[float]) -> None:
    user = ADAPTERS[2].user(base("no-such-scenario"), retries=3)
    with pytest.raises(Exception, match="there is no scenario 'no-such-scenario'"):
        user.ask()
    assert waits == []


async def test_openai_asks_again_asynchronously(server: Served, base: Base, label: str) -> None:
    """Its own waits of about half a second and a second."""
    async with openai.AsyncOpenAI(base_url=base("rate-limit"), api_key="key") as client:
        answer = await client.chat.completions.create(
            model="glm-4.6", messages=[{"role": "user", "content": "你好"}]
        )
    assert answer.choices[0].message.content == "现在可以了。"
    assert len(server.session("rate-limit", label).journal) == 3
