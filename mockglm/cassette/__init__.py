"""Recorded interactions: an exchange written down, and the file it is appended to."""

from mockglm.cassette.block import KEPT, block, redacted, settled
from mockglm.cassette.file import Cassette, head

__all__ = ["KEPT", "Cassette", "block", "head", "redacted", "settled"]
