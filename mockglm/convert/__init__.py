"""Recordings of other tools as cassettes: vcrpy, go-vcr, betamax, nock, HAR, aimock and curl."""

from mockglm.convert.reader import ForeignCassette, read_foreign
from mockglm.convert.writer import Converted, convert

__all__ = ["Converted", "ForeignCassette", "convert", "read_foreign"]
