"""Cassettes loaded: for recording, where a file may be missing or empty, and as exchanges."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import yaml

from mockglm import scenarios
from mockglm.cassettes.structure import has_items, is_absent, is_blank
from mockglm.exchange import Exchange, Request
from mockglm.scenarios import Provenance, Scenario, parse, yaml_nodes
from mockglm.scenarios.problems import Problems
from mockglm.yaml_documents import read_file


def load(path: Path) -> Scenario | None:
    """Load the scenario of a file; None if there is no file, or nothing in it yet.

    Raises FileError with all that is wrong with it.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # reading it explains why
    source = read_file(path)
    if is_blank(source):
        return None
    return parse(source if has_items(source) else _filled(path, source), path)


def _filled(path: Path, source: bytes) -> bytes:
    """The file's text with a list behind `interactions:` if nothing is there, as before the first
    recording."""
    root = yaml_nodes.compose_nodes(Problems(str(path), source))
    rows = root.value if isinstance(root, yaml.MappingNode) else ()
    value = next((value for key, value in rows if key.value == "interactions"), None)
    if not is_absent(value):
        return source
    assert value is not None
    lines = source.decode().split("\n")
    line, column = lines[value.start_mark.line], value.start_mark.column
    lines[value.start_mark.line] = f"{line[:column]} []{line[column:]}"
    return "\n".join(lines).encode()


def read_exchanges(path: str | Path) -> Iterator[Exchange]:
    """Read the recorded exchanges of a cassette, in order; those written by hand are left out.

    A cassette keeps one time for all: that of the recording. Raises FileError for a file that
    cannot be read.
    """
    scenario = scenarios.load(path)
    started = _began(scenario.provenance)
    for interaction in scenario.interactions:
        recorded, response = interaction.request, interaction.steps[0].response
        if recorded is not None and response is not None:
            request = Request(recorded.method, recorded.path, recorded.query, (), recorded.body)
            yield Exchange(request, response, started)


def _began(recorded: Provenance | None) -> float:
    """The start of the recording in unix seconds; 0 if the file does not tell."""
    try:
        return datetime.fromisoformat(recorded.at).timestamp() if recorded else 0.0
    except ValueError:
        return 0.0
