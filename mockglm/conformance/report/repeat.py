"""The command that repeats a request."""

from __future__ import annotations

from shlex import quote

from mockglm.exchange import Request

__all__ = ["curl"]

_LONG = 4_000
"""Characters of a body beyond which it is left for the reader to fill in."""


def curl(base: str, request: Request) -> str:
    """A curl line with the key left to the environment."""
    url = base.rstrip("/") + request.path + (f"?{request.query}" if request.query else "")
    words = ["curl", "-N", quote(url)]
    if request.method != "POST":
        words += ["-X", request.method]
    if request.header("authorization"):
        words += ["-H", '"Authorization: Bearer $ZAI_API_KEY"']
    if request.body:
        words += ["-H", quote("Content-Type: application/json"), "-d", quote(_body(request))]
    return " ".join(words)


def _body(request: Request) -> str:
    text = request.body.decode(errors="replace")
    return text if len(text) <= _LONG else text[:_LONG] + "…"
