"""What was recorded over TLS from every scenario and under faults is played as it was passed on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from mockglm import faults
from mockglm.app import App
from mockglm.scenario import load, shipped
from mockglm.serving import Background
from mockglm.session import Sessions, Settings
from tests.recorder.conftest import Authority
from tests.recorder.service import Proxy, recording

SPEED = 200.0
"""How much faster than the models the scenarios are played while they are recorded."""

SLOW = ("stall", "drip", "hang", "slow", "silence")
"""Faults that take their time, which nothing scales."""

WHAT = [f"/s/{name}" for name in sorted(shipped())]
WHAT += [
    f"/s/hello+{name}"
    for name, fault in faults.CATALOGUE.items()
    if fault.kind != "meaning" and not name.startswith(SLOW)
]


@dataclass(frozen=True)
class Told:
    """An answer as a client has it: its status, all bytes of its body, and how it ended."""

    status: int
    kind: str
    body: bytes
    end: str


@pytest.fixture(scope="module")
def service(authority: Authority) -> Iterator[str]:
    """The URL of a server with all scenarios, over TLS."""
    sessions = Sessions(Settings(speed=SPEED, on_miss="improvise"))
    files = {"certfile": str(authority.certificate), "keyfile": str(authority.key)}
    background = Background(App(sessions), grace=0.2, **files)
    background.start()
    yield f"https://127.0.0.1:{background.port}"
    background.stop()


def ask(proxy: Proxy, what: str, *, stream: bool) -> Told:
    message = {"role": "user", "content": "北京天气怎么样？"}
    asked = {"model": "glm-4.6", "messages": [message], "stream": stream}
    pieces: list[bytes] = []
    with (
        proxy.client() as client,
        client.stream("POST", f"{what}/api/paas/v4/chat/completions", json=asked) as answer,
    ):
        end = "done"
        try:
            pieces.extend(answer.iter_raw())
        except httpx.TransportError as error:
            end = type(error).__name__
        return Told(answer.status_code, answer.headers["content-type"], b"".join(pieces), end)


def test_everything_that_can_be_played_is_recorded_and_replayed(
    tmp_path: Path, service: str, authority: Authority
) -> None:
    path = tmp_path / "a.yaml"
    told = {}
    with recording(service, path, ca=authority.ca) as proxy:
        for what in WHAT:
            for stream in (True, False):
                try:
                    told[what, stream] = ask(proxy, what, stream=stream)
                except (httpx.TransportError, KeyError):
                    continue  # no head, so that there is nothing to be recorded
    assert len(load(path).interactions) >= len(told) > len(WHAT)
    with recording(service, path) as proxy:
        assert proxy.recorder is None
        for (what, stream), expected in told.items():
            assert ask(proxy, what, stream=stream) == expected, (what, stream)
