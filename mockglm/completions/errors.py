"""API errors rendered in GLM's envelope, and the headers that all responses share."""

from __future__ import annotations

import msgspec

from mockglm import error_codes
from mockglm.error_codes import Language
from mockglm.exchange import APIError, Headers, Response
from mockglm.http1 import LOG_ID

JSON_TYPE = "application/json; charset=UTF-8"
STREAM_TYPE = "text/event-stream;charset=UTF-8"
GATEWAY_TYPE = "application/json"

MISS_HEADER = "X-MockGLM-Miss"
"""The header that marks a response as a report of mockglm itself."""

MOCK_ERROR_STATUS = 422
"""The status of such a report: no client retries it, and GLM never sends it."""

_encode = msgspec.json.Encoder(order="sorted").encode


def common_headers(log_id: str) -> Headers:
    """Return the headers of every response (SamyRai/go-z-ai cassettes, both hosts, 2026-07)."""
    return (
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("Vary", "Origin"),
        ("Vary", "Access-Control-Request-Method"),
        ("Vary", "Access-Control-Request-Headers"),
        (LOG_ID, log_id),
    )


def response_headers(content_type: str, log_id: str, own: Headers = ()) -> Headers:
    """Return the headers of a response; its own replace the common ones of the same name."""
    base = (("Content-Type", content_type), *common_headers(log_id))
    if not own:
        return base
    names = {name.lower() for name, _ in own}
    return (*(pair for pair in base if pair[0].lower() not in names), *own)


def render_error(
    error: APIError, log_id: str, *, language: Language = "zh", headers: Headers = ()
) -> Response:
    """Render an API error: the code is a string, there is neither `type` nor `param`.

    A status or message of None comes from the table of error codes, in the given language.
    """
    row = error_codes.CODES.get(error.code)
    message = error.message
    if message is None:
        fields = {"error_id": log_id, **error.fields}
        message = error_codes.message_for(error.code, language, fields)
    status = error.status or (row.status if row else 400)
    body = {"error": {"code": error.code, "message": message}, **error.extra}
    content_type = GATEWAY_TYPE if row and row.gateway else JSON_TYPE
    return Response(
        status, response_headers(content_type, log_id, headers), ((0.0, _encode(body)),)
    )


def render_mock_error(message: str, log_id: str, status: int = MOCK_ERROR_STATUS) -> Response:
    """Render a report of mockglm itself: in GLM's envelope, so that clients show it, but marked."""
    error = APIError(str(status), status=status, message=message)
    return render_error(error, log_id, headers=((MISS_HEADER, "1"),))
