"""Transport: every byte with its time, within limits."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

import pytest
from msgspec.structs import replace

from mockglm.conformance.transport import ReadLimits, open_client
from mockglm.exchange import Request, Response
from tests.conformance.endpoint import Endpoint
from tests.conformance.reference import ANSWERS, STREAM_TYPE

ASK = Request("POST", "/chat/completions", "a=1", (("x-a", "1"),), b'{"request_id":"m-x-stream"}')


def test_pieces_are_kept_with_their_times(endpoint: Endpoint) -> None:
    endpoint.answer_with(lambda name: ANSWERS["stream"])
    with open_client(endpoint.url) as send:
        exchange = send(ASK)
    answer = exchange.response
    assert answer is not None
    assert (answer.status, answer.end, exchange.error) == (200, "done", "")
    assert answer.body == ANSWERS["stream"].body
    assert len(answer.chunks) > 3
    times = [at for at, _ in answer.chunks]
    assert times == sorted(times)
    assert answer.head is not None
    assert 0 < answer.head <= times[0]
    assert endpoint.requests[0][1]["x-a"] == "1"


def test_a_broken_off_answer_keeps_the_bytes_received(endpoint: Endpoint) -> None:
    endpoint.answer_with(lambda name: replace(ANSWERS["stream"], end="close"))
    with open_client(endpoint.url) as send:
        exchange = send(ASK)
    assert exchange.response is not None
    assert exchange.response.end == "close"
    assert exchange.response.body == ANSWERS["stream"].body
    assert "RemoteProtocolError" in exchange.error


@pytest.mark.usefixtures("reads_the_beginning")
@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (ReadLimits(whole=0.2), "the answer had not ended after 0.2 s (--timeout)"),
        (ReadLimits(whole=60, size=4_000), "the answer had not ended after 4000 bytes"),
        (ReadLimits(whole=60, lines=100), "the answer had not ended after 100 lines or pieces"),
    ],
)
def test_an_endless_answer_is_left_at_a_limit(
    endpoint: Endpoint, limits: ReadLimits, error: str
) -> None:
    endless = Response(200, (STREAM_TYPE,), ((0.0, b": still here\n" * 20),), end="hang")
    endpoint.answer_with(lambda name: endless)
    with open_client(endpoint.url, limits) as send:
        exchange = send(ASK)
    assert exchange.response is not None
    assert (exchange.response.end, exchange.error) == ("hang", error)
    assert len(exchange.response.body) < 1_000_000


def test_many_small_pieces_are_left_at_the_limit_of_lines(endpoint: Endpoint) -> None:
    endless = Response(200, (STREAM_TYPE,), ((0.0, b"x"),), end="hang")
    endpoint.answer_with(lambda name: endless)
    with open_client(endpoint.url, ReadLimits(whole=60, lines=20)) as send:
        exchange = send(ASK)
    assert exchange.response is not None
    assert len(exchange.response.chunks) == 21


@pytest.mark.parametrize(
    ("head", "again"),
    [
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n"),
    ],
    ids=["interim responses", "headers"],
)
def test_an_endless_head_is_left_at_the_timeout(head: bytes, again: bytes) -> None:
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        arguments = (listening, head, again, stopped)
        thread = threading.Thread(target=_repeat_head, args=arguments)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with open_client(url, ReadLimits(whole=0.3)) as send:
            exchange = send(ASK)
        stopped.set()
        thread.join()
    assert (exchange.response, exchange.error) == (
        None,
        "no answer had begun after 0.3 s (--timeout)",
    )


def _repeat_head(
    listening: socket.socket, head: bytes, again: bytes, stopped: threading.Event
) -> None:
    """Send a part of a head again and again, each within the timeout of one read."""
    connection, _ = listening.accept()
    with connection, suppress(OSError):
        connection.sendall(head)
        while not stopped.wait(0.02):
            connection.sendall(again)


def test_a_bug_in_the_thread_is_raised(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(response: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("mockglm.conformance.transport.read_headers", fail)
    with open_client(endpoint.url) as send, pytest.raises(RuntimeError, match="out of order"):
        send(ASK)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://:99999", "ftp://a", "http://[::"])
def test_an_unreachable_url_has_no_answer(url: str) -> None:
    with open_client(url) as send:
        exchange = send(ASK)
    assert exchange.response is None
    assert exchange.error


def test_a_silent_server_is_left_at_the_idle_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with open_client(url, ReadLimits(connect=2.0, idle=0.1)) as send:
            exchange = send(ASK)
    assert (exchange.response, exchange.error) == (None, "ReadTimeout: timed out")


@pytest.mark.parametrize(("linger", "end"), [(True, "reset"), (False, "close")])
def test_the_end_of_a_broken_off_answer_is_kept(linger: bool, end: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ndata: "
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_break_off, args=(listening, head, linger))
        thread.start()
        with open_client(f"http://127.0.0.1:{listening.getsockname()[1]}") as send:
            exchange = send(ASK)
        thread.join()
    assert exchange.response is not None
    assert exchange.response.end == end


def _break_off(listening: socket.socket, head: bytes, linger: bool) -> None:
    """Answer one request in part, then reset the connection or close it."""
    connection, _ = listening.accept()
    with connection:
        while b"m-x-stream" not in connection.recv(65536):
            continue
        connection.sendall(head)
        if linger:
            onoff = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, onoff)
