"""Packages of npm in a folder of their own, for tests that run against foreign programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PATIENCE = 120
"""Seconds that npm is given."""


def install(folder: Path, *packages: str) -> Path:
    """The folder of these packages (with versions); skips the test where they cannot be had.

    `GLM_NODE_MODULES` names a folder that has them already.
    """
    kept = os.environ.get("GLM_NODE_MODULES")
    if kept:
        return Path(kept)
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm is not here")
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        done = subprocess.run([*command, *packages], cwd=folder, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm takes too long")
    if done.returncode:
        pytest.skip("npm has nothing to give")
    return folder / "node_modules"
