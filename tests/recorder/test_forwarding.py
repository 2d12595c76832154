"""Requests stay below the base URL, and headers pass as bytes in both directions."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.errors import UpstreamError
from mockglm.exchange import Request
from mockglm.recorder import Upstream
from mockglm.recorder.forwarding import leaves_base
from mockglm.scenarios import load
from tests.recorder.service import KEY, Call, Proxy, Service, recording

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


def send_target(proxy: Proxy, target: str) -> bytes:
    """Send a request with a target that no HTTP client would send, and read its response."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as sock:
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
        response = send_target(proxy, target)
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
        assert send_target(proxy, target).startswith(b"HTTP/1.1 200 ")
    (call,) = service.calls
    assert call.head.split("\r\n")[0] == f"POST {sent} HTTP/1.1"
    assert call.header("host") == service.url.split("/")[2]


def test_query_keeps_its_bytes(tmp_path: Path) -> None:
    with Service(answer) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        send_target(proxy, f"{BASE}/files?a=%C4%E3&b=%22{{}}[]|^&c='")
    assert service.calls[0].head.split(" ")[1].startswith(f"{BASE}/files?a=%C4%E3&b=%22")


async def test_upstream_itself_refuses_a_path_that_leaves_the_base() -> None:
    upstream = Upstream("http://127.0.0.1:9/api/paas/v4", allowed=("127.0.0.1",))
    with pytest.raises(UpstreamError, match="is not below the base URL"):
        await upstream.fetch(Request("GET", "/../admin"))


@given(st.lists(st.sampled_from(["a", ".", "..", "%", "2e", "2E", "25", "5c", "2f", "/", "\\"])))
def test_no_spelling_that_decodes_to_a_parent_is_missed(parts: list[str]) -> None:
    path = "/" + "".join(parts)
    once = unquote(path)
    twice = unquote(once)
    if any(".." in text.replace("\\", "/").split("/") for text in (path, once, twice)):
        assert leaves_base(path)


OTHER = "f" * 32 + ".OtherOther123456"


