"""One decision, three ways to send it: by the fast lane, by a task of uvicorn and by plain ASGI."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from mockglm.app import App
from mockglm.clock import Clock
from mockglm.scenarios import shipped_scenarios
from mockglm.server import Sessions, Settings
from tests.arrival import Arrived, read
from tests.outcomes.heard import QUESTION, TOOLS
from tests.serving import Served, post, serving

FROZEN = 1_790_000_000.0
"""A time in unix seconds at which all three servers' clocks stand."""

SLOW = {
    "concurrency-limit",
    "utf8-one-byte-writes",
    "slow-drip",
    "idle-stall-headers",
    "idle-stall-first",
    "idle-stall-tool",
    "idle-stall-done",
}
"""Scenarios that pause for longer than a test waits, at any speed."""

PACED = """
format: 1
interactions:
  - when: {user: 慢}
    reply: {content: 一二三, chunks: 1, pace: {first: 0.01, every: 0.01}}
  - when: {user: 快}
    reply: {content: 好的, chunks: 2}
"""
DATE = re.compile(rb"\r\ndate: [^\r]*", re.IGNORECASE)
VALUES: dict[str, Sequence[Any]] = {
    "model": ("glm-4.6", "glm-5.2", "glm-4.5-flash", "glm-9", "", 7, None),
    "stream": (True, False, False, None, "yes"),
    "temperature": (0, 0.5, 1, 1.5, "hot"),
    "top_p": (0.1, 1, 2),
    "max_tokens": (1, 100, 0, 10**9),
    "tools": (TOOLS, [], None, [{"type": "function"}]),
    "tool_choice": ("auto", "none", "required"),
    "thinking": ({"type": "disabled"}, {"type": "enabled"}, {}, 3),
    "response_format": ({"type": "json_object"}, {"type": "text"}, "json"),
    "messages": (
        QUESTION,
        [],
        [{"role": "system", "content": "简短"}, *QUESTION],
        [{"role": "user", "content": "Write 'a' forty times"}],
        [{"role": "tool", "content": "x"}],
        None,
    ),
}


@pytest.fixture(autouse=True)
def _frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "now", lambda self: FROZEN + self.offset)


@contextmanager
def both_ways() -> Iterator[tuple[Served, Served]]:
    with serving(fast_lane=True) as fast, serving(fast_lane=False) as slow:
        yield fast, slow


def ask(served: Served, request: bytes) -> Arrived:
    data, end = served.raw_until_silent(request)
    return read(DATE.sub(b"\r\ndate: -", data), end)


