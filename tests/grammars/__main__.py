"""Derive the grammars again: `python -m tests.grammars FOLDER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.grammars.derive import write

if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["GLM_SAMPLES"]))