def send_fields(proxy: Proxy, *fields: bytes) -> tuple[bytes, list[bytes]]:
    """Send a request with these header lines; return the body and the header lines received."""
    lines = (
        b"POST /api/paas/v4/chat/completions HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Connection: close",
    )
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as sock:
        sock.sendall(b"\r\n".join((*lines, *fields, b"Content-Length: 2", b"", b"{}")))
        received = b""
        while piece := sock.recv(65536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    return body, head.split(b"\r\n")


def answering(*fields: bytes) -> Service:
    """A service whose responses have these header lines."""
    head = b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Length: 2", *fields, b"", b"{}"))
    return Service(lambda call: call.send(head))


def header_lines(call: Call) -> list[str]:
    """The header lines that reached the service, decoded as latin-1."""
    return call.head.split("\r\n")[1:]


@pytest.mark.parametrize("value", [b"caf\xe9", "晴".encode(), "晴".encode("gbk"), b"\xff\xfe"])
@pytest.mark.parametrize("name", [b"User-Agent", b"Cookie", b"X-Own"])
def test_request_header_reaches_the_service_byte_by_byte(
    tmp_path: Path, name: bytes, value: bytes
) -> None:
    with answering() as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        body, (status, *_) = send_fields(proxy, name + b": " + value)
    assert status == b"HTTP/1.1 200 OK"
    assert body.endswith(b"{}\r\n0\r\n\r\n")
    assert f"{name.decode().lower()}: {value.decode('latin-1')}" in header_lines(service.calls[0])
    assert proxy.recorder is not None
    assert len(load(proxy.path).interactions) == 1


@pytest.mark.parametrize("name", ["authorization", "x-api-key", "api-key"])
def test_credential_beyond_ascii_reaches_the_service(tmp_path: Path, name: str) -> None:
    with answering() as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        _, (status, *_) = send_fields(proxy, name.encode() + b": sk-caf\xe9-0123456789")
    assert status == b"HTTP/1.1 200 OK"
    assert f"{name}: sk-caf\xe9-0123456789" in header_lines(service.calls[0])
    assert "0123456789" not in proxy.path.read_text("utf-8")


def test_request_headers_keep_their_order_and_repetitions(tmp_path: Path) -> None:
    fields = (b"X-B: 1", b"Authorization: Bearer test", b"X-A: 2", b"X-B: 1", b"X-B: 0")
    with answering() as service, recording(service.url, tmp_path / "a.yaml", key=KEY) as proxy:
        send_fields(proxy, *fields)
    lines = [line for line in header_lines(service.calls[0]) if line[:2] in ("x-", "au")]
    assert lines == ["x-b: 1", f"authorization: Bearer {KEY}", "x-a: 2", "x-b: 1", "x-b: 0"]


def test_one_credential_of_several_reaches_the_service(tmp_path: Path) -> None:
    fields = (b"Authorization: " + OTHER.encode(), b"Authorization: Bearer second")
    with answering() as service, recording(service.url, tmp_path / "a.yaml", key=KEY) as proxy:
        send_fields(proxy, *fields)
    lines = [line for line in header_lines(service.calls[0]) if line.startswith("authorization")]
    assert lines == [f"authorization: {OTHER}"]


def test_response_headers_reach_the_client_byte_by_byte_in_order(tmp_path: Path) -> None:
    fields = (
        b"X-Log-Id: caf\xe9 " + "晴".encode(),
        b"Set-Cookie: a=1",
        b"X-Own: " + "晴".encode(),
        b"Set-Cookie: b=2",
        b"Vary: Origin",
        b"Set-Cookie: a=3",
        b"Vary: Accept",
    )
    with answering(*fields) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        _, lines = send_fields(proxy)
    expected = [
        name.lower() + b":" + value for name, _, value in (f.partition(b":") for f in fields)
    ]
    assert [line for line in lines if line in expected] == expected
    (kept,) = proxy.answers
    assert kept.headers == (
        ("X-Log-Id", "caf\xe9 " + "晴".encode().decode("latin-1")),
        ("Vary", "Origin"),
        ("Vary", "Accept"),
    )


@pytest.mark.parametrize("control", [b"\x7f", b"\x01", b"\x1f", b"\x80"])
def test_control_character_of_a_response_header_breaks_nothing(
    tmp_path: Path, control: bytes
) -> None:
    field = b"X-Request-Id: a" + control + b"b"
    with answering(field) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        body, lines = send_fields(proxy)
    assert body.endswith(b"{}\r\n0\r\n\r\n")
    kept = control if control == b"\x80" else b" "
    assert b"x-request-id: a" + kept + b"b" in lines
    assert proxy.answers[0].header("x-request-id") == "a" + kept.decode("latin-1") + "b"


def test_response_header_that_http_forbids_is_an_error_that_says_so(tmp_path: Path) -> None:
    with answering(b"X-Own: a\0b") as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        _, (status, *_) = send_fields(proxy)
    assert status == b"HTTP/1.1 502 Bad Gateway"
    assert "RemoteProtocolError" in proxy.told[0]


def test_headers_of_one_connection_are_not_forwarded(tmp_path: Path) -> None:
    fields = (b"Keep-Alive: timeout=5", b"Proxy-Authenticate: Basic", b"X-Own: 1")
    with answering(*fields) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        _, lines = send_fields(
            proxy, b"TE: trailers", b"Proxy-Authorization: Basic YTpi", b"X-Own: 1"
        )
    names = {line.partition(b":")[0] for line in lines}
    assert b"x-own" in names
    assert not names & {b"keep-alive", b"proxy-authenticate"}
    asked = {line.partition(":")[0] for line in header_lines(service.calls[0])}
    assert "x-own" in asked
    assert not asked & {"te", "proxy-authorization"}


def test_second_response_behind_the_first_is_given_to_nobody(tmp_path: Path) -> None:
    def answer_twice(call: Call) -> None:
        one = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"
        call.send(one + b'{"n":1}' + one + b'{"n":2}')
        call.wait_gone()

    with Service(answer_twice) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        bodies = [proxy.post(json={"n": number}).content for number in range(3)]
    assert bodies == [b'{"n":1}'] * 3
    assert [answer.body for answer in proxy.answers] == [b'{"n":1}'] * 3
    assert len(service.calls) == 3


def test_refusal_of_a_header_shows_no_credential(tmp_path: Path) -> None:
    with recording("http://127.0.0.1:9/v4", tmp_path / "a.yaml") as proxy:
        answer = httpx.post(
            f"{proxy.url}/chat/completions",
            headers={"Authorization": f"Bearer {OTHER}"},
            content=b"{}",
            trust_env=False,
        )
    assert answer.status_code == 502
    assert OTHER not in answer.text + "".join(proxy.told)
