"""The endpoint that is judged, and the requests it is sent."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time

from msgspec import Struct, field

from mockglm.conformance.capabilities import Profile, profile
from mockglm.conformance.probe import Credential, Probe
from mockglm.conformance.probes import WRONG_KEY
from mockglm.exchange import Headers, Request

__all__ = ["Target", "token"]

_KEY = re.compile(r"[0-9A-Za-z]{32}\.[0-9A-Za-z]{16}")
_LIFETIME = 210_000
"""Milliseconds a token lives; zai-sdk 0.2.3, core/_jwt_token.py."""


class Target(Struct, frozen=True):
    """An endpoint by its base URL, the model to ask and the key to ask with.

    `run` is a short id of this run, part of every request_id so that the requests can be found on
    the bill; `started` is in unix seconds; `headers` go with every request.
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
        return f"Target({self.url!r}, {self.model!r})"  # the key and the headers are secret

    @property
    def profile(self) -> Profile:
        is_glm_key = _KEY.fullmatch(self.key) is not None
        return profile(
            self.model, jwt=is_glm_key, deterministic=self.deterministic, failing=self.failing
        )

    def request(self, probe: Probe) -> Request:
        """The request of a probe, headers and all."""
        request_id = f"mockglm-{self.run}-{probe.name}"
        body = probe.body(self.model, self.profile, request_id)
        headers = [
            ("accept", "*/*"),
            ("accept-encoding", "identity"),
            ("content-type", "application/json"),
            ("user-agent", "mockglm-conformance"),
            *self.headers,
        ]
        secret = self.secret(probe.credential)
        if secret:
            headers.append(("authorization", f"Bearer {secret}"))
        return Request(probe.method, probe.path, "", tuple(headers), body)

    def secret(self, credential: Credential) -> str:
        """What follows `Bearer` in a request with that credential; empty for none."""
        if credential == "none":
            return ""
        if credential == "wrong":
            return WRONG_KEY
        if credential == "key":
            return self.key
        past = 3_600_000 if credential == "expired" else 0
        return token(self.key, int(self.started * 1000) - past)


def token(key: str, now: int) -> str:
    """A token made of a key as the SDKs make it; `now` is in unix milliseconds.

    Signed here, not by PyJWT, which warns of GLM's secrets of 16 characters.
    """
    identity, _, secret = key.partition(".")
    payload = {"api_key": identity, "exp": now + _LIFETIME, "timestamp": now}
    signed = b".".join(map(_part, ({"alg": "HS256", "sign_type": "SIGN"}, payload)))
    signature = hmac.digest(secret.encode(), signed, "sha256")
    return (signed + b"." + _base64url(signature)).decode()


def _part(value: object) -> bytes:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> bytes:
    """RFC 7515 §2: without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
