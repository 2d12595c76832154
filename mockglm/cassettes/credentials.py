"""The credentials of an exchange: in headers, in cookies, in parameters of the query.

GLM itself takes `Authorization` alone; its Anthropic surface and gateways before it take others,
and all that is below a base is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.exchange import Request, Response
from mockglm.redaction import header_credentials, parameters


def find_credentials(request: Request) -> Iterator[str]:
    """The secrets of a request: of headers without their scheme, of the query unquoted."""
    yield from header_credentials(request.headers)
    yield from parameters(request.query)


def find_new_cookies(response: Response | None) -> Iterator[str]:
    """The secrets that a response gives to its client."""
    return header_credentials(response.headers) if response is not None else iter(())
