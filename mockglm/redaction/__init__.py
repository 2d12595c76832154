"""Keys out of everything that is kept or shown: by value where they are known, else by shape.

A body is searched as the bytes it is, as its escapes spell it, and as the texts of its JSON, which
a stream cuts into many frames. What is found is cut out of the bytes where they stand.
"""

from mockglm.redaction.known_secrets import LONGEST, MOST_LEARNED, SHORTEST
from mockglm.redaction.names import (
    REDACTED,
    SECRET_HEADERS,
    anonymous,
    header_credentials,
    is_secret_header,
    parameters,
)
from mockglm.redaction.redactor import Redactor

__all__ = [
    "LONGEST",
    "MOST_LEARNED",
    "REDACTED",
    "SECRET_HEADERS",
    "SHORTEST",
    "Redactor",
    "anonymous",
    "header_credentials",
    "is_secret_header",
    "parameters",
]
