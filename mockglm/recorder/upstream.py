"""The service that is recorded: which hosts may be asked, how a request goes to it, and how long
it may take."""

from __future__ import annotations

import time
from collections.abc import Iterable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from mockglm.auth import parse_credential
from mockglm.errors import UpstreamError
from mockglm.exchange import Request, Response
from mockglm.limits import DEFAULT
from mockglm.recorder.credentials import CARRIERS, is_real
from mockglm.recorder.header_fields import Fields, encode_fields, end_to_end
from mockglm.recorder.passage import ExcessError, HeldBytes, Passage
from mockglm.recorder.paths import encode_target, leaves_base

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx


HOSTS = frozenset({"open.bigmodel.cn", "api.z.ai", "dev.bigmodel.cn"})
"""The hosts of the service, which may be asked without being named."""
ANEW = frozenset({"accept-encoding", "authorization", "content-length", "expect", "host"})
"""Headers of a request that are made anew."""

COMPLETIONS = "/chat/completions"


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
        """The answer to a request, its body not yet read. Raises what httpx raises, and
        UpstreamError for a path that leaves the base."""
        import httpx

        if leaves_base(request.path):
            raise UpstreamError(f"{request.path!r} is not below the base URL {self.base}")
        client = self.open()
        waits = httpx.Timeout(self._patience.first, connect=self._patience.connect, pool=None)
        asked = httpx.Request(
            request.method,
            self.base + encode_target(request.path, request.query),
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
        """Return the whole response to a request, its body as one chunk. Raises UpstreamError if
        there is none."""
        import httpx

        passage = Passage(time.monotonic, HeldBytes(DEFAULT))
        try:
            async with passage.timed(), self.ask(request) as response:
                await passage.run(response, _discard)
        except (httpx.HTTPError, httpx.InvalidURL, ExcessError, OSError) as error:
            message = f"{self.base} did not answer: {type(error).__name__} {error}"
            raise UpstreamError(message.rstrip()) from error
        answer = passage.answer
        assert answer is not None
        return replace(answer, chunks=((0.0, answer.body),) if answer.chunks else ())

    async def close(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    def _headers(self, request: Request) -> Fields:
        """The headers of the request to the service, in the client's order."""
        lines: list[tuple[str, str]] = []
        given = request.header("authorization")
        for name, value in end_to_end(request.headers):
            if name in CARRIERS:
                lines.append((name, self._carried(value)))
            elif name == "authorization" and given:
                lines.append((name, self.authorization(given)))
                given = ""
            elif name not in ANEW:
                lines.append((name, value))
        # A client that has its key in a header of its own wants no other beside it.
        has_key = any(name in CARRIERS or name == "authorization" for name, _ in lines)
        made = "" if has_key else self.authorization("")
        lines += [("accept-encoding", "identity"), *([("authorization", made)] if made else [])]
        return encode_fields(lines)

    def _carried(self, value: str) -> str:
        """The key the service is asked with, where the client's is this one in a header alone."""
        return parse_credential(self.authorization(value))


async def _discard(message: MutableMapping[str, Any]) -> None:
    """Forward a message to nobody."""


def _client(ca: str | Path | None) -> httpx.AsyncClient:
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
