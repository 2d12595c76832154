"""Recorded interactions: an exchange written down, and the file it is appended to."""

from mockglm.cassette.block import KEPT, block, redacted, settled
from mockglm.cassette.file import Cassette, head
from mockglm.cassette.reading import read

__all__ = ["KEPT", "Cassette", "block", "head", "read", "redacted", "settled"]
