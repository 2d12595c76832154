"""Programs of the machine that some tests need; those tests are skipped where one is missing."""

from __future__ import annotations

import shutil

import pytest

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl is here")
