"""Fixtures for runs of the kit: a key, an empty folder, an endpoint."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from mockglm.api_keys import KEY_VARIABLES
from mockglm.conformance import transport
from tests.conformance.endpoint import Endpoint, running_endpoint
from tests.conformance.reference import ANSWERS, KEY


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The key of the reference endpoint alone, and nothing in the working directory."""
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


BEGINNING = 40
"""Reads of a response without an end; a response with one has fewer."""


class _Reader(threading.Thread):
    """A thread that is not left before it has read the beginning of a response without an end."""

    count = 0

    def join(self, timeout: float | None = None) -> None:
        super().join(timeout)
        while self.is_alive() and self.count < BEGINNING:
            super().join(0.01)


@pytest.fixture
def reads_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeout ends no response before its beginning has been read, however busy the machine."""

    count_lines = transport.count_lines

    def count(data: bytes) -> int:
        reader = threading.current_thread()
        assert isinstance(reader, _Reader)
        reader.count += 1
        return count_lines(data)

    monkeypatch.setattr(transport, "threading", SimpleNamespace(Thread=_Reader))
    monkeypatch.setattr(transport, "count_lines", count)


@pytest.fixture(scope="session")
def running() -> Iterator[Endpoint]:
    with running_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(running: Endpoint, key: None) -> Endpoint:
    """An endpoint that answers as the reference, until a test says otherwise."""
    return running.answer_with(ANSWERS.__getitem__)
