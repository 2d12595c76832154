"""Access to the control API: by token, by the cookie of a page that gave the token, or by being on
this machine."""

from __future__ import annotations

import hashlib
import hmac

from starlette.requests import Request

from mockglm.urls import is_cross_site, is_loopback

COOKIE = "mockglm_access"

SAFE_METHODS = frozenset({"GET", "HEAD"})
"""The methods that change nothing."""


def is_allowed(request: Request, token: str | None) -> bool:
    """True for a request with the token or, if there is none, from this machine and for it.

    Every Host and Origin header counts, so that no page of another site, nor one whose name was
    pointed at 127.0.0.1, can use the API. A page that has shown the token sends a cookie instead;
    a browser sends it with requests of other pages of this site, too, so that whatever changes
    something must come from the server's own page.
    """
    if token is None:
        peer = request.client.host if request.client else ""
        has_host = "host" in request.headers
        return is_loopback(peer) and has_host and not is_cross_site(request.headers.items())
    given = request.headers.get("authorization", "")
    if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    return has_cookie(request, token) and is_same_origin(request)


def cookie_value(token: str) -> str:
    """The value of the cookie: made of the token, which it does not contain."""
    return hmac.new(token.encode(), b"mockglm inspector", hashlib.sha256).hexdigest()


def has_cookie(request: Request, token: str) -> bool:
    """True for a request with the cookie of a page that gave this token.

    It stops to be valid when the server is started with another token.
    """
    given = request.cookies.get(COOKIE, "")
    return hmac.compare_digest(given.encode(), cookie_value(token).encode())


def is_same_origin(request: Request) -> bool:
    """True for a request of the server's own page, and for a navigation to it.

    One that changes something needs an `Origin`, which browsers send with each of them.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return request.method in SAFE_METHODS
    return origin.partition("://")[2] == request.headers.get("host", "")
