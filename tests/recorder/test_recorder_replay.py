"""Recordings of all scenarios and faults over TLS replay as the client received them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from mockglm import faults
from mockglm.app import App
from mockglm.scenarios import shipped_scenarios
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer
from tests.recorder.conftest import Authority
from tests.recorder.service import recording

UNREACHED = 599
"""The status of what had no head, so that there is nothing to be recorded."""

SPEED = 200.0
"""The speed of the scenarios while they are recorded."""

SLOW = ("stall", "drip", "slow", "hang", "huge", "concurrency", "one-byte")
"""Parts of the names of scenarios and faults that take long at any speed."""

FAULTS = [name for name, fault in faults.CATALOGUE.items() if fault.kind != "meaning"]
WHAT = [
    f"/{name}"
    for name in (*sorted(shipped_scenarios()), *(f"hello+{fault}" for fault in FAULTS))
    if not any(word in name for word in SLOW)
]


STEP = 0.125

PLAIN = ("/hello", "/finish", "/error", "/tool-call")
"""Scenarios that are also requested as JSON."""


@dataclass(frozen=True)
class Told:
    """An answer as a client has it: its status, all bytes of its body, and how it ended."""

    status: int
    kind: str
    body: bytes
    end: str


@pytest.fixture(scope="module")
def service(authority: Authority) -> Iterator[str]:
    """The URL below which a server has all scenarios, over TLS."""
    sessions = Sessions(Settings(speed=SPEED, on_miss="improvise"))
    certfile, keyfile = str(authority.certificate), str(authority.key)
    background = BackgroundServer(App(sessions), grace=0.2, certfile=certfile, keyfile=keyfile)
    background.start()
    yield f"https://127.0.0.1:{background.port}/s"
    background.stop()


class Counting:
    """A clock that goes an eighth of a second on whenever it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += STEP
        return self.now


def ask(client: httpx.Client, what: str, *, stream: bool) -> Told:
    message = {"role": "user", "content": "你好，北京天气怎么样？"}
    asked = {"model": "glm-4.6", "messages": [message], "stream": stream}
    pieces: list[bytes] = []
    with client.stream("POST", f"{what}/api/paas/v4/chat/completions", json=asked) as answer:
        end = "done"
        try:
            pieces.extend(answer.iter_raw())
        except httpx.TransportError as error:
            end = type(error).__name__
        status = UNREACHED if "x-mockglm-miss" in answer.headers else answer.status_code
        return Told(status, answer.headers.get("content-type", ""), b"".join(pieces), end)


def test_every_scenario_is_recorded_with_its_times_and_replayed(
    tmp_path: Path, service: str, authority: Authority
) -> None:
    path = tmp_path / "a.yaml"
    told: dict[tuple[str, bool], Told] = {}
    clock = Counting()
    with recording(service, path, ca=authority.ca, clock=clock) as proxy, proxy.client() as client:
        for what in WHAT:
            for stream in (True, False) if what.startswith(PLAIN) else (True,):
                told[what, stream] = ask(client, what, stream=stream)
    told = {asked: answer for asked, answer in told.items() if answer.status != UNREACHED}
    seen = [passed.exchange.response for passed in proxy.passed]
    assert len(seen) >= len(told) > len(WHAT)
    assert proxy.answers == seen
    for answer in seen:
        assert answer is not None
        times = [answer.head, *(at for at, _ in answer.chunks)]
        assert times == [STEP * number for number in range(1, len(times) + 1)]
    with recording(service, path) as proxy, proxy.client() as client:
        assert proxy.recorder is None
        for (what, stream), expected in told.items():
            assert ask(client, what, stream=stream) == expected, (what, stream)
