"""Exchanges read back from a cassette, as they were seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from mockglm.exchange import Exchange, Request
from mockglm.scenarios import Provenance, load


def read_exchanges(path: str | Path) -> Iterator[Exchange]:
    """The exchanges of a cassette, in order; what was written by hand in it is left out.

    Each has begun when the recording did: a cassette keeps one time for all. Raises FileError for
    a file that cannot be read.
    """
    scenario = load(path)
    started = _began(scenario.provenance)
    for interaction in scenario.interactions:
        recorded, answer = interaction.request, interaction.steps[0].response
        if recorded is not None and answer is not None:
            request = Request(recorded.method, recorded.path, recorded.query, (), recorded.body)
            yield Exchange(request, answer, started)


def _began(recorded: Provenance | None) -> float:
    """When the recording began, in unix seconds; 0 where the file does not say it."""
    try:
        return datetime.fromisoformat(recorded.at).timestamp() if recorded else 0.0
    except ValueError:
        return 0.0
