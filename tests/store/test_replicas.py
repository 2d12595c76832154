"""Replicas at one Redis: round trips, leases, outages, and files that differ."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockglm.errors import UsageError
from mockglm.store import parse_url
from tests.cli.commands import MOCKGLM, running
from tests.store.servers import RedisProcess, ReplicaServer, needs_redis, redis_process, replica
from tests.store.test_concurrency import FILE, content

pytestmark = needs_redis


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with redis_process(tmp_path_factory.mktemp("redis")) as process:
        yield process


@pytest.fixture(scope="module")
def pair(redis: RedisProcess) -> Iterator[list[ReplicaServer]]:
    with replica(redis.url, FILE) as one, replica(redis.url, FILE) as other:
        yield [one, other]


def test_a_request_takes_two_round_trips(pair: list[ReplicaServer], label: str) -> None:
    server = pair[0]
    assert server.metrics is not None
    server.ask("hello", base=server.base(f"@{label}"))
    before = _round_trips(server)
    for _ in range(5):
        server.ask("hello", base=server.base(f"@{label}"))
        server.ask("numbered", base=server.base(f"@{label}"))
    assert _round_trips(server) - before == 20


def _round_trips(server: ReplicaServer) -> int:
    assert server.metrics is not None
    lines = server.metrics.render().decode().splitlines()
    counts = [line for line in lines if line.startswith("mockglm_store_seconds_count")]
    return int(sum(float(line.rpartition(" ")[2]) for line in counts))


def test_no_key_is_in_the_store(redis: RedisProcess, pair: list[ReplicaServer], label: str) -> None:
    from redis import Redis

    key = "0123456789abcdef0123456789abcdef.VerySecretSecret"
    url = f"{pair[0].base(f'@{label}')}/chat/completions"
    message = {"role": "user", "content": f"my key is {key}"}
    headers = {"Authorization": f"Bearer {key}"}
    body = {"model": "glm-4.6", "messages": [message]}
    assert httpx.post(url, json=body, headers=headers, trust_env=False).status_code == 422
    with Redis(unix_socket_path=str(redis.path)) as client:
        names = list(client.scan_iter(f"mockglm:session:@{label}:*"))
        assert len(names) == 2
        dumped = b"".join(bytes(client.dump(name) or b"") for name in names)
        times = [client.ttl(name) for name in names]
    assert b"VerySecret" not in dumped
    assert all(0 < seconds <= 86_400 for seconds in times)


def test_two_slots_are_taken_once_and_free_after_the_death_of_a_replica(
    redis: RedisProcess, tmp_path: Path
) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(FILE, encoding="utf-8")
    state = f"unix://{redis.path}?prefix=slots&lease=5"
    with ExitStack() as stack:
        servers = [stack.enter_context(running(path, "--state", state)) for _ in range(2)]
        sockets = []
        for number in range(6):
            sockets.append(stack.enter_context(_open_stream(servers[number % 2].url)))
        journal = f"{servers[0].host}/__mockglm__/journal"

        def count(**params: Any) -> int:
            return len(httpx.get(journal, params=params, trust_env=False, timeout=30).json())

        while count() < 6:
            pass
        assert (count(outcome="open"), count(code="1302")) == (2, 4)
        for server in servers:
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
        with running(path, "--state", state) as server:
            url = f"{server.url}/chat/completions"
            body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hello"}]}
            headers = {"Authorization": "Bearer narrow"}

            def ask() -> int:
                return httpx.post(url, json=body, headers=headers, trust_env=False).status_code

            while ask() != 200:
                pass


def _open_stream(url: str) -> Any:
    import socket
    from urllib.parse import urlsplit

    from tests.serving import post

    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname, parts.port))
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "slow"}]}
    sock.sendall(post(body, f"{parts.path}/chat/completions", key="narrow"))
    return sock


def test_an_outage_of_the_store_is_answered_and_ends(tmp_path: Path) -> None:
    with (
        redis_process(tmp_path) as redis,
        replica(redis.url, FILE) as server,
        httpx.Client(trust_env=False, timeout=30) as client,
    ):
        ready = f"{server.host}/__mockglm__/ready"
        clock = f"{server.host}/__mockglm__/clock"
        assert server.ask("hello").status_code == 200
        assert client.get(ready).status_code == 200
        redis.stop()
        answers = [server.ask("hello") for _ in range(3)]
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.headers["x-mockglm-miss"] for answer in answers} == {"1"}
        assert "the state of sessions cannot be used" in answers[0].json()["error"]["message"]
        assert client.get(ready).status_code == client.get(clock).status_code == 503
        assert [line.partition(":")[2][:22] for line in server.reported] == [
            " the store is away, re"
        ]
        redis.start()
        while server.ask("hello").status_code == 503:
            pass
        assert client.get(ready).status_code == 200
        assert server.reported[1:] == ["mockglm: the store is back"]


def test_a_store_that_does_not_answer_is_away_until_it_does(tmp_path: Path) -> None:
    with redis_process(tmp_path) as redis, replica(f"unix://{redis.path}?timeout=1", FILE) as one:
        assert content(one.ask("numbered")) == "1"
        assert redis.process is not None
        redis.process.send_signal(signal.SIGSTOP)
        assert one.ask("numbered").status_code == 503
        redis.process.send_signal(signal.SIGCONT)
        while (answer := one.ask("numbered")).status_code == 503:
            pass
        assert content(answer) in ("2", "3")  # the first may have been applied
        assert one.reported[-1] == "mockglm: the store is back"


def test_replicas_with_different_files_say_so(redis: RedisProcess) -> None:
    url = f"{redis.url}&prefix=different"
    with replica(url, FILE) as older:
        assert older.ask("hello").status_code == 200
        with replica(url, FILE.replace("Hello", "Hi")) as newer:
            assert content(newer.ask("hello")) == "Hi"
            refused = older.ask("hello")
            assert refused.status_code == 503
            assert "all replicas need the same files" in refused.text
            ready = httpx.get(f"{older.host}/__mockglm__/ready", trust_env=False)
            assert "all replicas need the same files" in ready.json()["reasons"][0]


def test_counts_begin_again_with_other_files_and_queues_stay(redis: RedisProcess) -> None:
    url = f"{redis.url}&prefix=reloaded"
    control = "__mockglm__/replies"
    with replica(url, FILE) as older:
        assert content(older.ask("numbered")) == "1"
        httpx.post(f"{older.host}/{control}", json={"content": "queued"}, trust_env=False)
    with replica(url, FILE.replace("Hello", "Hi")) as newer:
        assert [content(newer.ask("numbered")) for _ in range(2)] == ["queued", "1"]


def test_an_unreadable_state_or_record_is_reported_once(
    redis: RedisProcess, http: httpx.Client
) -> None:
    from redis import Redis

    with (
        replica(f"{redis.url}&prefix=damaged", FILE) as server,
        Redis(unix_socket_path=str(redis.path)) as client,
    ):
        journal = f"{server.host}/__mockglm__/journal"
        assert content(server.ask("numbered")) == "1"
        client.xadd("damaged:session::journal", {"e": b"\xc1"})
        client.publish("damaged:feed", b"\xc1")
        for _ in range(2):
            assert [one["ordinal"] for one in http.get(journal).json()] == [1]
        client.hset("damaged:session::state", mapping={"v": b"other", "d": b"\xc1"})
        for _ in range(2):
            answer = server.ask("numbered")
            assert (answer.status_code, answer.headers["x-mockglm-miss"]) == (503, "1")
            assert "the state of the session cannot be read" in answer.text
        assert http.get(f"{server.host}/__mockglm__/clock").status_code == 503
        assert http.get(f"{server.host}/__mockglm__/sessions").json()[0]["queued"] == 0
        assert server.reported == [
            "mockglm: a record of session '' cannot be read",
            "mockglm: the state of session '' cannot be read",
        ]
        http.delete(f"{server.host}/__mockglm__/sessions", params={"session": ""})
        assert content(server.ask("numbered")) == "1"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://localhost", "expected redis://"),
        ("redis://localhost?ttl=never", "never"),
        ("redis://localhost?lease=0", "more than 0"),
        ("redis://localhost?lease=nan", "finite"),
        ("redis://localhost?timeout=inf", "finite"),
        ("redis://[x", "the URL cannot be parsed"),
    ],
)
def test_a_bad_url_is_an_error_of_use(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_url(url)


def test_options_are_taken_from_the_url() -> None:
    url, options = parse_url("rediss://user:word@host:1/2?prefix=a&ttl=5&lease=1.5&ssl_ca_certs=x")
    assert url == "rediss://user:word@host:1/2?ssl_ca_certs=x"
    assert (options.prefix, options.ttl, options.lease) == ("a", 5, 1.5)


def test_recording_cannot_share_state(tmp_path: Path) -> None:
    options = (
        "--on-miss",
        "record",
        "--cassette",
        str(tmp_path / "c.yaml"),
        "--upstream",
        "http://x",
    )
    command = [MOCKGLM, "serve", "--state", "redis://localhost", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "cannot share state" in done.stderr
