"""Exchanges written to a cassette so that they read back as they were, and read back from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from mockglm.cassettes.serializer import dump, dump_bytes, normalise
from mockglm.exchange import Exchange, Request
from mockglm.matching import canonical
from mockglm.matching.difference import shorten
from mockglm.scenarios import Provenance, load, parse

_HEAD = b"format: 1\ninteractions:\n"


def dump_checked(exchange: Exchange) -> tuple[str, str]:
    """Write an exchange as `dump` does, and read it back; as `dump_bytes` does if that fails.

    Returns the text, and the reason if it is that of `dump_bytes`. So a cassette can be loaded
    whatever a client or a service put into an exchange. Raises ValueError for an exchange that is
    no interaction.
    """
    try:
        text = dump(exchange)
        _check(text, exchange)
    # Bodies are of any form: nothing that is raised here may lose a finished exchange.
    except Exception as error:
        return dump_bytes(exchange), shorten(f"{type(error).__name__}: {error}")
    return text, ""


def read_exchanges(path: str | Path) -> Iterator[Exchange]:
    """Read the recorded exchanges of a cassette, in order; those written by hand are left out.

    A cassette keeps one time for all: that of the recording. Raises FileError for a file that
    cannot be read.
    """
    scenario = load(path)
    started = _began(scenario.provenance)
    for interaction in scenario.interactions:
        recorded, response = interaction.request, interaction.steps[0].response
        if recorded is not None and response is not None:
            request = Request(recorded.method, recorded.path, recorded.query, (), recorded.body)
            yield Exchange(request, response, started)


def _check(text: str, exchange: Exchange) -> None:
    """Raise FileError or ValueError if a text does not read back as the exchange."""
    (interaction,) = parse(_HEAD + text.encode(), "exchange").interactions
    sent, found = exchange.request, interaction.request
    key = canonical.key(sent.method, sent.path, query=sent.query, body=sent.body)
    if found is None or found.key != key:
        raise ValueError("the request reads back as another one")
    if exchange.response is None or interaction.steps[0].response != normalise(exchange.response):
        raise ValueError("the response reads back as another one")


def _began(recorded: Provenance | None) -> float:
    """The start of the recording in unix seconds; 0 if the file does not tell."""
    try:
        return datetime.fromisoformat(recorded.at).timestamp() if recorded else 0.0
    except ValueError:
        return 0.0
