"""The matching of requests: patterns, canonical keys of recordings, near misses."""

from mockglm.matching import canonical
from mockglm.matching.difference import Difference
from mockglm.matching.index import PatternIndex
from mockglm.matching.meaning import meaning_key
from mockglm.matching.near_miss import NearMiss, find_near_miss, find_near_recording
from mockglm.matching.patterns import When
from mockglm.matching.view import RequestView

__all__ = [
    "Difference",
    "NearMiss",
    "PatternIndex",
    "RequestView",
    "When",
    "canonical",
    "find_near_miss",
    "find_near_recording",
    "meaning_key",
]
