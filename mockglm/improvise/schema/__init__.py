"""Values that satisfy a JSON Schema, as the arguments of a call must."""

from mockglm.improvise.schema.maker import make_arguments, make_value
from mockglm.improvise.schema.references import WorkBudget

__all__ = ["WorkBudget", "make_arguments", "make_value"]
