"""The command that repeats a request."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from mockglm.exchange import Request

__all__ = ["curl"]

_LONG = 4_000
"""Characters of a body beyond which it is left for the reader to fill in."""


_OWN = ("accept", "accept-encoding", "authorization", "content-type", "user-agent")

KEYS: Mapping[str, str] = {
    "wrong": "$WRONG_KEY",
    "jwt": "$TOKEN",
    "expired": "$EXPIRED_TOKEN",
}
"""What stands for a credential that is not the key itself."""


def curl(base: str, request: Request, credential: str = "key") -> str:
    """A curl line with the credential left to the environment."""
    url = base.rstrip("/") + request.path + (f"?{request.query}" if request.query else "")
    words = ["curl", "-N", quote(url)]
    if request.method != "POST":
        words += ["-X", request.method]
    if request.header("authorization"):
        words += ["-H", f'"Authorization: Bearer {KEYS.get(credential, "$ZAI_API_KEY")}"']
    others = (name for name, _ in request.headers if name not in _OWN)
    words += [word for name in others for word in ("-H", quote(f"{name}: …"))]
    if request.body:
        words += ["-H", quote("Content-Type: application/json"), "-d", quote(_body(request))]
    return " ".join(words)


def _body(request: Request) -> str:
    text = request.body.decode(errors="replace")
    return text if len(text) <= _LONG else text[:_LONG] + "…"
