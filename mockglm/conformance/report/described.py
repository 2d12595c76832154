"""An exchange as the report shows it: texts and times, and of the headers none that is a secret."""

from __future__ import annotations

from typing import Any

from mockglm import cassettes
from mockglm.conformance.seen import Seen
from mockglm.exchange import Headers

__all__ = ["described"]

_MOST = 200_000
"""Bytes of a body that the report shows."""

_ASKED = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})
_ANSWERED = cassettes.KEPT | {
    *("connection", "content-encoding", "content-length", "date", "location"),
    *("server", "strict-transport-security", "transfer-encoding", "via"),
}
"""What recordings keep, and what carries no more than they do; cookies are not among it."""


def described(seen: Seen) -> dict[str, Any]:
    """The request and the answer of an exchange, without credentials of any kind."""
    request, answer = seen.request, seen.answer
    pieces = answer.chunks if answer else ()
    return {
        "name": seen.name,
        "request": {
            "method": request.method,
            "path": request.path,
            "headers": _pairs(request.headers, _ASKED),
            "body": _text(request.body[:_MOST]),
        },
        "status": seen.status,
        "headers": _pairs(seen.headers, _ANSWERED),
        "head": answer.head if answer else None,
        "pieces": [[round(at, 4), _text(piece)] for at, piece in pieces[: _MOST // 100]],
        "end": answer.end if answer else None,
        "error": seen.exchange.error,
    }


def _pairs(headers: Headers, shown: frozenset[str]) -> list[list[str]]:
    return [[name, value] for name, value in headers if name.lower() in shown]


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")
