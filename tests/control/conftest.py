"""The server of a module of tests, without earlier sessions, and a client of its control API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.serving import Served


@pytest.fixture
def served(running: Served) -> Served:
    """The server of the module, without any session of an earlier test."""
    running.background.call(running.sessions.clear)
    return running


@pytest.fixture
def control(served: Served) -> Iterator[httpx.Client]:
    """A client of the control API."""
    base = f"{served.host}/__mockglm__"
    with httpx.Client(base_url=base, trust_env=False, timeout=60) as client:
        yield client
