"""Every byte and when it came, whatever the network does."""

from __future__ import annotations

import socket
import struct
import threading

import pytest
from msgspec.structs import replace

from mockglm.conformance.transport import Patience, connect
from mockglm.exchange import Request, Response
from tests.conformance.reference import ANSWERS, STREAM_TYPE
from tests.conformance.server import serving

ASK = Request("POST", "/chat/completions", "a=1", (("x-a", "1"),), b'{"request_id":"m-x-stream"}')
QUICK = Patience(connect=2.0, idle=2.0, whole=0.2)


def test_pieces_are_kept_apart_with_their_times() -> None:
    with serving(lambda name: ANSWERS["stream"]) as (url, asked), connect(url) as send:
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
    assert asked[0][1]["x-a"] == "1"


def test_an_answer_that_is_cut_keeps_what_had_come() -> None:
    cut = replace(ANSWERS["stream"], end="close")
    with serving(lambda name: cut) as (url, _), connect(url) as send:
        exchange = send(ASK)
    assert exchange.response is not None
    assert exchange.response.end == "close"
    assert exchange.response.body == ANSWERS["stream"].body
    assert "RemoteProtocolError" in exchange.error


@pytest.mark.parametrize(
    ("patience", "error"),
    [
        (QUICK, "the answer had not ended after 0.2 s"),
        (Patience(whole=60, size=4_000), "the answer had not ended after 4"),
    ],
)
def test_an_answer_without_an_end_is_left(patience: Patience, error: str) -> None:
    endless = Response(200, (STREAM_TYPE,), ((0.0, b": still here\n" * 20),), end="hang")
    with serving(lambda name: endless) as (url, _), connect(url, patience) as send:
        exchange = send(ASK)
    assert exchange.response is not None
    assert exchange.response.end == "hang"
    assert exchange.error.startswith(error)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://:99999", "ftp://a", "http://[::"])
def test_what_cannot_be_reached_is_no_answer(url: str) -> None:
    with connect(url) as send:
        exchange = send(ASK)
    assert exchange.response is None
    assert exchange.error


def test_a_silent_server_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with connect(url, Patience(connect=2.0, idle=0.1)) as send:
            exchange = send(ASK)
    assert (exchange.response, exchange.error) == (None, "ReadTimeout: timed out")


@pytest.mark.parametrize(("linger", "end"), [(True, "reset"), (False, "close")])
def test_how_an_answer_was_broken_off_is_kept(linger: bool, end: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ndata: "
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_break_off, args=(listening, head, linger))
        thread.start()
        with connect(f"http://127.0.0.1:{listening.getsockname()[1]}") as send:
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
