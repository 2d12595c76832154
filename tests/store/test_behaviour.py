"""The behaviour of sessions: the same in memory, of two workers, and in a store that two replicas
share."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx
import pytest

from mockglm.store.state_folder import make_state_folder
from tests.serving import Served, post, serving
from tests.store.servers import needs_redis, redis_process, replica, worker

SPEED = 100
"""So many times as fast: a slow reply takes long enough, and the others no time."""

FILE = """
format: 1
accounts:
  - {key: poor, balance: {requests: 2}}
  - {key: narrow, concurrency: 1}
  - {key: planned, plan: [{window: 5h, requests: 2}]}
  - {key: "*"}
interactions:
  - {when: {user: two}, reply: [{content: first}, {content: second, times: 1}]}
  - {when: {user: seldom, chance: 0.5}, reply: {content: drawn}}
  - {when: {user: hello}, reply: {content: Hello}}
  - {when: {user: slow}, reply: {content: a b c, pace: {first: 3600}}}
  - {when: {user: numbered}, reply: {content: "{{ count }}", template: true}}
"""


@dataclass
class Client:
    """A client of one server, or of several in turn."""

    http: httpx.Client
    servers: Iterator[Served]
    label: str

    def ask(self, text: str, key: str = "any", **body: Any) -> httpx.Response:
        message = {"role": "user", "content": text}
        return self.http.post(
            f"{next(self.servers).base(f'@{self.label}')}/chat/completions",
            json={"model": "glm-4.6", "messages": [message], **body},
            headers={"Authorization": f"Bearer {key}"},
        )

    def say(self, text: str, **more: Any) -> str:
        """The content of the reply, or the code of the error."""
        answer = self.ask(text, **more).json()
        if "error" in answer:
            return str(answer["error"]["code"])
        return str(answer["choices"][0]["message"]["content"])

    def control(self, method: str, path: str, **more: Any) -> Any:
        url = f"{next(self.servers).host}/__mockglm__/{path}"
        params = {"session": f"@{self.label}", **more.pop("params", {})}
        answer = self.http.request(method, url, params=params, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(
    scope="module", params=["memory", "workers", pytest.param("redis", marks=needs_redis)]
)
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Served]]:
    with ExitStack() as stack:
        if request.param == "memory":
            yield [stack.enter_context(serving(FILE, speed=SPEED))]
        elif request.param == "workers":
            folder = stack.enter_context(make_state_folder())
            yield [
                stack.enter_context(worker(folder, index, FILE, speed=SPEED)) for index in (0, 1)
            ]
        else:
            redis = stack.enter_context(redis_process(tmp_path_factory.mktemp("redis")))
            yield [stack.enter_context(replica(redis.url, FILE, speed=SPEED)) for _ in range(2)]


@pytest.fixture
def client(servers: list[Served], http: httpx.Client, label: str) -> Client:
    return Client(http, cycle(servers), label)


def test_a_sequence_advances_step_by_step(client: Client) -> None:
    assert [client.say("two") for _ in range(3)] == ["first", "second", "422"]


def test_queued_replies_come_first_and_once(client: Client) -> None:
    replies = [{"content": "a", "times": 2}, {"content": "b"}]
    assert client.control("POST", "replies", json=replies) == {"queued": 3}
    assert [one["content"] for one in client.control("GET", "replies")] == ["a", "a", "b"]
    assert [client.say("hello") for _ in range(4)] == ["a", "a", "b", "Hello"]
    client.control("POST", "replies", json={"content": "c"})
    assert client.control("DELETE", "replies") == {"dropped": 1}
    assert client.say("hello") == "Hello"


def test_rules_come_before_files_and_count_their_uses(client: Client) -> None:
    rules = [
        {"when": {"user": "hello"}, "reply": [{"content": "once", "times": 1}]},
        {"when": {"user": "new"}, "reply": {"content": "always"}},
    ]
    assert client.control("POST", "interactions", json=rules) == {"interactions": 2}
    assert [client.say("hello") for _ in range(2)] == ["once", "Hello"]
    assert [client.say("new") for _ in range(2)] == ["always", "always"]
    assert [rule["used"] for rule in client.control("GET", "interactions")] == [1, 2]
    more = {"when": {"user": "last"}, "reply": {"content": "added"}}
    assert client.control("POST", "interactions", json=more) == {"interactions": 3}
    assert (client.say("last"), client.say("hello")) == ("added", "Hello")
    assert client.control("DELETE", "interactions") == {"dropped": 3}
    assert client.say("new") == "422"


def test_faults_break_the_next_responses_or_all(client: Client) -> None:
    def is_page() -> bool:
        return client.ask("hello").headers["content-type"].startswith("text/html")

    queued = client.control("POST", "faults", json="html-page", params={"times": "2"})
    assert queued == {"queued": 2, "standing": 0}
    assert [is_page() for _ in range(3)] == [True, True, False]
    client.control("POST", "faults", json="html-page", params={"times": "all"})
    assert [one["do"] for one in client.control("GET", "faults")["standing"]] == ["html-page"]
    assert [is_page() for _ in range(2)] == [True, True]
    assert client.control("DELETE", "faults") == {"dropped": 1}
    assert not is_page()


def test_a_balance_decreases_to_zero(client: Client) -> None:
    assert [client.say("hello", key="poor") for _ in range(4)] == ["Hello", "Hello", "1113", "1113"]


def test_a_window_fills_and_the_clock_ends_it(client: Client) -> None:
    assert [client.say("hello", key="planned") for _ in range(3)] == ["Hello", "Hello", "1308"]
    before = client.control("GET", "clock")
    moved = client.control("POST", "clock", json={"advance": 6 * 3600})
    assert (before["offset"], moved["offset"]) == (0, 6 * 3600)
    assert client.say("hello", key="planned") == "Hello"
    assert client.control("DELETE", "clock")["offset"] == 0


def test_a_slot_is_taken_while_a_response_is_sent(client: Client) -> None:
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "slow"}]}
    path = f"/s/@{client.label}/api/paas/v4/chat/completions"
    address = "127.0.0.1", next(client.servers).background.port
    with socket.create_connection(address) as sock:
        sock.sendall(post(body, path, key="narrow"))
        wait = {"outcome": "open", "wait": "30"}
        assert len(client.control("GET", "journal", params=wait)) == 1
        assert client.say("hello", key="narrow") == "1302"
    gone = client.control("GET", "journal", params={"outcome": "gone", "wait": "30"})
    assert len(gone) == 1
    assert client.say("hello", key="narrow") == "Hello"


def test_chances_are_drawn_in_the_same_order(client: Client) -> None:
    # The label of the session decides the draws: with few of them, all can be the same.
    drawn = [client.say("seldom") for _ in range(30)]
    client.control("POST", "reset")
    assert [client.say("seldom") for _ in range(30)] == drawn
    assert set(drawn) == {"drawn", "422"}


def test_templates_count_the_uses(client: Client) -> None:
    assert [client.say("numbered") for _ in range(3)] == ["1", "2", "3"]


def test_the_journal_has_every_exchange_in_order_and_redacted(client: Client) -> None:
    secret = "0123456789abcdef0123456789abcdef.SecretSecret1234"
    for text in ("two", "hello", "unknown"):
        client.ask(text, key=secret)
    entries = client.control("GET", "journal")
    assert [entry["ordinal"] for entry in entries] == [1, 2, 3]
    assert [entry["source"] for entry in entries][2] == "miss"
    assert {entry["outcome"] for entry in entries} == {"done"}
    whole = json.dumps([client.control("GET", f"journal/{number}") for number in (1, 2, 3)])
    assert "SecretSecret" not in whole
    assert json.loads(whole)[1]["request"]["body"].count("hello") == 1
    assert client.control("DELETE", "journal") == {"dropped": 3}
    assert client.control("GET", "journal") == []


def test_waiting_ends_with_the_next_exchange(client: Client) -> None:
    with ThreadPoolExecutor() as pool, httpx.Client(trust_env=False, timeout=30) as other:
        waiter = Client(other, client.servers, client.label)
        waiting = pool.submit(waiter.control, "GET", "journal", params={"wait": "20"})
        while not waiting.done():
            client.ask("hello")
        assert waiting.result()[0]["source"].startswith("file")


def test_the_live_feed_shows_exchanges(client: Client) -> None:
    with httpx.Client(trust_env=False, timeout=30) as other:
        url = f"{next(client.servers).host}/__mockglm__/events"
        with (
            ThreadPoolExecutor() as pool,
            other.stream("GET", url, params={"session": f"@{client.label}"}) as feed,
        ):
            lines = feed.iter_lines()
            found = pool.submit(next, (line for line in lines if line.startswith("data:")))
            while not found.done():
                client.ask("hello")
            assert json.loads(found.result().removeprefix("data:"))["model"] == "glm-4.6"


def test_sessions_are_listed_and_forgotten(client: Client) -> None:
    client.control("POST", "replies", json=[{"content": "a"}, {"content": "b"}])
    client.ask("hello")
    listed = {one["session"]: one for one in client.control("GET", "sessions")}
    assert listed[f"@{client.label}"] == {
        "session": f"@{client.label}",
        "requests": 1,
        "queued": 1,
    }
    assert client.control("DELETE", "sessions") == {"forgot": f"@{client.label}"}
    assert client.say("hello") == "Hello"
    assert [entry["ordinal"] for entry in client.control("GET", "journal")] == [1]
