"""What a run is asked to write, tried before anything is sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mockglm.errors import UsageError

__all__ = ["ready"]

_FOLDERS = ("glm_report", "glm_record_to")
_FILES = ("glm_write_baseline", "xmlpath")


def ready(option: Any) -> None:
    """Make the folders that pytest's options name. Raises UsageError for what cannot be written."""
    for name in _FOLDERS:
        if getattr(option, name, None):
            _folder(Path(getattr(option, name)))
    for name in _FILES:
        if getattr(option, name, None):
            _file(Path(getattr(option, name)))


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be made a folder: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise UsageError(f"{path} cannot be written to")


def _file(path: Path) -> None:
    _folder(path.parent)
    if path.is_dir():
        raise UsageError(f"{path} is a folder, and a file is to be written")
    if path.exists() and not os.access(path, os.W_OK):
        raise UsageError(f"{path} cannot be written to")
