"""The one file format: scenarios and cassettes loaded, checked and compiled."""

from mockglm.scenarios.files import (
    compile_interaction,
    find_files,
    load,
    load_all,
    parse,
    parse_interaction,
    shipped_scenarios,
)
from mockglm.scenarios.json_schema import json_schema
from mockglm.scenarios.names import index_by_name, unknown_name
from mockglm.scenarios.template import Template
from mockglm.scenarios.values import Interaction, Provenance, RecordedRequest, Scenario, Step

__all__ = [
    "Interaction",
    "Provenance",
    "RecordedRequest",
    "Scenario",
    "Step",
    "Template",
    "compile_interaction",
    "find_files",
    "index_by_name",
    "json_schema",
    "load",
    "load_all",
    "parse",
    "parse_interaction",
    "shipped_scenarios",
    "unknown_name",
]
