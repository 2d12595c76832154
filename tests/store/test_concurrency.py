"""Two processes that share state: all that they take at once is taken once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from mockglm.store.state_folder import make_state_folder
from tests.store.servers import ReplicaServer, needs_redis, redis_process, replica, worker

FILE = """
format: 1
accounts:
  - {key: poor, balance: {requests: 5}}
  - {key: narrow, concurrency: 2}
  - {key: "*"}
interactions:
  - when: {user: sequence}
    reply: [STEPS, {content: last, times: 1}]
  - {when: {user: hello}, reply: {content: Hello}}
  - {when: {user: slow}, reply: {content: a b c, pace: {first: 3600}}}
  - {when: {user: numbered}, reply: {content: "{{ count }}", template: true}}
""".replace("STEPS", ", ".join(f"{{content: step {number}}}" for number in range(39)))


@pytest.fixture(scope="module", params=["workers", pytest.param("redis", marks=needs_redis)])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[ReplicaServer]]:
    with ExitStack() as stack:
        if request.param == "workers":
            folder = stack.enter_context(make_state_folder())
            yield [stack.enter_context(worker(folder, index, FILE)) for index in (0, 1)]
        else:
            redis = stack.enter_context(redis_process(tmp_path_factory.mktemp("redis")))
            yield [stack.enter_context(replica(redis.url, FILE)) for _ in range(2)]


async def ask_all(
    servers: list[ReplicaServer], texts: list[str], label: str, *, key: str = "any"
) -> list[httpx.Response]:
    """Ask all at once, the servers in turn."""

    async def ask(client: httpx.AsyncClient, number: int, text: str) -> httpx.Response:
        url = f"{servers[number % len(servers)].base(f'@{label}')}/chat/completions"
        body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}]}
        return await client.post(url, json=body, headers={"Authorization": f"Bearer {key}"})

    limits = httpx.Limits(max_connections=40)
    async with httpx.AsyncClient(trust_env=False, timeout=60, limits=limits) as client:
        return await asyncio.gather(*(ask(client, *pair) for pair in enumerate(texts)))


def content(answer: httpx.Response) -> str:
    body = answer.json()
    return str(
        body["error"]["code"] if "error" in body else body["choices"][0]["message"]["content"]
    )


async def test_each_step_of_a_sequence_is_taken_once(pair: list[ReplicaServer], label: str) -> None:
    answers = await ask_all(pair, ["sequence"] * 41, label)
    expected = [f"step {number}" for number in range(39)] + ["last", "422"]
    assert Counter(map(content, answers)) == Counter(expected)


async def test_a_balance_is_never_below_zero(pair: list[ReplicaServer], label: str) -> None:
    answers = await ask_all(pair, ["hello"] * 12, label, key="poor")
    assert Counter(map(content, answers)) == {"Hello": 5, "1113": 7}


async def test_many_sessions_see_nothing_of_each_other(
    pair: list[ReplicaServer], label: str
) -> None:
    async def use(number: int) -> list[str]:
        answers = []
        for _ in range(4):
            answers += await ask_all(pair, ["numbered"] * 2, f"{label}-{number}")
        return [content(one) for one in answers]

    found = await asyncio.gather(*(use(number) for number in range(10)))
    assert [sorted(one) for one in found] == [sorted(map(str, range(1, 9)))] * 10
