"""Exchanges in a report: described without secrets, quoted, and repeated as a curl command."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any

from msgspec import Struct

from mockglm import cassettes
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import Headers, Request

_MOST_BYTES = 200_000
"""Bytes of a request that the report shows."""
_MOST_PIECES = 2_000
"""Pieces of an answer that the report shows."""

_REQUEST_HEADERS = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})
# What recordings keep, and headers that carry no more than they do; cookies are not among them.
_ANSWER_HEADERS = cassettes.KEPT_HEADERS | {
    *("connection", "content-encoding", "content-length", "date", "location"),
    *("server", "strict-transport-security", "transfer-encoding", "via"),
}

_WIDTH = 96
_BEFORE = 60

_MOST_CURL = 4_000
"""Characters of a body beyond which a curl command leaves the rest to the reader."""
_KIT_HEADERS = ("accept", "accept-encoding", "authorization", "content-type", "user-agent")
_VERSION = "anthropic-version"
"""The header that the kit sends on the Anthropic surface alone."""
_KEY_VARIABLES: Mapping[str, str] = {
    "wrong": "$WRONG_KEY",
    "jwt": "$TOKEN",
    "expired": "$EXPIRED_TOKEN",
}
"""Variables for credentials other than the key itself."""


class Excerpt(Struct, frozen=True):
    """A line of an answer, and the character of it, from 0, that a finding is about."""

    text: str
    column: int


def describe_exchange(view: ExchangeView) -> dict[str, Any]:
    """The request and the answer of an exchange, without credentials of any kind."""
    request, answer = view.request, view.answer
    pieces = answer.chunks if answer else ()
    return {
        "name": view.name,
        "request": {
            "method": request.method,
            "path": request.path,
            "headers": _pairs(request.headers, _REQUEST_HEADERS),
            "body": _text(request.body[:_MOST_BYTES]),
        },
        "status": view.status,
        "headers": _pairs(view.headers, _ANSWER_HEADERS),
        "head": answer.head if answer else None,
        "pieces": [[round(at, 4), _text(piece)] for at, piece in pieces[:_MOST_PIECES]],
        "end": answer.end if answer else None,
        "error": view.exchange.error,
    }


def quote_body(view: ExchangeView, at: int) -> Excerpt:
    """The line of the body around a byte; characters that cannot be printed are escaped."""
    start = max(view.body.rfind(b"\n", 0, at) + 1, at - _BEFORE)
    end = view.body.find(b"\n", at)
    line_end = len(view.body) if end < 0 else end
    before = _printable(view.body[start:at])
    after = _printable(view.body[at : min(line_end, start + _WIDTH)])
    return Excerpt(before + after, len(before))


def curl_command(base: str, request: Request, credential: str = "key") -> str:
    """A curl command that repeats a request, with the credential left to the environment."""
    url = base.rstrip("/") + request.path + (f"?{request.query}" if request.query else "")
    words = ["curl", "-N", quote(url)]
    if request.method != "POST":
        words += ["-X", request.method]
    variable = _KEY_VARIABLES.get(credential, "$ZAI_API_KEY")
    is_version = request.header(_VERSION) != ""
    is_key = is_version and not request.header("authorization")
    if request.header("authorization"):
        words += ["-H", f'"Authorization: Bearer {variable}"']
    elif is_key and request.header("x-api-key"):
        words += ["-H", f'"x-api-key: {variable}"']
    if is_version:
        words += ["-H", quote(f"{_VERSION}: {request.header(_VERSION)}")]
    known = (*_KIT_HEADERS, _VERSION, *(("x-api-key",) if is_key else ()))
    others = (name for name, _ in request.headers if name not in known)
    words += [word for name in others for word in ("-H", quote(f"{name}: …"))]
    if request.body:
        words += ["-H", quote("Content-Type: application/json"), "-d", quote(_curl_body(request))]
    return " ".join(words)


def _pairs(headers: Headers, shown: frozenset[str]) -> list[list[str]]:
    return [[name, value] for name, value in headers if name.lower() in shown]


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")


def _printable(data: bytes) -> str:
    text = _text(data)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _curl_body(request: Request) -> str:
    text = request.body.decode(errors="replace")
    return text if len(text) <= _MOST_CURL else text[:_MOST_CURL] + "…"
