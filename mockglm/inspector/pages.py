"""The pages of the inspector and their files; every other path goes to the control API."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mockglm import design
from mockglm._version import __version__
from mockglm.control.access import COOKIE, cookie_value, has_cookie, is_allowed, is_same_origin
from mockglm.inspector.words import LANGUAGES, WORDS

if TYPE_CHECKING:
    import jinja2
    from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = Path(__file__).parent

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""The Content-Security-Policy: nothing from elsewhere, no script or style in the markup, and no
markup made of texts."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # With `no-referrer` a form would be sent with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

LANGUAGE_COOKIE = "mockglm_language"

MAX_FORM = 4096
"""Bytes of a form with a token."""


class Inspector:
    """The ASGI application of the page, in front of that of the control API.

    Without a token the page is open to this machine only, as the control API is.
    """

    def __init__(self, control: ASGIApp, token: str | None = None) -> None:
        self._control = control
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.startswith("/static/") and request.method == "GET":
            response = _static_file(path.removeprefix("/static/"))
        elif path == "/" and request.method == "GET":
            response = self._page(request)
        elif path == "/login" and self._token is not None:
            response = await self._log_in(request, self._token)
        else:
            await self._control(scope, receive, send)
            return
        await response(scope, receive, send)

    def _page(self, request: Request) -> Response:
        if is_allowed(request, self._token):
            return self._render("page.html", request, version=__version__)
        if self._token is None:
            reason = "the inspector is for this machine only: open it as http://127.0.0.1:PORT"
            return Response(reason, 403, HEADERS, "text/plain")
        return _redirect("login")

    async def _log_in(self, request: Request, token: str) -> Response:
        if request.method != "POST":
            if has_cookie(request, token):
                return _redirect("./")
            return self._render("login.html", request, is_wrong="wrong" in request.query_params)
        given = await _read_token(request)
        is_right = hmac.compare_digest(given.encode(), token.encode())
        if not is_right or not is_same_origin(request):
            return _redirect("login?wrong")
        response = _redirect("./")
        response.set_cookie(
            COOKIE,
            cookie_value(token),
            path=request.scope.get("root_path", "") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    def _render(self, name: str, request: Request, **values: Any) -> Response:
        language = choose_language(request)
        words = {key: texts[language] for key, texts in WORDS.items()}
        text = self._environment.get_template(name).render(
            words=words, language=LANGUAGES[language], **values
        )
        headers = {**HEADERS, "Cache-Control": "no-store"}
        return Response(text, 200, headers, "text/html; charset=utf-8")

    @cached_property
    def _environment(self) -> jinja2.Environment:
        # Imported here: few servers are looked at.
        import jinja2

        return jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )


def choose_language(request: Request) -> int:
    """Choose the language of the page: that chosen there, else that of the browser.

    Returns its index in LANGUAGES.
    """
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    for given in (chosen, *request.headers.get("accept-language", "").split(",")):
        for index, language in enumerate(LANGUAGES):
            if given.strip().lower()[:2] == language[:2]:
                return index
    return 0


def _redirect(path: str) -> RedirectResponse:
    # Relative, for a proxy may serve this under another path.
    return RedirectResponse(path, 303, {**HEADERS, "Cache-Control": "no-store"})


async def _read_token(request: Request) -> str:
    """Read the token of a form; "" for any other body."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            return ""
    return parse_qs(body.decode("latin-1")).get("token", [""])[0].strip()


@cache
def _static_files() -> Mapping[str, bytes]:
    paths = (*design.FOLDER.iterdir(), *(FOLDER / "static").iterdir())
    return {path.name: path.read_bytes() for path in paths if path.suffix in TYPES}


def _static_file(name: str) -> Response:
    """A file of the page; it holds no secret, so that everybody may have it."""
    body = _static_files().get(name)
    if body is None:
        return Response("not found", 404, HEADERS, "text/plain")
    headers = {**HEADERS, "Cache-Control": "no-cache"}
    return Response(body, 200, headers, TYPES[Path(name).suffix])
