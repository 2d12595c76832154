"""Recorded interactions: an exchange written down, and the file it is appended to."""

from mockglm.cassette.block import KEPT, block, settled
from mockglm.cassette.file import Cassette

__all__ = ["KEPT", "Cassette", "block", "settled"]
