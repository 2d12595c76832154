"""Recorded interactions: an exchange written down, and the file it is appended to."""

from mockglm.cassette.block import KEPT, STATUSES, block, hidden, redacted, rule, settled
from mockglm.cassette.credentials import credentials
from mockglm.cassette.file import Cassette, head
from mockglm.cassette.folder import ready
from mockglm.cassette.opening import load
from mockglm.cassette.reading import read

__all__ = [
    "KEPT",
    "STATUSES",
    "Cassette",
    "block",
    "credentials",
    "head",
    "hidden",
    "load",
    "read",
    "ready",
    "redacted",
    "rule",
    "settled",
]
