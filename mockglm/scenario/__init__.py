"""The one file format: scenarios and cassettes loaded, checked and compiled."""

from mockglm.scenario.files import find, interaction, load, load_all, parse, shipped
from mockglm.scenario.names import named, unnamed
from mockglm.scenario.schema import schema
from mockglm.scenario.template import Template
from mockglm.scenario.values import Interaction, Recorded, Recording, Scenario, Step

__all__ = [
    "Interaction",
    "Recorded",
    "Recording",
    "Scenario",
    "Step",
    "Template",
    "find",
    "interaction",
    "load",
    "load_all",
    "named",
    "parse",
    "schema",
    "shipped",
    "unnamed",
]
