"""The protocol of uvicorn connections on a real socket: framing, pipelines, limits, endings."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, cast

import pytest

from mockglm.app import App
from mockglm.limits import Limits
from mockglm.player import CONNECTION, Player
from mockglm.serving import BackgroundServer
from tests.serving import Served, StoppedClock, post, serving

SLOW = """
format: 1
interactions:
  - when: {user: 慢}
    reply: {content: 一二三四五六七八, pace: {first: 0.01, every: 0.01}}
  - when: {user: 快}
    reply: {content: 好}
"""


def asked(text: str, *more: str, stream: bool = False) -> bytes:
    messages = [{"role": "user", "content": text}]
    body = {"model": "glm-4.6", "messages": messages, "stream": stream}
    return post(body, "/api/paas/v4/chat/completions", *more)


@pytest.mark.parametrize("stream", [False, True])
def test_connection_close_of_the_client_is_obeyed(stream: bool) -> None:
    with serving(SLOW) as served:
        got, ended = served.raw(asked("快", "Connection: close", stream=stream))
    head, _, body = got.partition(b"\r\n\r\n")
    assert ended == "FIN"
    assert head.endswith(b"\r\nconnection: close")
    assert body.endswith(b"0\r\n\r\n") is stream


@pytest.mark.parametrize("path", ["chat/completions", "models"])
def test_an_idle_connection_expires_until_its_next_request_begins(path: str) -> None:
    """A chat is answered in the fast lane, the list of models is not."""
    with (
        serving(limits=Limits(idle=5, look=3600)) as served,
        socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock,
    ):
        method = "GET" if path == "models" else "POST"
        request = (
            asked("你好")
            .replace(b"POST", method.encode())
            .replace(b"chat/completions", path.encode())
        )
        sock.sendall(request)
        sock.recv(1)
        connection: Any = next(iter(served.background.server.server_state.connections))

        def expires() -> bool:
            timer = connection.timeout_keep_alive_task
            return timer is not None or connection.is_expired(monotonic() + 6)

        served.wait_until(expires)
        assert not connection.is_expired(monotonic() - 60)
        sock.sendall(b"POST /api")
        served.wait_until(lambda: not expires())


@pytest.mark.parametrize("fast_lane", [True, False])
def test_an_idle_connection_is_closed_in_time(
    fast_lane: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fast_lane:
        clock = StoppedClock(monkeypatch)
    with (
        serving(limits=Limits(idle=0.3, look=0.1), fast_lane=fast_lane) as served,
        socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock,
    ):
        sock.sendall(asked("你好"))
        got = sock.recv(65536)
        if fast_lane:
            clock.advance(1)
        while piece := sock.recv(65536):
            got += piece
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_head_has_no_body() -> None:
    with serving() as served:
        request = b"HEAD /api/paas/v4/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        got, ended = served.raw(request)
    head, _, body = got.partition(b"\r\n\r\n")
    assert (ended, body) == ("FIN", b"")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ncontent-length: " in head


def test_pipelined_requests_are_answered_whole_and_in_order() -> None:
    requests = (
        asked("慢", stream=True),
        asked("快"),
        asked("慢", stream=True),
        asked("快", "Connection: close"),
    )
    with serving(SLOW, speed=1, on_miss="error") as served:
        got, ended = served.raw(b"".join(requests))
    assert ended == "FIN"
    kinds = [b"event-stream" in part for part in got.split(b"HTTP/1.1 ")[1:]]
    assert kinds == [True, False, True, False]
    assert got.count(b"data: [DONE]\n\n\r\n0\r\n\r\n") == 2
    assert got.count(b'"content":"\xe4\xb8\x80\xe4\xba\x8c\xe4\xb8\x89\xe5\x9b\x9b"') == 2
    assert got.count(b'"content":"\xe5\xa5\xbd"') == 2


def test_a_client_that_leaves_its_pipeline_causes_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    large = f"format: 1\ninteractions: [{{reply: {{content: {'x' * 200_000}}}}}]\n"
    with serving(large) as served:
        with socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock:
            sock.sendall(asked("快") * 100)
            connections = served.background.server.server_state.connections
            served.wait_until(lambda: any(one.flow.write_paused for one in connections))  # type: ignore[union-attr]
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        served.wait_until(lambda: not served.background.connections)
        assert served.raw(asked("快", "Connection: close"))[1] == "FIN"
    assert caplog.text == ""


H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAA")
"""What Java's HttpClient sends with its requests."""


def halves(request: bytes) -> tuple[bytes, bytes]:
    head, blank, body = request.partition(b"\r\n\r\n")
    return head + blank, body


def exchanged(served: Served, parts: Sequence[bytes], answers: int) -> bytes:
    """What comes for these parts, each sent when the server has taken the one before."""
    with socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            sock.sendall(part)
            served.background.call(lambda: None)
        got = b""
        while got.count(b"HTTP/1.1 ") < answers or not got.endswith(b"}"):
            piece = sock.recv(65536)
            assert piece, got
            got += piece
        return got


