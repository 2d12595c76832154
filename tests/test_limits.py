"""Bounds of a server on a real socket: heads, pipelines, bodies in flight, silence."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import httpx
import pytest

from mockglm import app
from mockglm.limits import Limits
from mockglm.server import routes
from mockglm.serving.connection import HTTPConnection
from mockglm.serving.protocol import PARSE_SIZE, GLMProtocol
from tests.serving import KEY, Served, StoppedClock, post, serving

FILE = """
format: 1
interactions:
  - when: {user: slow}
    reply: {content: one two three four five, chunks: 4, pace: {first: 0.05, every: 0.05}}
  - when: {user: large}
    reply: {content: REPLY, fault: [{do: stall, at: 1 bytes, for: 1h}]}
  - when: {user: hang}
    reply: {content: hello, fault: stall}
  - reply: {content: hello}
""".replace("REPLY", "x" * 5000)

HELLO = b'"content":"hello"'
GET = b"GET / HTTP/1.1\r\n\r\n"


def chat(text: str, *more: str, stream: bool = False) -> bytes:
    messages = [{"role": "user", "content": text}]
    return post(
        {"model": "glm-4.6", "messages": messages, "stream": stream},
        "/api/paas/v4/chat/completions",
        *more,
    )


def with_target(size: int) -> bytes:
    return chat("hi", "Connection: close").replace(b" HTTP", b"?" + b"q" * (size - 30) + b" HTTP")


def with_fields(count: int) -> bytes:
    """A request with so many header fields; a chat has four."""
    return chat("hi", "Connection: close", *(["a:b"] * (count - 5)))


def with_head(size: int) -> bytes:
    """A request whose target and fields have so many bytes, a separator and a line end a field."""
    own = chat("hi", "Connection: close", "X-Long: ").partition(b"\r\n\r\n")[0]
    line = len(b"POST  HTTP/1.1")
    return chat("hi", "Connection: close", "X-Long: " + "v" * (size - len(own) + line + 6))


@contextmanager
def connected(served: Served) -> Iterator[socket.socket]:
    address = ("127.0.0.1", served.background.port)
    with socket.create_connection(address, timeout=60) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


def received(sock: socket.socket) -> bytes:
    """All that comes until the connection ends."""
    pieces = []
    while piece := sock.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def protocols(served: Served) -> list[GLMProtocol]:
    state = served.background.server.server_state
    return [cast("GLMProtocol", one) for one in state.connections]


# Heads.


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (with_target(8192), 200),
        (with_target(8193), 414),
        (with_fields(200), 200),
        (with_fields(201), 431),
        (with_head(65536), 200),
        (with_head(65537), 431),
    ],
    ids=["target", "target+1", "fields", "fields+1", "head", "head+1"],
)
def test_a_head_is_bounded(request_: bytes, status: int) -> None:
    with serving(FILE) as served:
        got, end = served.raw(request_)
        entries = list(served.session().journal)
    assert (int(got[9:12]), end) == (status, "FIN")
    assert len(entries) == (status == 200)


ENDLESS = {
    "target": (b"GET /", 414),
    "name": (b"GET / HTTP/1.1\r\n", 431),
    "value": (b"GET / HTTP/1.1\r\nX: ", 431),
    "trailer": (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: ",
        431,
    ),
}


@pytest.mark.parametrize("part", ENDLESS)
def test_a_head_without_an_end_is_refused_while_it_is_sent(part: str) -> None:
    start, status = ENDLESS[part]
    with serving(FILE) as served, connected(served) as sock:
        sock.sendall(start)
        for _ in range(64):
            sock.sendall(b"x" * 2048)
        got = received(sock)
        assert served.ask("hi").status_code == 200
    assert got.startswith(b"HTTP/1.1 %d " % status)
    assert got.count(b"HTTP/1.1 ") == 1


def test_fields_without_an_end_are_refused_while_they_are_sent() -> None:
    with serving(FILE) as served, connected(served) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 1000)
        assert received(sock).startswith(b"HTTP/1.1 431 ")


def test_a_long_body_is_no_long_head() -> None:
    chunks = b"".join(b"1\r\nx\r\n" for _ in range(30_000)) + b"0\r\n\r\n"
    head = b"POST /v4/files HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(FILE) as served:
        got, _ = served.raw(head + chunks)
        (entry,) = served.session().journal
    assert got.startswith(b"HTTP/1.1 401 ")
    assert len(entry.request.body) == 30_000


def test_a_trailer_is_no_field_of_the_head() -> None:
    body = json.dumps({"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}]})
    sent = (
        "POST /api/paas/v4/chat/completions HTTP/1.1\r\nConnection: close\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n0\r\n"
        f"Authorization: Bearer {KEY}\r\n\r\n"
    )
    with serving(FILE) as served:
        got, _ = served.raw(sent.encode())
    assert got.startswith(b"HTTP/1.1 401 ")


def test_a_head_in_many_parts_has_the_time_of_one_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StoppedClock(monkeypatch)
    with serving(FILE, limits=Limits(silence=10, look=0.02)) as served, connected(served) as sock:
        sock.settimeout(0.05)
        sock.sendall(b"GET / HTTP/1.1\r\n")
        for _ in range(600):
            try:
                sock.sendall(b"x")
                assert sock.recv(1) == b""
                return
            except TimeoutError:
                clock.advance(1)
            except OSError:
                return
    raise AssertionError("the head went on for ten minutes")


# What cannot be read, behind an answer that is under way.

GARBAGE = b"\x16\x03\x01 no HTTP\r\n\r\n"
BAD_CHUNK = b"POST /v4/files HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\nno size"


@pytest.mark.parametrize(
    ("bad", "status"),
    [(GARBAGE, 400), (BAD_CHUNK, 400), (b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 202, 431)],
    ids=["garbage", "bad-chunk", "fields"],
)
def test_a_refusal_waits_for_the_answer_under_way(bad: bytes, status: int) -> None:
    with serving(FILE, speed=1) as served, connected(served) as sock:
        sock.sendall(chat("slow", stream=True))
        got = sock.recv(65536)
        sock.sendall(bad)
        got += received(sock)
    first, end, last = got.partition(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    assert end
    assert first.count(b"HTTP/1.1 ") == 1
    assert last.startswith(b"HTTP/1.1 %d " % status)
    assert last.count(b"HTTP/1.1 ") == 1


def test_a_refusal_waits_for_all_answers_of_the_pipeline() -> None:
    with serving(FILE, speed=1) as served:
        got, end = served.raw(chat("slow", stream=True) + chat("hi") + chat("hi") + GARBAGE)
    statuses = [part[:3] for part in got.split(b"HTTP/1.1 ")[1:]]
    assert (statuses, end) == ([b"200", b"200", b"200", b"400"], "FIN")
    assert got.count(HELLO) == 2


def test_a_body_that_breaks_off_in_garbage_gets_one_refusal() -> None:
    with serving(FILE) as served:
        got, end = served.raw(BAD_CHUNK)
        assert len(served.session().journal) == 0
        assert served.ask("hi").status_code == 200
    assert (got[:13], got.count(b"HTTP/1.1 "), end) == (b"HTTP/1.1 400 ", 1, "FIN")


def test_nothing_behind_a_refusal_is_read() -> None:
    with serving(FILE) as served:
        got, _ = served.raw(GARBAGE + chat("hi"))
        assert len(served.session().journal) == 0
    assert got.count(b"HTTP/1.1 ") == 1


# Pipelines.


def test_few_requests_of_a_pipeline_are_parsed_ahead() -> None:
    many = 5000
    with serving(FILE) as served, connected(served) as sock:
        sock.sendall(chat("hang", stream=True))
        assert sock.recv(65536)
        sock.sendall(GET * many)
        served.wait_until(lambda: any(one.has_queued_requests for one in protocols(served)))
        for _ in range(20):
            (protocol,) = protocols(served)
            assert len(protocol.pipeline) <= PARSE_SIZE // len(GET) + 1
            served.background.call(lambda: None)


def test_a_long_pipeline_is_answered_whole() -> None:
    many = 3000
    with serving(FILE) as served:
        got, end = served.raw(GET * many + chat("hi", "Connection: close"), limit=60)
    assert end == "FIN"
    assert got.count(b"404 NOT_FOUND") == many
    assert got.count(HELLO) == 1


def test_bodies_of_a_pipeline_are_read_whole() -> None:
    sent = b"".join(chat("hi" + "x" * size) for size in (0, 5000, 200_000, 10, 70_000))
    with serving(FILE) as served:
        got, _ = served.raw(sent + chat("hi", "Connection: close"), limit=30)
        sizes = [len(entry.request.body) for entry in served.session().journal]
    assert got.count(HELLO) == 6
    smallest = min(sizes)
    assert [size - smallest for size in sizes] == [0, 5000, 200_000, 10, 70_000, 0]


H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAA")


def test_a_thousand_offers_of_another_protocol_in_a_pipeline_are_answered() -> None:
    last = chat("hi", "Connection: close")
    with serving(FILE) as served:
        got, end = served.raw(chat("hi", *H2C) * 1000 + last, limit=60)
    assert (got.count(b"HTTP/1.1 200 OK\r\n"), got.count(HELLO), end) == (1001, 1001, "FIN")


def test_an_offer_does_not_keep_a_connection_that_is_to_close() -> None:
    request = chat("hi", "Connection: close, Upgrade", "Upgrade: h2c")
    with serving(FILE) as served:
        got, end = served.raw(request)
        (entry,) = served.session().journal
    assert (got.count(HELLO), end) == (1, "FIN")
    assert entry.request.header("connection") == "close"
    assert entry.request.header("upgrade") == ""


def test_an_offer_of_an_old_client_is_answered_as_to_an_old_client() -> None:
    request = chat("hi", "Connection: Upgrade", "Upgrade: h2c", stream=True)
    with serving(FILE) as served:
        got, end = served.raw(request.replace(b"HTTP/1.1\r\n", b"HTTP/1.0\r\n"))
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert (body[:6], body[-14:], end) == (b"data: ", b"data: [DONE]\n\n", "FIN")


def test_a_client_that_waits_in_a_pipeline_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StoppedClock(monkeypatch)
    half = chat("hi" + "x" * 100_000)
    limits = Limits(silence=5, look=0.02)
    with serving(FILE, speed=1, limits=limits) as served, connected(served) as sock:

        def pass_time_while_requests_wait() -> float:
            if any(one.has_queued_requests for one in protocols(served)):
                clock.advance(6)
            return clock.now()

        monkeypatch.setattr("mockglm.serving.server.monotonic", pass_time_while_requests_wait)
        sock.sendall(chat("slow", stream=True) + half + chat("hi", "Connection: close"))
        got = received(sock)
    assert got.count(b"HTTP/1.1 200 OK") == 3
    assert got.count(HELLO) == 2


# Bodies and answers in flight.


def unfinished(size: int) -> bytes:
    """The head of a request and so much of its body, which has one byte more."""
    head = f"POST /v4/chat/completions HTTP/1.1\r\nContent-Length: {size + 1}\r\n\r\n"
    return head.encode() + b" " * size


def test_bodies_in_flight_are_bounded_over_all_connections() -> None:
    limits = Limits(in_flight=300_000, small_body=1000)
    with serving(FILE, limits=limits) as served:
        counted = served.background.server.app
        with ExitStack() as stack:
            socks = [stack.enter_context(connected(served)) for _ in range(3)]
            for sock in socks[:2]:
                sock.sendall(unfinished(140_000))
            served.wait_until(lambda: counted.in_flight == 280_000)
            refused, end = served.raw(chat("hi" + "x" * 30_000))
            assert served.ask("hi").status_code == 200
            socks[0].sendall(b" ")
            assert socks[0].recv(65536).startswith(b"HTTP/1.1 401 ")
            assert served.ask("hi" + "x" * 30_000).status_code == 200
        served.wait_until(lambda: counted.in_flight == 0)
        assert served.ask("hi" + "x" * 200_000).status_code == 200
        entry = next(one for one in served.session().journal if one.response.status == 503)  # type: ignore[union-attr]
    assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert end == "FIN"
    assert entry.source == "gateway"
    assert entry.notes == ("refused: the requests in flight hold as many bytes as they may",)


def test_answers_in_flight_are_bounded_over_all_connections() -> None:
    limits = Limits(in_flight=16_000, small_answer=2000)
    with serving(FILE, limits=limits) as served:
        counted = served.background.server.app
        with ExitStack() as stack:
            for count in (1, 2):
                sock = stack.enter_context(connected(served))
                sock.sendall(chat("large"))
                served.wait_until(lambda count=count: len(served.session().journal) == count)  # type: ignore[misc]
            refused, end = served.raw(chat("large"))
            assert served.ask("hi").status_code == 200
        served.wait_until(lambda: counted.in_flight == 0)
        statuses = [one.response.status for one in served.session().journal if one.response]
    assert (refused[:13], end) == (b"HTTP/1.1 503 ", "FIN")
    assert statuses == [200, 200, 503, 200]


def test_a_client_that_leaves_in_its_body_holds_nothing() -> None:
    with serving(FILE) as served:
        counted = served.background.server.app
        with connected(served) as sock:
            sock.sendall(unfinished(500_000))
            served.wait_until(lambda: counted.in_flight == 500_000)
        served.wait_until(lambda: counted.in_flight == 0)


# What is kept of what clients send.


def test_long_header_fields_and_paths_are_kept_by_no_cache() -> None:
    before = routes.parse_short_route.cache_info().misses
    with serving(FILE) as served:
        cache = served.background.server.app.header_cache
        for number in range(5):
            served.raw(chat("hi", f"X-{number}: {'v' * 20_000}", "Connection: close"))
            path = f"/v4/{number}{'p' * 5000}"
            assert httpx.get(f"{served.host}{path}", trust_env=False).status_code == 401
    kept = [len(name) + len(value) for name, value in cache]
    assert max(kept) <= app.MAX_CACHED_LENGTH
    assert routes.parse_short_route.cache_info().misses - before <= 5


def test_kept_header_fields_are_few() -> None:
    with serving(FILE) as served:
        for number in range(0, 1200, 100):
            fields = [f"X-{one}: {one}" for one in range(number, number + 100)]
            served.raw(chat("hi", "Connection: close", *fields))
        entry = list(served.session().journal)[-1]
        cache = served.background.server.app.header_cache
    assert 0 < len(cache) <= app.MAX_CACHED_FIELDS
    assert ("x-1199", "1199") in entry.request.headers


def test_large_heads_count_in_the_journal() -> None:
    with serving(FILE) as served:
        served.raw(chat("hi", "Connection: close", f"X-Long: {'v' * 60_000}"))
        (entry,) = served.session().journal
        assert entry.size > 60_000
        assert served.sessions.budget.used == entry.size


# Connections.


def test_many_idle_connections_keep_nobody_from_an_answer() -> None:
    with serving(FILE) as served, ExitStack() as stack:
        socks = [stack.enter_context(connected(served)) for _ in range(300)]
        assert served.ask("hi").status_code == 200
        for sock in socks[::30]:
            sock.sendall(chat("hi"))
            assert HELLO in sock.recv(65536)


class _Closed:
    """A transport that closes, whose socket is closed already."""

    def __init__(self) -> None:
        self.aborted = False
        self._socket = socket.socket()
        self._socket.close()

    def get_extra_info(self, name: str) -> socket.socket:
        return self._socket

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return True

    def abort(self) -> None:
        self.aborted = True


async def test_a_connection_that_closes_can_be_reset() -> None:
    transport = _Closed()
    gone = asyncio.get_running_loop().create_future()
    connection = HTTPConnection(cast("Any", transport), cast("Any", None), cast("Any", None), gone)
    await connection.wait_sent()
    connection.reset()
    assert transport.aborted


def test_a_control_api_that_cannot_be_loaded_is_unavailable_until_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(FILE) as served:
        url = f"{served.host}/__mockglm__/sessions"
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "mockglm.control", None)
            refused = httpx.get(url, trust_env=False)
        assert httpx.get(url, trust_env=False).json() == []
    assert refused.status_code == 503
    assert refused.json()["error"].startswith("the control API cannot be loaded: ")
