"""Values that satisfy a JSON Schema, for arguments of calls and answers in JSON."""

from mockglm.improvise.schema.maker import make_arguments, make_value
from mockglm.improvise.schema.references import WorkBudget

__all__ = ["WorkBudget", "make_arguments", "make_value"]
