"""The block on the real service: no client reaches it, and everything else works as before."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import openai
import pytest
import uvloop
import zai

from mockglm import GLM
from mockglm.testing.network import BlockedHosts
from tests.testing.client import ask

URL = "https://open.bigmodel.cn/api/paas/v4/chat/completions"
HOST = "open.bigmodel.cn"
WITHOUT_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""A context that loads no authorities, which is slow: no handshake gets so far."""


@pytest.fixture
def port() -> Iterator[int]:
    """A server that accepts any request, as a proxy accepts CONNECT, and then is silent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        yield int(server.getsockname()[1])


def _accept(server: socket.socket) -> None:
    for _ in range(5):
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            connection.settimeout(1)
            connection.recv(65536)


@pytest.mark.parametrize("host", ["open.bigmodel.cn", "API.Z.AI", "api.z.ai.", b"api.z.ai"])
def test_look_up_of_the_service_is_refused(host: str | bytes) -> None:
    with BlockedHosts() as blocked, pytest.raises(socket.gaierror, match="may not call"):
        socket.getaddrinfo(host, 443)
    assert blocked.refused == [
        host.decode() if isinstance(host, bytes) else host.lower().rstrip(".")
    ]


def test_look_up_of_other_hosts_works() -> None:
    before = socket.getaddrinfo
    with BlockedHosts() as blocked:
        assert socket.getaddrinfo is not before
        assert socket.getaddrinfo("127.0.0.1", 80)
        assert socket.getaddrinfo(None, 80)
    assert socket.getaddrinfo is before
    assert blocked.refused == []


async def test_look_up_by_an_event_loop_is_refused() -> None:
    with BlockedHosts() as blocked, pytest.raises(socket.gaierror, match="may not call"):
        await asyncio.get_running_loop().getaddrinfo("open.bigmodel.cn", 443)
    assert blocked.refused == ["open.bigmodel.cn"]


def test_blocks_that_end_out_of_order_become_inactive() -> None:
    before = socket.getaddrinfo
    one, other = BlockedHosts(), BlockedHosts()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("api.z.ai", 443)
    other.__exit__(None, None, None)
    try:
        assert one.refused == []
        assert socket.getaddrinfo("127.0.0.1", 80)
    finally:
        socket.getaddrinfo = before


@pytest.mark.glm(guard=False)
def test_configuration_can_disable_the_block(glm: GLM) -> None:
    assert "mockglm" not in socket.getaddrinfo.__module__


def _with_httpx(port: int) -> None:
    with httpx.Client(trust_env=False, verify=WITHOUT_AUTHORITIES) as client:
        client.post(URL)


def _with_requests(port: int) -> None:
    pytest.importorskip("requests").post(URL, timeout=5)


def _with_urllib(port: int) -> None:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(URL, timeout=5)


def _with_openai(port: int) -> None:
    base = URL.removesuffix("/chat/completions")
    with openai.OpenAI(base_url=base, api_key="k", max_retries=0) as client:
        client.models.list()


def _with_zai_sdk(port: int) -> None:
    asked: Any = {"model": "glm-4.6", "messages": []}
    with zai.ZhipuAiClient(api_key="k.k", max_retries=0) as client:
        client.chat.completions.create(**asked)


def _with_the_old_look_ups(port: int) -> None:
    socket.gethostbyname(HOST)


def _through_a_proxy_with_httpx(port: int) -> None:
    proxy = f"http://127.0.0.1:{port}"
    with httpx.Client(trust_env=False, verify=WITHOUT_AUTHORITIES, proxy=proxy) as client:
        client.post(URL)


def _through_a_proxy_with_requests(port: int) -> None:
    proxies = {"https": f"http://127.0.0.1:{port}"}
    pytest.importorskip("requests").post(URL, timeout=5, proxies=proxies)


def _through_a_tunnel(port: int) -> None:
    made = http.client.HTTPSConnection("127.0.0.1", port, context=WITHOUT_AUTHORITIES, timeout=5)
    with closing(made) as connection:
        connection.set_tunnel(HOST, 443)
        connection.connect()


def _at_a_known_address(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        WITHOUT_AUTHORITIES.wrap_socket(sock, server_hostname=HOST)


@pytest.mark.parametrize(
    "call",
    [
        _with_httpx,
        _with_requests,
        _with_urllib,
        _with_openai,
        _with_zai_sdk,
        _with_the_old_look_ups,
        _through_a_proxy_with_httpx,
        _through_a_proxy_with_requests,
        _through_a_tunnel,
        _at_a_known_address,
    ],
)
def test_client_cannot_reach_the_service(call: Callable[[int], None], port: int) -> None:
    with BlockedHosts() as blocked, pytest.raises(Exception, match=r"may not call|[Cc]onnection"):
        call(port)
    assert set(blocked.refused) == {HOST}


async def _async_with_httpx(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False, verify=WITHOUT_AUTHORITIES) as client:
        await client.post(URL)


async def _async_with_aiohttp(port: int) -> None:
    aiohttp = pytest.importorskip("aiohttp")
    async with aiohttp.ClientSession() as session:
        await session.post(URL)


async def _async_through_a_proxy(port: int) -> None:
    proxy = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(
        trust_env=False, verify=WITHOUT_AUTHORITIES, proxy=proxy
    ) as client:
        await client.post(URL)


async def _async_look_up(port: int) -> None:
    await asyncio.get_running_loop().getaddrinfo(HOST, 443)


async def _async_connection(port: int) -> None:
    await asyncio.open_connection(HOST, 443)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize(
    "call",
    [
        _async_with_httpx,
        _async_with_aiohttp,
        _async_through_a_proxy,
        _async_look_up,
        _async_connection,
    ],
)
def test_asynchronous_client_cannot_reach_the_service(
    call: Callable[[int], Any], loop: Callable[[], asyncio.AbstractEventLoop], port: int
) -> None:
    failures = pytest.raises((OSError, httpx.TransportError))
    with BlockedHosts() as blocked, asyncio.Runner(loop_factory=loop) as runner, failures:
        runner.run(call(port))
    assert set(blocked.refused) == {HOST}


def test_tls_without_a_look_up_is_refused() -> None:
    with BlockedHosts() as blocked, pytest.raises(OSError, match="may not call"):
        WITHOUT_AUTHORITIES.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=HOST)
    assert blocked.refused == [HOST]


def test_error_names_the_test_and_the_solution() -> None:
    with BlockedHosts(), pytest.raises(socket.gaierror) as caught:
        socket.create_connection((HOST, 443))
    assert caught.value.strerror == (
        "tests/testing/test_network.py::test_error_names_the_test_and_the_solution may not call "
        "open.bigmodel.cn: create the client with base_url=glm.base_url, or call glm.env() "
        "before creating it"
    )


def test_patched_functions_are_restored() -> None:
    owners = (socket, ssl.SSLContext, uvloop.Loop)
    before = [dict(vars(owner)) for owner in owners]
    with BlockedHosts():
        assert [dict(vars(owner)) for owner in owners] != before
    assert [dict(vars(owner)) for owner in owners] == before


def test_tls_with_other_hosts_works(glm: GLM) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    assert WITHOUT_AUTHORITIES.wrap_bio(incoming, outgoing, server_hostname="example.org")
    glm.reply("好")
    assert ask(glm).status_code == 200
