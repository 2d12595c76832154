"""Requests stay below the base URL of the service, however their paths are spelled."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.errors import UpstreamError
from mockglm.exchange import Request
from mockglm.recorder import Upstream
from mockglm.recorder.paths import leaves_base
from tests.recorder.service import Call, Proxy, Service, recording

BASE = "/api/paas/v4"
LEAVING = [
    f"{BASE}/../../../admin",
    f"{BASE}/%2e%2e/%2e%2e/admin",
    f"{BASE}/.%2E/admin",
    f"{BASE}/..%2fadmin",
    f"{BASE}/files%2f..%2f..%2fadmin",
    f"{BASE}/..\\admin",
    f"{BASE}/..%5cadmin",
    f"{BASE}/%252e%252e/admin",
    f"{BASE}/%25252e%25252e%25252fadmin",
    f"{BASE}/..;x=1/admin",
    f"{BASE}/..%00/admin",
    f"{BASE}/..%20/admin",
    f"{BASE}/..",
    f"http://evil.example{BASE}/../../../admin",
    f"http://evil.example{BASE}/..%2fadmin",
]
STAYING = [
    (f"{BASE}/files/a..b/...", f"{BASE}/files/a..b/..."),
    (f"{BASE}/files/a%20b%25", f"{BASE}/files/a%20b%25"),
    (f"{BASE}//evil.example/x", f"{BASE}//evil.example/x"),
    (f"{BASE}/@evil.example/x", f"{BASE}/@evil.example/x"),
    (f"http://evil.example{BASE}/files", f"{BASE}/files"),
    (f"{BASE}/files?next=../../admin", f"{BASE}/files?next=../../admin"),
]


def answer(call: Call) -> None:
    call.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")


def send(proxy: Proxy, target: str) -> bytes:
    """Send a request with a target that no HTTP client would send, and read its response."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as sock:
        lines = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        sock.sendall(lines.encode("latin-1") + b"Content-Length: 2\r\n\r\n{}")
        pieces = []
        while piece := sock.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("target", LEAVING)
def test_path_that_leaves_the_base_does_not_reach_the_service(tmp_path: Path, target: str) -> None:
    path = tmp_path / "a.yaml"
    with Service(answer) as service, recording(service.url, path) as proxy:
        response = send(proxy, target)
        notes = [entry.code for entry in proxy.sessions.get().journal]
    assert response.startswith(b"HTTP/1.1 403 ")
    assert b"mockglm: the path leaves the base URL" in response
    assert notes == ["403"]
    assert service.calls == []
    assert not path.exists()


@pytest.mark.parametrize(("target", "sent"), STAYING)
def test_path_below_the_base_reaches_the_service_as_it_was_sent(
    tmp_path: Path, target: str, sent: str
) -> None:
    with Service(answer) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        assert send(proxy, target).startswith(b"HTTP/1.1 200 ")
    (call,) = service.calls
    assert call.head.split("\r\n")[0] == f"POST {sent} HTTP/1.1"
    assert call.header("host") == service.url.split("/")[2]


def test_query_keeps_its_bytes(tmp_path: Path) -> None:
    with Service(answer) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        send(proxy, f"{BASE}/files?a=%C4%E3&b=%22{{}}[]|^&c='")
    assert service.calls[0].head.split(" ")[1].startswith(f"{BASE}/files?a=%C4%E3&b=%22")


async def test_upstream_itself_refuses_a_path_that_leaves_the_base() -> None:
    upstream = Upstream("http://127.0.0.1:9/api/paas/v4", allowed=("127.0.0.1",))
    with pytest.raises(UpstreamError, match="is not below the base URL"):
        await upstream.fetch(Request("GET", "/../admin"))


@given(st.lists(st.sampled_from(["a", ".", "..", "%", "2e", "2E", "25", "5c", "2f", "/", "\\"])))
def test_no_spelling_that_decodes_to_a_parent_is_missed(parts: list[str]) -> None:
    from urllib.parse import unquote

    path = "/" + "".join(parts)
    once = unquote(path)
    twice = unquote(once)
    if any(".." in text.replace("\\", "/").split("/") for text in (path, once, twice)):
        assert leaves_base(path)
