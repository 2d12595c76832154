"""Which interaction answers a request: patterns, the key of a recording, the nearest miss."""

from mockglm.matching import canonical
from mockglm.matching.difference import Difference
from mockglm.matching.index import Index
from mockglm.matching.nearest import Nearest, nearest, nearest_recording
from mockglm.matching.view import View
from mockglm.matching.when import When

__all__ = [
    "Difference",
    "Index",
    "Nearest",
    "View",
    "When",
    "canonical",
    "nearest",
    "nearest_recording",
]
