"""The scenarios that come with mockglm: found and described without being compiled."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

SUFFIXES = (".yaml", ".yml")

_DEPTH = {
    yaml.MappingStartEvent: 1,
    yaml.SequenceStartEvent: 1,
    yaml.MappingEndEvent: -1,
    yaml.SequenceEndEvent: -1,
}
"""The change of depth at an event of the parser."""


def shipped_scenarios() -> Mapping[str, Path]:
    """The scenarios that come with mockglm, by name, in a wheel or a checkout."""
    package = Path(__file__).parent
    folders = (package / "library", package.parent / "scenarios")
    folder = next((folder for folder in folders if folder.is_dir()), None)
    return {} if folder is None else {path.stem: path for path in list_folder(folder)}


def list_folder(folder: Path) -> list[Path]:
    """List the files of scenarios and cassettes in a folder and its subfolders, sorted."""
    # Not rglob, which raises FileNotFoundError when a folder is deleted while it is listed.
    found: list[Path] = []
    for parent, folders, files in os.walk(folder):
        # Names that begin with a dot belong to editors and tools.
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = (name for name in (*folders, *files) if not name.startswith("."))
        found.extend(Path(parent, name) for name in names if name.endswith(SUFFIXES))
    return sorted(found)


def read_about(path: Path) -> str:
    """Read the `about` of a file, and nothing behind it; "" for a file without one."""
    depth, is_key, key = 0, True, ""
    with path.open("rb") as file:
        for event in yaml.parse(file, Loader=yaml.CSafeLoader):
            if depth == 1 and isinstance(event, yaml.ScalarEvent) and not is_key and key == "about":
                return str(event.value)
            depth += _DEPTH.get(type(event), 0)
            if depth == 1 and not isinstance(event, yaml.MappingStartEvent):
                key = event.value if is_key and isinstance(event, yaml.ScalarEvent) else ""
                is_key = not is_key
    return ""
