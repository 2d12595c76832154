"""What in a request says who asks: of headers, of parameters.

GLM itself takes `Authorization` alone; its Anthropic surface and gateways before it take others,
and all that is below a base is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.auth import parse_credential
from mockglm.exchange import Request
from mockglm.redaction import SECRET_HEADERS, parameters


def find_credentials(request: Request) -> Iterator[str]:
    """What a request has to say who asks: of headers without `Bearer`, of the query unquoted."""
    for name, value in request.headers:
        if name.lower() in SECRET_HEADERS:
            yield parse_credential(value)
    yield from parameters(request.query)
