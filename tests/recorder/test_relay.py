"""Responses of a service are bounded: bytes, frames, time, and all of them together."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from mockglm.errors import UpstreamError
from mockglm.exchange import Request
from mockglm.limits import Limits
from mockglm.recorder import Timeouts, Upstream, relay
from tests.recorder.service import Call, Proxy, Service, chunk, head, recording

FRAME = b'data: {"n":1}\n\n'
DONE = b"data: [DONE]\n\n"
JSON = "application/json"


def endless(call: Call) -> None:
    """Send frames until the client leaves."""
    call.send(head())
    while True:
        call.send(chunk(FRAME * 100))


def pausing(call: Call) -> None:
    """Send a frame, and no other."""
    call.send(head() + chunk(FRAME))
    call.wait_gone()


def sized(length: int) -> Service:
    """A service whose head announces so many bytes."""
    lines = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nContent-Length: {length}\r\n\r\n"

    def send(call: Call) -> None:
        call.send(lines.encode() + b"x" * min(length, 1000))
        call.wait_gone()

    return Service(send)


def notes(proxy: Proxy) -> list[tuple[str, ...]]:
    return [entry.notes for entry in proxy.sessions.get().journal]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(response=10_000), "the response has more than 10,000 bytes"),
        (Limits(frames=100), "the response has more than 100 frames"),
        (
            Limits(in_flight=10_000, small_answer=100),
            "the responses in flight hold as many bytes as they may",
        ),
    ],
    ids=["bytes", "frames", "in flight"],
)
def test_stream_without_an_end_is_cut_and_not_recorded(
    tmp_path: Path, limits: Limits, reason: str
) -> None:
    with (
        Service(endless) as service,
        recording(service.url, tmp_path / "a.yaml", limits=limits) as proxy,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            proxy.post(json={"stream": True})
        assert notes(proxy) == [("not recorded", reason, "cut")]
    assert proxy.told[0] == f"mockglm: not recorded: {reason}"
    assert proxy.passed == []
    assert not proxy.path.exists()


def test_stream_that_takes_too_long_is_cut_and_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadlines: list[asyncio.Timeout] = []
    begin = asyncio.timeout

    def note(seconds: float) -> asyncio.Timeout:
        deadlines.append(begin(seconds))
        return deadlines[-1]

    reason = "the response takes longer than 3600 s"
    with (
        Service(pausing) as service,
        recording(service.url, tmp_path / "a.yaml", limits=Limits(response_time=3600)) as proxy,
        proxy.client() as client,
    ):
        monkeypatch.setattr(relay, "asyncio", SimpleNamespace(timeout=note))
        with client.stream("POST", "/chat/completions") as answer:
            pieces = answer.iter_raw()
            assert next(pieces) == FRAME
            proxy.background.call(lambda: deadlines[-1].reschedule(0))
            with pytest.raises(httpx.RemoteProtocolError):
                next(pieces)
        assert notes(proxy) == [("not recorded", reason, "cut")]
    assert proxy.told[0] == f"mockglm: not recorded: {reason}"
    assert not proxy.path.exists()


@pytest.mark.parametrize(
    ("limits", "count"),
    [(Limits(response=len(FRAME) * 10), 10), (Limits(frames=10), 10)],
    ids=["bytes", "frames"],
)
def test_response_at_the_bound_is_recorded(tmp_path: Path, limits: Limits, count: int) -> None:
    body = FRAME * count
    with (
        Service(lambda call: call.send(head() + chunk(body) + chunk(b""))) as service,
        recording(service.url, tmp_path / "a.yaml", limits=limits) as proxy,
    ):
        assert proxy.post().content == body
    assert proxy.answers[0].body == body


def test_length_beyond_the_bound_is_an_error_before_any_byte(tmp_path: Path) -> None:
    with (
        sized(2000) as service,
        recording(service.url, tmp_path / "a.yaml", limits=Limits(response=1000)) as proxy,
    ):
        response = proxy.post()
        assert notes(proxy) == [("not recorded: no answer",)]
    assert (response.status_code, response.headers["x-mockglm-miss"]) == (502, "1")
    assert response.json()["error"]["message"] == (
        f"mockglm: {service.url} answers beyond the recorder's bounds: "
        "the response has more than 1,000 bytes"
    )


def test_head_without_an_end_is_an_error_in_time(tmp_path: Path) -> None:
    def send(call: Call) -> None:
        call.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not left.wait(0.01):
            call.send(b"HTTP/1.1 102 Processing\r\n\r\n")

    left = threading.Event()
    limits = Limits(response_time=0.3)
    with (
        Service(send) as service,
        recording(service.url, tmp_path / "a.yaml", limits=limits) as proxy,
    ):
        response = proxy.post()
        left.set()
    assert response.status_code == 502
    assert "takes longer than 0.3 s" in response.text


def test_head_of_any_size_is_an_error(tmp_path: Path) -> None:
    def send(call: Call) -> None:
        call.send(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            call.send(b"X-%d: %b\r\n" % (number, b"v" * 1000))

    with Service(send) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        response = proxy.post()
    assert response.status_code == 502
    assert "RemoteProtocolError" in response.text


def test_bytes_of_responses_that_ended_are_not_counted(tmp_path: Path) -> None:
    body = b"x" * 6000
    limits = Limits(in_flight=10_000, small_answer=100)
    with (
        Service(lambda call: call.send(head(kind=JSON) + chunk(body) + chunk(b""))) as service,
        recording(service.url, tmp_path / "a.yaml", limits=limits) as proxy,
    ):
        for number in range(5):
            assert proxy.post(json={"n": number}).content == body
    assert len(proxy.answers) == 5


def test_open_responses_are_counted_together(tmp_path: Path) -> None:
    def send(call: Call) -> None:
        call.send(head() + chunk(FRAME * 400))
        go_on.wait(60)
        call.send(chunk(DONE) + chunk(b""))

    go_on = threading.Event()
    limits = Limits(in_flight=2000 * len(FRAME) // 2, small_answer=100)
    with (
        Service(send) as service,
        recording(service.url, tmp_path / "a.yaml", limits=limits) as proxy,
        ExitStack() as stack,
    ):
        client = stack.enter_context(proxy.client())
        streams = []
        for number in range(2):
            asked = client.stream("POST", "/chat/completions", json={"n": number})
            streams.append(stack.enter_context(asked).iter_raw())
            assert next(streams[-1])
        with pytest.raises(httpx.RemoteProtocolError):
            proxy.post(json={"n": 3})
        go_on.set()
        for pieces in streams:
            assert b"".join(pieces).endswith(DONE)
    assert len(proxy.answers) == 2


async def test_verification_is_bounded_alike() -> None:
    with sized(100_000_000) as service:
        upstream = Upstream(service.url, allowed=("127.0.0.1",), timeouts=Timeouts(idle=5))
        with pytest.raises(UpstreamError, match="more than 67,108,864 bytes"):
            await upstream.fetch(Request("GET", "/models"))
        await upstream.close()
