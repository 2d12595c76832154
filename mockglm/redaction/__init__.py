"""Redaction of everything that is kept or shown: known keys by value, others by their form.

A body is searched as bytes, with its escapes decoded, and as the texts of its JSON, which a stream
divides into many frames. Secrets are replaced in the bytes.
"""

from mockglm.redaction.known_secrets import MAX_LEARNED, MAX_LENGTH, MIN_LENGTH
from mockglm.redaction.names import (
    REDACTED,
    SECRET_HEADERS,
    header_credentials,
    is_secret_header,
    redact_query,
    secret_parameters,
)
from mockglm.redaction.redactor import RedactionCache, Redactor

__all__ = [
    "MAX_LEARNED",
    "MAX_LENGTH",
    "MIN_LENGTH",
    "REDACTED",
    "SECRET_HEADERS",
    "RedactionCache",
    "Redactor",
    "header_credentials",
    "is_secret_header",
    "redact_query",
    "secret_parameters",
]
