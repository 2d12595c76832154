"""One server for all tests here, in runs of pytest within a test too."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from mockglm import testing
from mockglm.testing import TestServer

pytest_plugins = ("pytester",)


@pytest.fixture
def one_server(glm_server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fixture `glm_server` of inner runs return the server of this run."""
    monkeypatch.setattr(testing, "TestServer", lambda: nullcontext(glm_server))
