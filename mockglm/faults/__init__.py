"""Faults: one catalogue of the ways GLM traffic breaks, each laid over any answer."""

from mockglm.faults.fault import Fault, Laid, Option
from mockglm.faults.laying import CATALOGUE, apply, parse
from mockglm.faults.place import Place

__all__ = ["CATALOGUE", "Fault", "Laid", "Option", "Place", "apply", "parse"]
