"""Values that satisfy a JSON Schema, as the arguments of a call must."""

from mockglm.improvise.arguments.judge import fits
from mockglm.improvise.arguments.make import arguments, make

__all__ = ["arguments", "fits", "make"]
