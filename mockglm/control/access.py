"""Who may use the control API: whoever has the token, or this machine."""

from __future__ import annotations

import hmac

from starlette.requests import Request

from mockglm.urls import is_loopback


def is_allowed(request: Request, token: str | None) -> bool:
    """Whether the request may use this: with the token, or where there is none from this machine
    and for it.

    The Host is looked at so that a page whose name was pointed at 127.0.0.1 gets nothing.
    """
    if token is not None:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    peer = request.client.host if request.client else ""
    origin = request.headers.get("origin")
    return (
        is_loopback(peer)
        and is_loopback(_host(request.headers.get("host", "")))
        and (origin is None or is_loopback(_host(origin.partition("://")[2])))
    )


def _host(authority: str) -> str:
    """The host of an authority, without port and brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0].partition("/")[0]
