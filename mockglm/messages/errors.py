"""API errors rendered in the envelope of the Anthropic surface, and the headers of all responses.

The code and text of v4 stand in brackets before the log id, 1305 has status 529, a wrong key
has an envelope without a type (AIClarityAU/minspec, 2026-08-07), a body of another shape the
`detail` of FastAPI. A 400 is labelled as a stream though it is JSON (lazygophers/aidog, wakeya/
magic-claude-code, 2026-06 and 2026-07; sometimes it is not). Only Claude Code, known by its
`anthropic-beta`, is told when to try again (lazygophers/aidog, 2026-07; BerriAI/litellm#37754).

Assumed: that the other codes of 401 have that envelope, too; the types of errors with a status
that was not seen; the headers of errors beside their content type.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import msgspec

from mockglm import error_codes
from mockglm.error_codes import Language
from mockglm.exchange import APIError, Headers, Request, Response
from mockglm.http1 import LOG_ID
from mockglm.messages.decoder import SHAPE

JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream; charset=utf-8"
_BAD_REQUEST_TYPE = "text/event-stream;charset=UTF-8"

_CLAUDE_CODE = "claude-code-"
"""A word of the `anthropic-beta` header that Claude Code sends."""

_RETRY: Headers = (
    ("retry-after", "14"),
    ("anthropic-ratelimit-unified-status", "rejected"),
    ("x-should-retry", "true"),
)

_OVERLOADED = 529
_STATUSES: Mapping[str, int] = MappingProxyType({"1305": _OVERLOADED})
"""Codes with another status than on v4 (public Claude Code output, 2026-06-18)."""

_TYPES: Mapping[int, str] = MappingProxyType(
    {
        400: "invalid_request_error",
        403: "permission_error",
        404: "not_found_error",
        413: "request_too_large",
        422: "invalid_request_error",
        429: "rate_limit_error",
        500: "api_error",
        _OVERLOADED: "overloaded_error",
    }
)
"""The `type` of an error by its status; 400, 429, 500 and 529 are on record."""

_TYPES_IN_STREAMS: Mapping[str, str] = MappingProxyType({"500": "overloaded_error"})
"""Codes with another `type` within a stream (public capability matrix, 2026-09-14)."""

_TEXTS: Mapping[tuple[str, Language], str] = MappingProxyType(
    {("1234", "zh"): "网络错误，错误id：{error_id}，请稍后重试"}
)
"""Texts that are other ones than on v4 (public report of an error event, 2026-06-09)."""

_encode = msgspec.json.encode


def response_headers(content_type: str, log_id: str, own: Headers = ()) -> Headers:
    """Return the headers of a response (public proxy log of open.bigmodel.cn, 2026-08-06; names in
    the log are lower case). Its own replace the common ones of the same name."""
    return (*_headers_before(content_type, own), (LOG_ID, log_id))


# Responses of one reply have the same headers but for the log id.
@lru_cache(maxsize=256)
def _headers_before(content_type: str, own: Headers) -> Headers:
    names = {name.lower() for name, _ in own}
    common = (
        ("Content-Type", content_type),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        (
            "Vary",
            "Accept-Encoding, Origin, Access-Control-Request-Method,"
            " Access-Control-Request-Headers",
        ),
    )
    return (*(pair for pair in common if pair[0].lower() not in names), *own)


def render_error(
    error: APIError,
    log_id: str,
    *,
    language: Language = "zh",
    headers: Headers = (),
    request: Request | None = None,
) -> Response:
    """Render an API error. A status or message of None comes from the table of error codes."""
    status = _error_status(error)
    kind = _BAD_REQUEST_TYPE if status == 400 else JSON_TYPE
    if status == 429 and request and _CLAUDE_CODE in request.header("anthropic-beta"):
        headers = (*_RETRY, *headers)
    body = _encode(_error_body(error, log_id, language=language))
    return Response(status, response_headers(kind, log_id, headers), ((0.0, body),))


def _error_status(error: APIError) -> int:
    """Return the HTTP status of an error."""
    row = error_codes.CODES.get(error.code)
    return error.status or _STATUSES.get(error.code) or (row.status if row else 400)


def _error_body(error: APIError, log_id: str, *, language: Language = "zh") -> Mapping[str, object]:
    """Return the body of an error: one of three envelopes."""
    if error.code == SHAPE and error.message is None:
        return error.extra
    status, text = _error_status(error), _text(error, log_id, language)
    if status == 401:
        return {"error": {"message": text, "type": error.code}, **error.extra}
    kind = _TYPES.get(status, "api_error")
    return {**_envelope(error.code, text, kind=kind, log_id=log_id), **error.extra}


def error_event(error: APIError, log_id: str) -> Mapping[str, object]:
    """Return the data of an error event within a stream."""
    kind = _TYPES_IN_STREAMS.get(error.code) or _TYPES.get(_error_status(error), "api_error")
    return _envelope(error.code, _text(error, log_id, "zh"), kind=kind, log_id=log_id)


def _text(error: APIError, log_id: str, language: Language) -> str:
    if error.message is not None:
        return error.message
    fields = {"error_id": log_id, **error.fields}
    own = _TEXTS.get((error.code, language))
    return own.format_map(fields) if own else error_codes.message_for(error.code, language, fields)


def _envelope(code: str, text: str, *, kind: str, log_id: str) -> Mapping[str, object]:
    message = f"[{code}][{text}][{log_id}]"
    return {
        "type": "error",
        "error": {"type": kind, "code": code, "message": message},
        "request_id": log_id,
    }
