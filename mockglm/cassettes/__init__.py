"""Cassettes: exchanges are serialised, redacted, appended to a file, and loaded again."""

from mockglm.cassettes.loader import load, read_exchanges
from mockglm.cassettes.redaction import (
    KEPT_HEADERS,
    find_credentials,
    find_new_cookies,
    redact,
    redact_request,
    redact_response,
)
from mockglm.cassettes.serializer import (
    STATUSES,
    dump,
    dump_response,
    normalise,
)
from mockglm.cassettes.writer import CassetteWriter, file_head, prepare_folder

__all__ = [
    "KEPT_HEADERS",
    "STATUSES",
    "CassetteWriter",
    "dump",
    "dump_response",
    "file_head",
    "find_credentials",
    "find_new_cookies",
    "load",
    "normalise",
    "prepare_folder",
    "read_exchanges",
    "redact",
    "redact_request",
    "redact_response",
]
