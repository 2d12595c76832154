"""Pages of other sites cannot use the recorder while it holds a key of its own."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest

from tests.recorder.service import Call, Service, recording
from tests.serving import KEY

OWN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0.Qw7ErTy9UiOp2AsD"
FOREIGN = [
    {"Origin": "http://evil.example", "Content-Type": "text/plain"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:80@evil.example"},
    {"Host": "evil.example:8600", "Origin": "http://evil.example:8600"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "[::1].evil.example"},
    {"Host": "localhost:80.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
]
LOCAL = [
    {},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://127.0.0.1:5173", "Sec-Fetch-Site": "same-site"},
    {"Host": "localhost:8600"},
    {"Host": "[::1]:8600"},
]


def answer(call: Call) -> None:
    body = b"{}"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    call.sock.sendall(head + body)


def send(url: str, headers: dict[str, str], method: str = "POST") -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=60) as client:
        return client.request(method, f"{url}/chat/completions", headers=headers, content=b"{}")


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_cross_site_request_does_not_reach_the_service(
    tmp_path: Path, headers: dict[str, str], method: str
) -> None:
    path = tmp_path / "chat.yaml"
    with Service(answer) as service, recording(service.url, path, key=OWN) as proxy:
        refused = send(proxy.url, headers, method)
        entries = list(proxy.sessions.get().journal)
    assert (refused.status_code, refused.headers["x-mockglm-miss"]) == (403, "1")
    assert service.calls == []
    assert not path.exists()
    assert [entry.code for entry in entries] == ["403"]


@pytest.mark.parametrize("name", ["Host", "Origin"])
def test_each_of_several_hosts_and_origins_counts(tmp_path: Path, name: str) -> None:
    values = {"Host": ("127.0.0.1", "evil.example"), "Origin": ("http://localhost", "null")}[name]
    with Service(answer) as service, recording(service.url, tmp_path / "a.yaml", key=OWN) as proxy:
        for pair in (values, values[::-1]):
            lines = "".join(f"{name}: {value}\r\n" for value in pair)
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as sock:
                sock.sendall(f"GET /v4/models HTTP/1.1\r\n{lines}\r\n".encode())
                assert sock.recv(65536).startswith(b"HTTP/1.1 403 ")
    assert service.calls == []


@pytest.mark.parametrize("headers", LOCAL, ids=str)
def test_local_page_may_use_the_recorder(tmp_path: Path, headers: dict[str, str]) -> None:
    with Service(answer) as service, recording(service.url, tmp_path / "a.yaml", key=OWN) as proxy:
        assert send(proxy.url, headers).status_code == 200
    assert [call.header("authorization") for call in service.calls] == [f"Bearer {OWN}"]


def test_cross_site_request_with_a_key_of_its_own_passes_without_ours(tmp_path: Path) -> None:
    headers = {"Origin": "http://evil.example", "Authorization": f"Bearer {KEY}"}
    with Service(answer) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        assert send(proxy.url, headers).status_code == 200
    assert len(service.calls) == 1