def ask_asgi(app: App, request: bytes) -> tuple[int, set[tuple[bytes, bytes]], bytes]:
    """Send a request, given as bytes, through ASGI; returns status, headers and body."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    fields = [
        (name.lower(), value.strip()) for name, _, value in (x.partition(b":") for x in lines)
    ]
    target = first.split(b" ")[1]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": target.decode(),
        "query_string": b"",
        "headers": fields,
    }
    asyncio.run(app(scope, receive, send))
    whole = b"".join(message.get("body", b"") for message in sent[1:])
    headers = {(name, value) for name, value in sent[0]["headers"] if name != b"date"}
    return sent[0]["status"], headers, whole


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Served, Served]]:
    with both_ways() as servers:
        yield servers


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("name", sorted(set(shipped_scenarios()) - SLOW))
def test_a_scenario_sends_the_same_bytes_each_way(
    servers: tuple[Served, Served], name: str, *, stream: bool
) -> None:
    body = {"model": "glm-4.6", "messages": QUESTION, "tools": TOOLS, "stream": stream}
    path = f"/s/{name}@{stream}/api/paas/v4/chat/completions".lower()
    requests = [post(body, path, "Connection: close") for _ in range(3)]
    fast, slow = ([ask(served, request) for request in requests] for served in servers)
    assert fast == slow
    if all(one.is_whole for one in fast):
        app = App(Sessions(Settings(speed=0)))
        plain = [ask_asgi(app, request) for request in requests]
        assert [(one.status, one.body) for one in fast] == [(one[0], one[2]) for one in plain]


def test_a_thousand_generated_requests_get_the_same_bytes_each_way() -> None:
    rng = random.Random(7)
    app = App(Sessions(Settings(speed=0)))
    with both_ways() as (fast, slow):
        for _ in range(10):
            batch = [generate(rng) for _ in range(100)]
            ways = [exchange(served, batch) for served in (fast, slow)]
            assert ways[0] == ways[1]
            log_ids = [re.search(rb"x-log-id: (\w+)", one) for one in ways[0]]
            assert None not in log_ids
            for request, got in zip(batch, ways[0], strict=True):
                status, headers, whole = ask_asgi(app, request)
                assert got.endswith(whole) or b"chunked" in got
                assert got.startswith(b"HTTP/1.1 %d " % status)
                assert {value for name, value in headers if name == b"x-log-id"} == {
                    re.search(rb"x-log-id: (\w+)", got)[1]  # type: ignore[index]
                }


def generate(rng: random.Random) -> bytes:
    keys = rng.sample(sorted(VALUES), rng.randint(2, 7))
    body = {"model": "glm-4.6", "messages": QUESTION, "stream": False}
    body |= {key: rng.choice(VALUES[key]) for key in keys}
    return post(body)


def exchange(served: Served, batch: list[bytes]) -> list[bytes]:
    """Send requests one behind the other over one connection that is kept."""
    answers = []
    with socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock:
        for request in batch:
            sock.sendall(request)
            answers.append(DATE.sub(b"\r\ndate: -", read_one(sock)))
    return answers


def read_one(sock: socket.socket) -> bytes:
    """Read one message that is complete."""
    data = b""
    while not read(data, "open").is_whole:
        piece = sock.recv(65536)
        assert piece, data
        data += piece
    return data


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_body_in_pieces_is_answered_the_same(servers: tuple[Served, Served], size: int) -> None:
    """Also one that grows beyond what the fast lane takes."""
    text = "长" * (1 if size < 100 else 40_000)
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}]}
    request = post(body, f"/s/hello@pieces{size}/api/paas/v4/chat/completions")
    got = []
    for served in servers:
        with socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock:
            for start in range(0, len(request), size):
                sock.sendall(request[start : start + size])
            got.append(DATE.sub(b"", read_one(sock)))
    assert got[0] == got[1]
    assert got[0].startswith(b"HTTP/1.1 200")


def test_requests_of_a_pipeline_are_answered_in_order_whichever_way() -> None:
    """A paced stream among plain answers leaves the lane, and those behind wait for it."""
    texts = ["快", "慢", "快", "快"]
    batch = [
        post(
            {"model": "glm-4.6", "messages": [{"role": "user", "content": text}], "stream": True},
            "/api/paas/v4/chat/completions",
            *(["Connection: close"] if index == 3 else []),
        )
        for index, text in enumerate(texts)
    ]
    got = []
    for fast_lane in (True, False):
        with serving(PACED, speed=1, fast_lane=fast_lane) as served:
            got.append(DATE.sub(b"", served.raw(b"".join(batch))[0]))
    assert got[0] == got[1]
    texts = re.findall(r'"content":"([^"]+)"', got[0].decode())
    assert texts == ["好的", "一", "二", "三", "好的", "好的"]


def test_a_client_that_leaves_before_its_body_ends_leaves_nothing_behind() -> None:
    with serving() as served:
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", served.background.port)) as sock:
                sock.sendall(post({"model": "glm-4.6", "messages": QUESTION})[:-5])
        state = served.background.server.server_state
        served.wait_until(lambda: not state.connections and not state.tasks)
        assert len(served.session().journal) == 0
        assert served.ask("你好").status_code == 200


def test_a_client_that_closes_its_half_is_answered_the_same(
    servers: tuple[Served, Served],
) -> None:
    for stream in (False, True):
        body = {"model": "glm-4.6", "messages": QUESTION, "stream": stream}
        request = post(body, f"/s/hello@half-{stream}/api/paas/v4/chat/completions".lower())
        got = [DATE.sub(b"", ask_and_shut(served, request)) for served in servers]
        assert got[0] == got[1]
        assert read(got[0], "FIN").is_whole


def ask_and_shut(served: Served, request: bytes) -> bytes:
    """Send a request and the end of the client's half, and read all of the response."""
    with socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_a_client_that_reads_late_gets_all_responses_in_order() -> None:
    """A client that reads late fills the write buffer, so that later requests leave the lane."""
    body = {"model": "glm-4.6", "messages": QUESTION, "stream": False}
    text = f"format: 1\ninteractions: [{{reply: {{content: {'长' * 20_000}}}}}]"
    path = "/api/paas/v4/chat/completions"
    batch = [post(body, path)] * 99 + [post(body, path, "Connection: close")]
    got = []
    for fast_lane in (True, False):
        with (
            serving(text, fast_lane=fast_lane) as served,
            socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock,
        ):
            sender = threading.Thread(target=sock.sendall, args=(b"".join(batch),))
            sender.start()
            served.wait_until(lambda: is_writing_paused(served))
            got.append(DATE.sub(b"", b"".join(iter(lambda: sock.recv(65536), b""))))
            sender.join()
            assert len(served.session().journal) == len(batch)
    assert got[0] == got[1]
    ids = re.findall(rb"x-log-id: \d{14}(\w+)", got[0])
    assert len(set(ids)) == len(batch)


def is_writing_paused(served: Served) -> bool:
    connections = served.background.server.server_state.connections
    return any(one.flow.write_paused for one in connections)  # type: ignore[union-attr]


def test_a_client_that_expects_100_continue_gets_it_each_time(
    servers: tuple[Served, Served],
) -> None:
    body = {"model": "glm-4.6", "messages": QUESTION}
    request = post(body, "/s/hello@expect/api/paas/v4/chat/completions", "Expect: 100-Continue")
    head, _, content = request.partition(b"\r\n\r\n")
    got = []
    for served in servers:
        answers = []
        with socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock:
            for _ in range(3):
                sock.sendall(head + b"\r\n\r\n")
                asked = sock.recv(25)
                assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
                sock.sendall(content)
                answers.append(DATE.sub(b"", read_one(sock)))
        got.append(answers)
    assert got[0] == got[1]
    assert all(one.startswith(b"HTTP/1.1 200") for one in got[0])


@pytest.mark.parametrize("fast_lane", [True, False])
def test_a_thousand_kept_connections_are_answered_and_leave_nothing_behind(
    *, fast_lane: bool
) -> None:
    count = 1000
    request = post({"model": "glm-4.6", "messages": QUESTION})
    with serving(fast_lane=fast_lane) as served, ExitStack() as stack:
        address = ("127.0.0.1", served.background.port)
        socks = [
            stack.enter_context(socket.create_connection(address, timeout=60)) for _ in range(count)
        ]
        for _ in range(2):
            for sock in socks:
                sock.sendall(request)
            assert all(read_one(sock).startswith(b"HTTP/1.1 200") for sock in socks)
        assert served.background.connections == count
        stack.close()
        state = served.background.server.server_state
        served.wait_until(lambda: not state.connections and not state.tasks)
        assert served.session().requests == 2 * count
