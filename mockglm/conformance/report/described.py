"""An exchange as the report shows it: texts and times."""

from __future__ import annotations

from typing import Any

from mockglm.conformance.seen import Seen
from mockglm.exchange import Headers

__all__ = ["described"]

_MOST = 200_000
"""Bytes of a body that the report shows."""


def described(seen: Seen) -> dict[str, Any]:
    """The request and the answer of an exchange, without the credential."""
    request, answer = seen.request, seen.answer
    pieces = answer.pieces if answer else ()
    return {
        "name": seen.name,
        "request": {
            "method": request.method,
            "path": request.path,
            "headers": _pairs(request.headers),
            "body": _text(request.body[:_MOST]),
        },
        "status": seen.status,
        "headers": _pairs(seen.headers),
        "head": answer.head if answer else None,
        "pieces": [[round(at, 4), _text(piece)] for at, piece in pieces[: _MOST // 100]],
        "end": answer.end if answer else None,
        "error": seen.exchange.error,
    }


def _pairs(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers if name.lower() != "authorization"]


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")
