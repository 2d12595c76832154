"""The URLs of servers: the printed ones, and the reachable ones."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import mockglm
from mockglm.urls import format_origin, reachable_host
from tests.testing.client import ask

MOCKGLM = Path(sys.executable).with_name("mockglm")


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


IPV6 = pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here")
HOSTS = [
    ("localhost", "localhost", "localhost"),
    ("0.0.0.0", "0.0.0.0", "127.0.0.1"),
    pytest.param("::1", "[::1]", "[::1]", marks=IPV6),
    pytest.param("::", "[::]", "[::1]", marks=IPV6),
]


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.2", "127.0.0.2"),
        ("mock.test", "mock.test"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "::1"),
        ("0:0:0:0:0:0:0:0", "::1"),
        ("fe80::1", "fe80::1"),
    ],
)
def test_unspecified_address_is_reached_at_loopback(host: str, asked: str) -> None:
    assert reachable_host(host) == asked


def test_address_with_colons_is_in_brackets() -> None:
    assert format_origin("::1", 8600) == "http://[::1]:8600"
    assert format_origin("mock.test", 443, "https") == "https://mock.test:443"


@pytest.mark.parametrize(("host", "bound", "asked"), HOSTS)
def test_serve_prints_the_bound_address_and_writes_a_reachable_one(
    host: str, bound: str, asked: str, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    command = [str(MOCKGLM), "serve", "--host", host, "--port", "0", "--ready-file", str(ready)]
    pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdout=pipe, stderr=quiet, text=True) as server:
        try:
            assert server.stdout is not None
            line, base = server.stdout.readline(), ready.read_text("utf-8")
            answer = httpx.get(f"{base.strip()}/models", trust_env=False, verify=False)
        finally:
            server.kill()
    port = base.split("/api")[0].rpartition(":")[2]
    assert line == f"mockglm serving http://{bound}:{port}/api/paas/v4\n"
    assert base == f"http://{asked}:{port}/api/paas/v4\n"
    assert answer.status_code == 200


@pytest.mark.parametrize(("host", "bound", "asked"), HOSTS)
def test_server_of_a_thread_has_a_reachable_url(host: str, bound: str, asked: str) -> None:
    with mockglm.serve(host=host) as glm:
        assert glm.base_url.startswith(f"http://{asked}:")
        glm.reply("好")
        assert ask(glm).status_code == 200
