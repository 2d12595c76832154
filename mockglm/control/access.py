"""Access to the control API: with the token, or from this machine."""

from __future__ import annotations

import hmac

from starlette.requests import Request

from mockglm.urls import is_cross_site, is_loopback


def is_allowed(request: Request, token: str | None) -> bool:
    """True for a request with the token or, if there is none, from this machine and for it.

    Every Host and Origin header counts, so that no page of another site, nor one whose name was
    pointed at 127.0.0.1, can use the API.
    """
    if token is not None:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    peer = request.client.host if request.client else ""
    has_host = "host" in request.headers
    return is_loopback(peer) and has_host and not is_cross_site(request.headers.items())
