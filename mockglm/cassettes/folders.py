"""The folder that something will be written to, tried before anything is sent."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from mockglm.errors import UsageError


def prepare_folder(folder: Path) -> None:
    """Have a folder that files can be put into. Raises UsageError where there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror or error}") from error
    try:
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror or error}") from error
