"""The service that is recorded: the hosts that may get requests, and the requests they get."""

from __future__ import annotations

import time
from collections.abc import Iterable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from mockglm.api_keys import KEY_HEADERS, is_real_key
from mockglm.auth import parse_credential
from mockglm.errors import UpstreamError
from mockglm.exchange import Request, Response
from mockglm.limits import DEFAULT
from mockglm.recorder.client import Client
from mockglm.recorder.forwarding import (
    Fields,
    encode_fields,
    encode_target,
    end_to_end,
    leaves_base,
)
from mockglm.recorder.relay import ExcessError, HeldBytes, Relay
from mockglm.surfaces import CHAT, SURFACES, find_base, find_surface, is_whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


UPSTREAM_HOSTS = frozenset({"open.bigmodel.cn", "api.z.ai", "dev.bigmodel.cn"})
"""The hosts of the service, which get requests without being allowed by name."""

REPLACED = frozenset({"accept-encoding", "authorization", "content-length", "expect", "host"})
"""Headers of a request that are not forwarded as they are."""


class Timeouts(Struct, frozen=True):
    """Seconds to connect, to the first byte, and between two pieces; a model that thinks takes
    minutes."""

    connect: float = 10.0
    first: float = 600.0
    idle: float = 300.0


class Upstream:
    """One service, reached over HTTP/1.1.

    `base` is its base URL; `key` takes the place of dummies; `ca` is a file of certificates that
    are trusted, too. Raises UpstreamError for a base URL that is not allowed.
    """

    def __init__(
        self,
        base: str,
        *,
        allowed: Iterable[str] = (),
        key: str = "",
        ca: str | Path | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.base = base.rstrip("/")
        self.key = key
        self._ca = ca
        self._timeouts = timeouts or Timeouts()
        self._client: httpx.AsyncClient | None = None
        _check_base(self.base, frozenset(host.strip().lower() for host in allowed))

    def open_client(self) -> httpx.AsyncClient:
        """Return the HTTP client, which is made when it is first needed.

        Raises UpstreamError for certificates that cannot be read, and for a proxy of the
        environment that cannot be used.
        """
        if self._client is None:
            self._client = _make_client(self._ca)
        return self._client

    def authorization(self, header: str) -> str:
        """Return the Authorization that the service gets, given that of the client."""
        is_kept = is_real_key(parse_credential(header)) or not self.key
        return header if is_kept else f"Bearer {self.key}"

    def base_for(self, path: str) -> str:
        """The base URL of a path: paths of another surface are below a base of their own, whole
        paths are below none.

        Behind a base URL that is none of the service's, all paths are below it.
        """
        parts = urlsplit(self.base)
        own = next((one for one in SURFACES if parts.path in one.bases), None)
        if own is None or (own is find_surface(path) and not is_whole(path)):
            return self.base
        return f"{parts.scheme}://{parts.netloc}{find_base(path)}"

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[httpx.Response]:
        """Send a request; the response has its head, and its body is not read yet.

        Raises what httpx raises, and UpstreamError for a path that leaves the base.
        """
        import httpx

        if leaves_base(request.path):
            raise UpstreamError(f"{request.path!r} is not below the base URL {self.base}")
        client = self.open_client()
        timeout = httpx.Timeout(self._timeouts.first, connect=self._timeouts.connect, pool=None)
        sent = httpx.Request(
            request.method,
            self.base_for(request.path) + encode_target(request.path, request.query),
            headers=self._headers(request),
            content=request.body if request.body or request.header("content-length") else None,
            extensions={"timeout": timeout.as_dict()},
        )
        response = await client.send(sent, stream=True, auth=None, follow_redirects=False)
        # The transport reads this mapping again before it reads the body.
        sent.extensions["timeout"]["read"] = self._timeouts.idle
        try:
            yield response
        finally:
            await response.aclose()

    async def fetch(self, request: Request) -> Response:
        """Return the whole response to a request, its body as one chunk. Raises UpstreamError if
        there is none."""
        import httpx

        relay = Relay(Client(_discard), time.monotonic, HeldBytes(DEFAULT))
        try:
            async with relay.bound_time(), self.send(request) as response:
                await relay.run(response)
        except (httpx.HTTPError, httpx.InvalidURL, ExcessError, OSError) as error:
            base = self.base_for(request.path)
            message = f"{base} did not answer: {type(error).__name__} {error}"
            raise UpstreamError(message.rstrip()) from error
        fetched = relay.response
        assert fetched is not None
        return replace(fetched, chunks=((0.0, fetched.body),) if fetched.chunks else ())

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    def _headers(self, request: Request) -> Fields:
        """The headers of the request to the service, in the client's order."""
        lines: list[tuple[str, str]] = []
        given = request.header("authorization")
        for name, value in end_to_end(request.headers):
            if name in KEY_HEADERS:
                lines.append((name, parse_credential(self.authorization(value))))
            elif name == "authorization" and given:
                lines.append((name, self.authorization(given)))
                given = ""
            elif name not in REPLACED:
                lines.append((name, value))
        # A client with its key in a header of its own wants no other key to be sent.
        has_key = any(name in KEY_HEADERS or name == "authorization" for name, _ in lines)
        own = "" if has_key else self.authorization("")
        lines += [("accept-encoding", "identity"), *([("authorization", own)] if own else [])]
        return encode_fields(lines)


async def _discard(message: MutableMapping[str, Any]) -> None:
    """Ignore a message of ASGI."""


def _make_client(ca: str | Path | None) -> httpx.AsyncClient:
    import httpx

    # One connection for each request: bytes behind a response are never read as the next one, and
    # no request goes to a connection that the service is about to close.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    try:
        context = httpx.create_ssl_context()
        if ca is not None:
            context.load_verify_locations(ca)
        return httpx.AsyncClient(verify=context, limits=limits)
    except OSError as error:
        origin = f"of {ca}" if ca is not None else "that SSL_CERT_FILE or SSL_CERT_DIR name"
        message = f"the certificates {origin} cannot be read: {error.strerror or error}"
        raise UpstreamError(message, "write them in PEM, as -----BEGIN CERTIFICATE-----") from error
    except (ImportError, ValueError) as error:
        message = f"the proxy of the environment cannot be used: {error}"
        raise UpstreamError(message, "it is in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY") from error


def _check_base(base: str, allowed: frozenset[str]) -> None:
    """Raise UpstreamError for a base that is no URL or not allowed."""
    try:
        parts = urlsplit(base)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UpstreamError(
            f"{base!r} is no base URL", "write it as https://open.bigmodel.cn/api/paas/v4"
        )
    if parts.path.endswith(CHAT.path):
        raise UpstreamError(
            f"{base} is the URL of one path", f"write {base.removesuffix(CHAT.path)}"
        )
    if parts.username is not None:
        raise UpstreamError("the base URL has a user in it", f"write it as {parts.scheme}://{host}")
    if allowed & {host, f"{host}:{port}"}:
        return
    if host not in UPSTREAM_HOSTS:
        hosts = ", ".join(sorted(UPSTREAM_HOSTS))
        hint = f"GLM is at {hosts}; for any other write --allow-upstream {host}"
        raise UpstreamError(f"{host} is not allowed, because it would get the key", hint)
    if parts.scheme != "https":
        raise UpstreamError(f"{base} is not encrypted", f"write https://{host}{parts.path}")
