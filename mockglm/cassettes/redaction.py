"""The redaction of exchanges: the parts that are searched for secrets before anything is written.

The recorder and the journal redact with it; `mockglm.redaction` finds the secrets in texts.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from mockglm.exchange import Exchange, Headers, Request, Response
from mockglm.redaction import Redactor, header_credentials, secret_parameters

KEPT_HEADERS = frozenset(
    {
        "allow",
        "cache-control",
        "content-disposition",
        "content-language",
        "content-type",
        "pragma",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "vary",
        "www-authenticate",
        "x-log-id",
        "x-request-id",
        "x-should-retry",
    }
)
"""Headers of responses that are kept: clients act on them or show them, and none has a secret.
Dates, cookies and headers of the connection are made when the recording is replayed."""

KEPT_PREFIXES = ("x-ratelimit-", "access-control-")


def redact(exchange: Exchange, redactor: Redactor) -> Exchange:
    """Return an exchange without secrets and without request headers.

    Its own credentials are secrets even if the redactor has forgotten them.
    """
    request, answer = exchange.request, exchange.response
    redactor = redactor.with_secrets((*find_credentials(request), *find_new_cookies(answer)))
    return replace(
        exchange,
        request=replace(redact_request(request, redactor), headers=()),
        response=answer and redact_response(answer, redactor),
        error=redactor.text(exchange.error),
    )


def redact_request(request: Request, redactor: Redactor) -> Request:
    """Return a request without secrets in path, query and body; the same object if it has none.

    Recorded requests and those that are looked up are redacted alike, so that they have one key.
    """
    path, query = redactor.text(request.path), redactor.query(request.query)
    body = redactor.bytes(request.body)
    if path is request.path and query == request.query and body is request.body:
        return request
    return replace(request, path=path, query=query, body=body)


def redact_response(answer: Response, redactor: Redactor) -> Response:
    """Return a response without secrets, in the same pieces."""
    times = [at for at, _ in answer.chunks]
    pieces = redactor.pieces([piece for _, piece in answer.chunks])
    chunks = tuple(zip(times, pieces, strict=True))
    return replace(answer, headers=redactor.headers(answer.headers), chunks=chunks)


def find_credentials(request: Request) -> Iterator[str]:
    """Return the secrets of a request: those of headers without a scheme, of the query unquoted."""
    yield from header_credentials(request.headers)
    yield from secret_parameters(request.query)


def find_new_cookies(response: Response | None) -> Iterator[str]:
    """Return the secrets that a response gives to its client."""
    return header_credentials(response.headers) if response is not None else iter(())


def kept_headers(headers: Headers) -> Headers:
    """Return the headers of a response that are written, those of one name together."""
    names: dict[str, list[str]] = {}
    for name, value in headers:
        if name.lower() in KEPT_HEADERS or name.lower().startswith(KEPT_PREFIXES):
            names.setdefault(name, []).append(value)
    return tuple((name, value) for name, values in names.items() for value in values)
