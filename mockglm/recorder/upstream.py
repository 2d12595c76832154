"""The service that is recorded: which hosts may be asked, how a request goes to it, and how long
it may take."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from msgspec import Struct

from mockglm.auth import parse_credential
from mockglm.errors import UpstreamError
from mockglm.exchange import Headers, Request, Response
from mockglm.recorder.credentials import CARRIERS, is_real

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


HOSTS = frozenset({"open.bigmodel.cn", "api.z.ai", "dev.bigmodel.cn"})
"""The hosts of the service, which may be asked without being named."""

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""RFC 9110 §7.6.1: headers of one connection, which are not passed on."""

ANEW = frozenset({"accept-encoding", "authorization", "content-length", "expect", "host"})
"""Headers of a request that are made anew."""


COMPLETIONS = "/chat/completions"

IN_PATHS = "/:@!$&'()*+,;=~"
"""What stands in a path as it is (RFC 3986 §3.3)."""


class Patience(Struct, frozen=True):
    """Seconds that each part of an answer may take; a model that thinks takes minutes."""

    connect: float = 10.0
    first: float = 600.0
    idle: float = 300.0


class Upstream:
    """One service, asked over HTTP/1.1 with one client for all.

    `base` is its base URL; `key` goes in the place of what is no key; `ca` is a file of
    certificates that are trusted, too. Raises UpstreamError for a base that may not be asked.
    """

    def __init__(
        self,
        base: str,
        *,
        allowed: Iterable[str] = (),
        key: str = "",
        ca: str | Path | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.base = base.rstrip("/")
        self.key = key
        self._ca = ca
        self._patience = patience or Patience()
        self._client: httpx.AsyncClient | None = None
        _check(self.base, frozenset(host.strip().lower() for host in allowed))

    def open(self) -> httpx.AsyncClient:
        """The client that asks, made when it is first needed. Raises UpstreamError for certificates
        that cannot be read, and for a proxy of the environment that cannot be used."""
        if self._client is None:
            self._client = _client(self._ca)
        return self._client

    def authorization(self, header: str) -> str:
        """The Authorization the service is asked with, where the client's is this one."""
        return header if is_real(parse_credential(header)) or not self.key else f"Bearer {self.key}"

    @asynccontextmanager
    async def ask(self, request: Request) -> AsyncIterator[httpx.Response]:
        """The answer to a request, its body not yet read. Raises what httpx raises."""
        import httpx

        client = self.open()
        waits = httpx.Timeout(self._patience.first, connect=self._patience.connect, pool=None)
        asked = httpx.Request(
            request.method,
            f"{self.base}{quote(request.path, safe=IN_PATHS)}"
            + (f"?{request.query}" if request.query else ""),
            headers=self._headers(request),
            content=request.body if request.body or request.header("content-length") else None,
            extensions={"timeout": waits.as_dict()},
        )
        response = await client.send(asked, stream=True, auth=None, follow_redirects=False)
        # The transport looks at this mapping again before it reads the body.
        asked.extensions["timeout"]["read"] = self._patience.idle
        try:
            yield response
        finally:
            await response.aclose()

    async def fetch(self, request: Request) -> Response:
        """The whole answer to a request. Raises UpstreamError where there is none."""
        import httpx

        try:
            async with self.ask(request) as response:
                body = await response.aread()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            message = f"{self.base} did not answer: {type(error).__name__} {error}"
            raise UpstreamError(message.rstrip()) from error
        headers = tuple(response.headers.multi_items())
        return Response(response.status_code, headers, ((0.0, body),) if body else ())

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    def _headers(self, request: Request) -> Headers:
        kept = tuple(
            (name, self._carried(value) if name in CARRIERS else value)
            for name, value in passed_on(request.headers)
            if name not in ANEW
        )
        # Its own, because the proxy's certificate and the record are of what was not compressed.
        made = (("accept-encoding", "identity"),)
        given = request.header("authorization")
        # Who shows a key in a header of its own wants no other beside it.
        is_shown = not given and any(name in CARRIERS for name, _ in kept)
        authorization = "" if is_shown else self.authorization(given)
        return kept + made + ((("authorization", authorization),) if authorization else ())

    def _carried(self, value: str) -> str:
        """The key the service is asked with, where the client's is this one in a header alone."""
        return parse_credential(self.authorization(value))


def passed_on(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers that go further than one connection."""
    lines = tuple(headers)
    named = {
        word.strip().lower()
        for name, value in lines
        if name.lower() == "connection"
        for word in value.split(",")
    }
    return tuple(line for line in lines if line[0].lower() not in HOP_BY_HOP | named)


def _client(ca: str | Path | None) -> httpx.AsyncClient:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
    try:
        context = httpx.create_ssl_context()
        if ca is not None:
            context.load_verify_locations(ca)
        return httpx.AsyncClient(verify=context, limits=limits)
    except OSError as error:
        which = f"of {ca}" if ca is not None else "that SSL_CERT_FILE or SSL_CERT_DIR name"
        message = f"the certificates {which} cannot be read: {error.strerror or error}"
        raise UpstreamError(message, "write them in PEM, as -----BEGIN CERTIFICATE-----") from error
    except (ImportError, ValueError) as error:
        message = f"the proxy of the environment cannot be used: {error}"
        raise UpstreamError(message, "it is in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY") from error


def _check(base: str, allowed: frozenset[str]) -> None:
    """Raise UpstreamError for a base that is no URL or may not be asked."""
    try:
        parts = urlsplit(base)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UpstreamError(
            f"{base!r} is no base URL", "write it as https://open.bigmodel.cn/api/paas/v4"
        )
    if parts.path.endswith(COMPLETIONS):
        raise UpstreamError(
            f"{base} is the URL of one path", f"write {base.removesuffix(COMPLETIONS)}"
        )
    if parts.username is not None:
        raise UpstreamError("the base URL has a user in it", f"write it as {parts.scheme}://{host}")
    if allowed & {host, f"{host}:{port}"}:
        return
    if host not in HOSTS:
        hint = f"GLM is at {', '.join(sorted(HOSTS))}; for any other write --allow-upstream {host}"
        raise UpstreamError(f"{host} is not asked, for it would get the key", hint)
    if parts.scheme != "https":
        raise UpstreamError(f"{base} is not encrypted", f"write https://{host}{parts.path}")
