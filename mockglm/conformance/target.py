"""The endpoint under test: its base URL, key and headers, and the requests it is sent."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from msgspec import Struct, field

from mockglm.conformance.capabilities import Capabilities, find_capabilities
from mockglm.conformance.probes import WRONG_KEY, Credential, Probe
from mockglm.errors import UsageError
from mockglm.exchange import Headers, Request

_GLM_KEY = re.compile(r"[0-9A-Za-z]{32}\.[0-9A-Za-z]{16}")
_LIFETIME = 210_000
"""Milliseconds for which a token is valid; zai-sdk 0.2.3, core/_jwt_token.py."""


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 §5.6.2."""
_OWN_HEADERS = ("authorization", "content-length", "host", "transfer-encoding")


class Target(Struct, frozen=True):
    """An endpoint: its base URL, the model and the key for requests.

    `run` is a short id of this run and part of every request_id, to find the requests on the bill;
    `started` is in unix seconds; `headers` are sent with every request.
    """

    url: str
    model: str
    key: str = ""
    run: str = "run"
    started: float = field(default_factory=time.time)
    deterministic: bool = False
    failing: bool = False
    headers: Headers = ()

    def __repr__(self) -> str:
        # The key and the headers are secret.
        return f"Target({self.url!r}, {self.model!r})"

    @property
    def capabilities(self) -> Capabilities:
        is_glm_key = _GLM_KEY.fullmatch(self.key) is not None
        return find_capabilities(
            self.model, jwt=is_glm_key, deterministic=self.deterministic, failing=self.failing
        )

    def request(self, probe: Probe) -> Request:
        """The request of a probe with its headers."""
        request_id = f"mockglm-{self.run}-{probe.name}"
        body = probe.body(self.model, self.capabilities, request_id)
        headers = [
            ("accept", "*/*"),
            ("accept-encoding", "identity"),
            ("content-type", "application/json"),
            ("user-agent", "mockglm-conformance"),
            *self.headers,
        ]
        secret = self.secret(probe.credential)
        if secret:
            headers += probe.credential_headers(secret)
        return Request(probe.method, probe.path, "", tuple(headers), body)

    def secret(self, credential: Credential) -> str:
        """The key or token for a kind of credential; empty for none."""
        if credential == "none":
            return ""
        if credential == "wrong":
            return WRONG_KEY
        if credential == "key":
            return self.key
        past = 3_600_000 if credential == "expired" else 0
        return make_token(self.key, int(self.started * 1000) - past)


def make_token(key: str, now: int) -> str:
    """A JWT made of a key as the SDKs make it; `now` is in unix milliseconds.

    It is not made by PyJWT, which warns about GLM's secrets of 16 characters.
    """
    identity, _, secret = key.partition(".")
    payload = {"api_key": identity, "exp": now + _LIFETIME, "timestamp": now}
    signed = b".".join(map(_encode_part, ({"alg": "HS256", "sign_type": "SIGN"}, payload)))
    signature = hmac.digest(secret.encode(), signed, "sha256")
    return (signed + b"." + _base64url(signature)).decode()


def parse_base_url(url: str) -> str:
    """The base URL. Raises UsageError; also for a user in it, because reports show the URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is not a URL: {error}") from error
    if parts.username is not None:
        raise UsageError("the URL has a user in it; the key comes from the environment")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UsageError(f"{url!r} is not a base URL such as https://open.bigmodel.cn/api/paas/v4")
    return url


def parse_key(key: str) -> str:
    """The key, if a header can carry it. Raises UsageError."""
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageError("the key of the environment has characters that no key has")
    return key


def parse_headers(pairs: Iterable[str]) -> Headers:
    """Headers written NAME=VALUE. Raises UsageError."""
    return tuple(_parse_header(pair) for pair in pairs)


def _parse_header(pair: str) -> tuple[str, str]:
    name, mark, value = pair.partition("=")
    is_valid = _HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()
    if not mark or not is_valid:
        raise UsageError(f"a header is written NAME=VALUE, not {pair!r}")
    if name.lower() in _OWN_HEADERS:
        raise UsageError(f"the header {name} is the kit's own")
    return name.lower(), value


def _encode_part(value: object) -> bytes:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> bytes:
    """RFC 7515 §2: without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
