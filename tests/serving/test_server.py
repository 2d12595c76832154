"""Starting and stopping a server."""

from __future__ import annotations

import signal
import socket
from typing import Any, cast

import httpx
import pytest
from sse_starlette.sse import AppStatus

from mockglm.app import App
from mockglm.limits import Limits
from mockglm.scenarios import parse
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer
from tests.serving import Served
from tests.serving.test_protocol import SLOW, asked

NEVER = Limits(look=3600.0)
"""The limits of a server that checks nothing by itself while a test runs."""


def test_an_idle_server_stops_at_once() -> None:
    background = BackgroundServer(App(Sessions(Settings()), limits=NEVER), grace=3600)
    background.start()
    served = Served(background, cast("Any", None))
    with socket.create_connection(("127.0.0.1", background.port)), httpx.Client() as client:
        assert client.get(f"{served.host}/__mockglm__/health").status_code == 200
        background.stop()


def test_stopping_waits_for_running_streams_and_no_longer() -> None:
    sessions = Sessions(Settings(), [parse(SLOW.encode(), "file.yaml")])
    background = BackgroundServer(App(sessions, limits=NEVER), grace=3600)
    background.start()
    with socket.create_connection(("127.0.0.1", background.port), timeout=60) as sock:
        sock.sendall(asked("慢", stream=True))
        got = sock.recv(65536)
        background.stop()
        while piece := sock.recv(65536):
            got += piece
    assert got.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


def test_a_second_interrupt_stops_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    # A signal marks the whole process as ending for sse-starlette, which would end later feeds.
    monkeypatch.setattr(AppStatus, "should_exit", False)
    text = "format: 1\ninteractions: [{reply: {content: hello, fault: stall}}]\n"
    sessions = Sessions(Settings(), [parse(text.encode(), "file.yaml")])
    background = BackgroundServer(App(sessions, limits=NEVER), grace=3600)
    background.start()
    with socket.create_connection(("127.0.0.1", background.port), timeout=60) as sock:
        sock.sendall(asked("慢", stream=True))
        assert sock.recv(65536)
        for _ in range(2):
            background.server.handle_exit(signal.SIGINT, None)
        background.stop()


def test_a_stopped_server_can_be_stopped_again() -> None:
    background = BackgroundServer(App(Sessions(Settings())))
    background.start()
    background.stop()
    background.stop()
