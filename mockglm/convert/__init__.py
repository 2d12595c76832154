"""Recordings that others made, as cassettes: those of vcrpy, of go-vcr, and what curl saved."""

from mockglm.convert.reader import ForeignCassette, read_foreign
from mockglm.convert.writer import Converted, convert

__all__ = ["Converted", "ForeignCassette", "convert", "read_foreign"]
