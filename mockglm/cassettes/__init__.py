"""Recorded interactions: an exchange written down, and the file it is appended to."""

from mockglm.cassettes.credentials import find_credentials, find_new_cookies
from mockglm.cassettes.exchanges import read_exchanges
from mockglm.cassettes.folders import prepare_folder
from mockglm.cassettes.loader import load
from mockglm.cassettes.serializer import (
    KEPT,
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
    "KEPT",
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
