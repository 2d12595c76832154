"""Values that satisfy a JSON Schema, for arguments of calls and answers in JSON."""

from mockglm.improvise.schema.keywords import WorkBudget
from mockglm.improvise.schema.maker import make_arguments, make_value

__all__ = ["WorkBudget", "make_arguments", "make_value"]
