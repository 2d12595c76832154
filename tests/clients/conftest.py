"""The packages, each in both modes, against the running server."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from tests.clients.adapters import ADAPTERS, Adapter

END = "-----END CERTIFICATE-----\n"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One authority, for to read all of them takes each client 40 ms and none is needed."""
    path = tmp_path_factory.mktemp("authority") / "one.pem"
    path.write_text(Path(certifi.where()).read_text("utf-8").partition(END)[0] + END, "utf-8")
    return path


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, authority: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    # The packages heed the environment's proxies, which are not for this machine.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.name)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    one: Adapter = request.param
    return one


@pytest.fixture(params=[False, True], ids=["plain", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    is_stream: bool = request.param
    return is_stream
