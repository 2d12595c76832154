"""What runs of the kit are given: a key, and a folder of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockglm.api_keys import NAMES
from tests.conformance.reference import KEY


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The key of the reference server alone, and nothing in the working directory."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
