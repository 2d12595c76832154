"""Fixtures for runs of the kit: a key, an empty folder, an endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mockglm.api_keys import KEY_VARIABLES
from tests.conformance.endpoint import Endpoint, running_endpoint
from tests.conformance.reference import ANSWERS, KEY


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The key of the reference endpoint alone, and nothing in the working directory."""
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def running() -> Iterator[Endpoint]:
    with running_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(running: Endpoint, key: None) -> Endpoint:
    """An endpoint that answers as the reference, until a test says otherwise."""
    return running.answer_with(ANSWERS.__getitem__)
