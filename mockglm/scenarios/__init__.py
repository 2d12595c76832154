"""The file format of scenarios and cassettes: reading, checking and compiling files."""

from mockglm.scenario_library import shipped_scenarios
from mockglm.scenarios.files import (
    FileListener,
    compile_interaction,
    find_files,
    index_by_name,
    load,
    load_all,
    parse,
    parse_interaction,
    unknown_name,
)
from mockglm.scenarios.schema.file import build_json_schema
from mockglm.scenarios.template import Template
from mockglm.scenarios.values import Interaction, Provenance, RecordedRequest, Scenario, Step

__all__ = [
    "FileListener",
    "Interaction",
    "Provenance",
    "RecordedRequest",
    "Scenario",
    "Step",
    "Template",
    "build_json_schema",
    "compile_interaction",
    "find_files",
    "index_by_name",
    "load",
    "load_all",
    "parse",
    "parse_interaction",
    "shipped_scenarios",
    "unknown_name",
]
