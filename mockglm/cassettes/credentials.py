"""The credentials of an exchange: in headers, cookies and query parameters.

GLM itself accepts `Authorization` alone. Its Anthropic surface and gateways accept others, and all
paths below a base are recorded.
"""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.exchange import Request, Response
from mockglm.redaction import header_credentials, secret_parameters


def find_credentials(request: Request) -> Iterator[str]:
    """Return the secrets of a request: those of headers without a scheme, of the query unquoted."""
    yield from header_credentials(request.headers)
    yield from secret_parameters(request.query)


def find_new_cookies(response: Response | None) -> Iterator[str]:
    """Return the secrets that a response gives to its client."""
    return header_credentials(response.headers) if response is not None else iter(())
