"""Folders for recordings, tried before any request is sent."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from mockglm.errors import UsageError


def prepare_folder(folder: Path) -> None:
    """Make a folder if it is missing, and check that it is writable. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror or error}") from error
    try:
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror or error}") from error
