"""A running server for tests: real uvicorn, real socket, in a thread."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from mockglm.app import App
from mockglm.limits import DEFAULT, Limits
from mockglm.scenarios import Scenario, load, parse
from mockglm.server import Session, Sessions, Settings
from mockglm.serving import BackgroundServer

__all__ = ["KEY", "Served", "serving"]

KEY = "0123456789abcdef0123456789abcdef.SecretSecret1234"


@dataclass
class Served:
    """A server that runs: where it is, and its state."""

    background: BackgroundServer
    sessions: Sessions

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.background.port}"

    @property
    def url(self) -> str:
        return f"{self.host}/api/paas/v4"

    def base(self, name: str) -> str:
        """The base URL at which one scenario plays."""
        return f"{self.host}/s/{name}/api/paas/v4"

    def session(self, scenario: str = "", label: str = "") -> Session:
        return self.sessions.get(scenario, label)

    def ask(self, text: str = "你好", *, base: str = "", **body: Any) -> httpx.Response:
        """Ask for a completion and read all of the answer."""
        url = f"{base or self.url}/chat/completions"
        message = {"role": "user", "content": text}
        asked = {"model": "glm-4.6", "messages": [message], **body}
        headers = {"Authorization": f"Bearer {KEY}"}
        return httpx.post(url, json=asked, headers=headers, timeout=30, trust_env=False)

    def wait_until(self, holds: Callable[[], bool], *, tries: int = 500) -> None:
        """Wait until something holds that the server is about to do."""
        for _ in range(tries):
            if holds():
                return
            time.sleep(0.01)
        raise AssertionError("it did not come to hold")

    def raw(self, request: bytes, *, limit: float = 10) -> tuple[bytes, str]:
        """Send bytes, read until the connection ends: what came, and FIN, RST or open."""
        with socket.create_connection(("127.0.0.1", self.background.port), timeout=limit) as sock:
            sock.sendall(request)
            return _drain(sock)


def post(
    body: dict[str, Any],
    path: str = "/api/paas/v4/chat/completions",
    *more: str,
    key: str = KEY,
) -> bytes:
    """A POST as bytes."""
    text = json.dumps(body, ensure_ascii=False).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(text)}",
        *more,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + text


def _drain(sock: socket.socket) -> tuple[bytes, str]:
    pieces: list[bytes] = []
    while True:
        try:
            piece = sock.recv(65536)
        except ConnectionResetError:
            return b"".join(pieces), "RST"
        except TimeoutError:
            return b"".join(pieces), "open"
        if not piece:
            return b"".join(pieces), "FIN"
        pieces.append(piece)


@contextmanager
def serving(
    *files: str | Path, speed: float = 0, limits: Limits = DEFAULT, **settings: Any
) -> Iterator[Served]:
    """Serve scenarios, given as paths or as the text of a file, until the block ends."""
    scenarios = [_scenario(file, index) for index, file in enumerate(files)]
    sessions = Sessions(Settings(speed=speed, **settings), scenarios)
    background = BackgroundServer(App(sessions, limits=limits), grace=0.2)
    background.start()
    try:
        yield Served(background, sessions)
    finally:
        background.stop()


def _scenario(file: str | Path, index: int) -> Scenario:
    if isinstance(file, Path):
        return load(file)
    return parse(file.encode(), f"file{index}.yaml" if index else "file.yaml")
