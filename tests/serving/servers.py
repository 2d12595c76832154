"""A running server for tests: real uvicorn, real socket, in a thread."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from mockglm.app import App
from mockglm.journal import Entry
from mockglm.limits import DEFAULT, Limits
from mockglm.scenarios import Scenario, load, parse
from mockglm.server import Session, Sessions, Settings
from mockglm.serving import BackgroundServer

SILENCE = 0.1
"""Seconds without a byte after which the server is asked if it still has something to send."""

LONG = 4
"""Seconds of a pause that no test waits for."""

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

    def slots(self, scenario: str = "", label: str = "") -> int:
        """The number of slots that requests of a session have taken."""
        return self.session(scenario, label).ledger.in_flight

    def ask(self, text: str = "你好", *, base: str = "", **body: Any) -> httpx.Response:
        """Ask for a completion and read all of the answer."""
        url = f"{base or self.url}/chat/completions"
        message = {"role": "user", "content": text}
        asked = {"model": "glm-4.6", "messages": [message], **body}
        headers = {"Authorization": f"Bearer {KEY}"}
        return httpx.post(url, json=asked, headers=headers, timeout=60, trust_env=False)

    def wait_until(self, holds: Callable[[], bool], *, tries: int = 6000) -> None:
        """Wait until something holds that the server is about to do."""
        for _ in range(tries):
            if holds():
                return
            time.sleep(0.01)
        raise AssertionError("it did not come to hold")

    def raw(self, request: bytes, *, limit: float = 60) -> tuple[bytes, str]:
        """Send bytes, read until the connection ends: what came, and FIN, RST or open."""
        with self._connected(request, limit) as sock:
            return _drain(sock, lambda: True)

    def raw_until_silent(self, request: bytes) -> tuple[bytes, str]:
        """Send bytes, read until the connection ends or the server means to hold it in silence.

        The journal tells what it means, so that a slow machine is not taken for silence.
        """
        known = {session.name: session.requests for session in self.sessions}
        is_kept = b"connection: close" not in request.lower()
        seen: dict[int, float] = {}

        def is_held() -> bool:
            # A turn of the loop: what was due before has been written.
            self.background.call(lambda: None)
            new = [
                entry
                for session in self.sessions
                for ordinal in range(known.get(session.name, 0) + 1, session.requests + 1)
                if (entry := session.journal.get(ordinal))
            ]
            ages = [monotonic() - seen.setdefault(entry.serial, monotonic()) for entry in new]
            return any(
                _is_holding(entry, age) or (is_kept and _is_kept(entry))
                for entry, age in zip(new, ages, strict=True)
            )

        with self._connected(request, SILENCE) as sock:
            return _drain(sock, is_held)

    @contextmanager
    def _connected(self, request: bytes, timeout: float) -> Iterator[socket.socket]:
        address = ("127.0.0.1", self.background.port)
        with socket.create_connection(address, timeout=60) as sock:
            sock.sendall(request)
            sock.settimeout(timeout)
            yield sock


class StoppedClock:
    """The time by which servers judge silence: it passes only when a test says so."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._now = monotonic()
        for module in ("protocol", "server"):
            patch.setattr(f"mockglm.serving.{module}.monotonic", self.now)

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


def replace_file(path: Path, text: str) -> None:
    """Write a file at once, so that nobody reads a part of it."""
    new = path.with_suffix(".new")
    new.write_text(text, "utf-8")
    new.replace(path)


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


def _is_holding(entry: Entry, age: float) -> bool:
    """True if a response ends in silence or is silent for seconds, and what comes before is due."""
    response = entry.response
    if response is None:
        return False
    times = [response.head or 0, *(at for at, _ in response.chunks)]
    last = max((at for at in times if at <= LONG), default=0)
    return age > last and (response.end == "hang" or max(times) > LONG)


def _is_kept(entry: Entry) -> bool:
    """True if a response has been sent after which the connection stays open."""
    return entry.outcome != "open" and entry.response is not None and entry.response.end == "done"


def _drain(sock: socket.socket, is_over: Callable[[], bool]) -> tuple[bytes, str]:
    """Read to the end, or to a silence in which, and in the one before, `is_over` held."""
    pieces: list[bytes] = []
    was_over = is_over()
    while True:
        try:
            piece = sock.recv(65536)
        except ConnectionResetError:
            return b"".join(pieces), "RST"
        except TimeoutError:
            if was_over and is_over():
                return b"".join(pieces), "open"
            was_over = is_over()
            continue
        if not piece:
            return b"".join(pieces), "FIN"
        pieces.append(piece)


@contextmanager
def serving(
    *files: str | Path,
    speed: float = 0,
    limits: Limits = DEFAULT,
    fast_lane: bool = True,
    **settings: Any,
) -> Iterator[Served]:
    """Serve scenarios, given as paths or as the text of a file, until the block ends."""
    scenarios = [_scenario(file, index) for index, file in enumerate(files)]
    sessions = Sessions(Settings(speed=speed, **settings), scenarios)
    background = BackgroundServer(App(sessions, limits=limits), grace=0.2, fast_lane=fast_lane)
    background.start()
    try:
        yield Served(background, sessions)
    finally:
        background.stop()


def _scenario(file: str | Path, index: int) -> Scenario:
    if isinstance(file, Path):
        return load(file)
    return parse(file.encode(), f"file{index}.yaml" if index else "file.yaml")