@pytest.mark.parametrize("offer", [H2C, ("Connection: Upgrade", "Upgrade: websocket")])
def test_an_offer_of_another_protocol_is_ignored(offer: tuple[str, ...]) -> None:
    plain, offering = asked("快"), asked("快", *offer)
    with serving(SLOW) as served:
        for parts, answers in (
            ((offering,), 1),
            (halves(offering), 1),
            ((offering + offering,), 2),
            ((offering, plain), 2),
            ((plain, *halves(offering), plain), 3),
            ((offering[:60], offering[60:]), 1),
        ):
            got = exchanged(served, parts, answers)
            assert got.count(b"HTTP/1.1 200 OK\r\n") == answers
            assert got.count(b'"content":"\xe5\xa5\xbd"') == answers
        entries = list(served.session().journal)
    assert {entry.request.body for entry in entries} == {halves(plain)[1]}


def test_connect_is_refused() -> None:
    with serving() as served:
        got, ended = served.raw(b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n")
    assert (got[:13], ended) == (b"HTTP/1.1 400 ", "FIN")


def test_bytes_that_are_no_http_are_refused() -> None:
    with serving() as served:
        got, ended = served.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01")
    assert (got[:13], ended) == (b"HTTP/1.1 400 ", "FIN")


def test_an_incomplete_request_leaves_no_journal_entry() -> None:
    with serving(SLOW) as served:
        with socket.create_connection(("127.0.0.1", served.background.port)) as sock:
            sock.sendall(asked("快")[:-10])
        served.wait_until(lambda: served.background.connections == 0)
        assert served.ask("快").status_code == 200
        assert len(served.session().journal) == 1


def test_a_body_that_is_too_large_is_refused_while_it_is_sent() -> None:
    with serving(limits=Limits(body=100_000)) as served:
        got, ended = served.raw(asked("长" * 100_000))
        fitting = served.ask("长" * 10_000)
    assert got.startswith(b"HTTP/1.1 413 Request Entity Too Large\r\n")
    assert got.endswith(b"</html>\r\n")
    assert (ended, fitting.status_code) == ("FIN", 200)


def test_an_endless_body_is_refused() -> None:
    head = (
        b"POST /api/paas/v4/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n"
    )
    with serving(limits=Limits(body=100_000, discarded=500_000)) as served:
        got, _ = served.raw(head + b"\r\n" + bytes(600_000))
    assert got.startswith(b"HTTP/1.1 413 ")


def test_a_stream_of_http_1_0_is_not_chunked() -> None:
    request = asked("快", stream=True).replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n")
    with serving(SLOW) as served:
        got, ended = served.raw(request)
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert (ended, body[:6], body[-14:]) == ("FIN", b"data: ", b"data: [DONE]\n\n")


def test_a_failure_in_the_middle_of_a_response_adds_no_bytes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing:
        player = Player()
        limits = Limits()

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"][CONNECTION].write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
            raise RuntimeError("broken")

    background = BackgroundServer(cast("App", Failing()), fast_lane=False)
    background.start()
    try:
        served = Served(background, cast("Any", None))
        assert served.raw(asked("快")) == (b"HTTP/1.1 200 OK\r\n\r\nhalf", "FIN")
    finally:
        background.stop()
    assert "RuntimeError: broken" in caplog.text


def advance_until_closed(clock: StoppedClock, sock: socket.socket) -> bool:
    """Pass more time than the limit; True if the connection is closed, which takes one attempt
    more if the server had not read the last bytes.
    """
    clock.advance(6)
    sock.settimeout(0.1)
    with suppress(TimeoutError):
        return sock.recv(1) == b""
    return False


@pytest.mark.parametrize("sent", [0, 20, -10])
def test_a_client_that_falls_silent_in_its_request_is_disconnected(
    sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StoppedClock(monkeypatch)
    with serving(SLOW, limits=Limits(silence=5, look=0.02)) as served:
        with socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock:
            sock.sendall(asked("快")[:sent])
            served.wait_until(lambda: advance_until_closed(clock, sock))
        assert exchanged(served, [asked("快")], 1).count(b"HTTP/1.1 200 OK") == 1
    assert len(served.session().journal) == 1


def test_a_client_that_does_not_read_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "长" * 4_000_000
    body = f"format: 1\ninteractions: [{{when: {{user: 快}}, reply: {{content: {text}}}}}]"
    clock = StoppedClock(monkeypatch)
    limits = Limits(pause=5, look=0.02)
    with serving(body, limits=limits) as served, socket.socket() as sock:
        sock.connect(("127.0.0.1", served.background.port))
        sock.sendall(asked("快"))
        served.wait_until(lambda: len(served.session().journal) == 1)
        connections = served.background.server.server_state.connections
        served.wait_until(lambda: any(one.flow.write_paused for one in connections))  # type: ignore[union-attr]
        clock.advance(6)
        served.wait_until(lambda: served.background.connections == 0)
    [entry] = served.session().journal
    assert entry.outcome == "gone"


def test_a_client_that_waits_for_a_slow_response_stays_connected() -> None:
    slow = SLOW.replace("every: 0.01", "every: 600")
    with (
        serving(slow, speed=1, on_miss="error", limits=Limits(look=3600)) as served,
        socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock,
    ):
        sock.sendall(asked("慢", stream=True))
        assert sock.recv(1)
        connection: Any = next(iter(served.background.server.server_state.connections))
        assert not connection.is_stuck(monotonic() + 3600)
