"""The packages, each in both modes, against the running server."""

from __future__ import annotations

import pytest

from tests.clients.adapters import ADAPTERS, Adapter


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages heed the environment's proxies, which are not for this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.name)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    one: Adapter = request.param
    return one


@pytest.fixture(params=[False, True], ids=["plain", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    is_stream: bool = request.param
    return is_stream
