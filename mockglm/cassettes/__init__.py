"""Cassettes: exchanges are serialised, redacted, appended to a file, and loaded again."""

from mockglm.cassettes.credentials import find_credentials, find_new_cookies
from mockglm.cassettes.exchanges import read_exchanges
from mockglm.cassettes.folders import prepare_folder
from mockglm.cassettes.loader import load
from mockglm.cassettes.serializer import (
    KEPT_HEADERS,
    STATUSES,
    dump,
    dump_response,
    normalise,
    redact,
    redact_request,
    redact_response,
)
from mockglm.cassettes.writer import CassetteWriter, file_head

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
