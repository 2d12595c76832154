"""Recordings that others made, as cassettes: those of vcrpy, of go-vcr, and what curl saved."""

from mockglm.convert.read import Foreign, read
from mockglm.convert.write import Converted, convert

__all__ = ["Converted", "Foreign", "convert", "read"]
