"""The files that a test names: scenarios by name or path, and the cassette of the test itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from mockglm.errors import UsageError, nearest
from mockglm.scenarios import find_files

if TYPE_CHECKING:
    import pytest

SUFFIXES = (".yaml", ".yml")

LONGEST_NAME = 120
"""Characters of a file name, well below the bytes that file systems take."""

_UNFIT = re.compile(r"[^\w.-]+")

# pytest escapes 中 in the name of a test, unless its configuration forbids that.
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")


def find_scenarios(
    names: Iterable[str | Path], folder: Path, shipped: Mapping[str, Path]
) -> Iterator[Path]:
    """Find the files of scenarios: shipped ones by name, others relative to a folder or to the
    working directory.

    Raises UsageError, with the nearest name, for one that does not exist.
    """
    for name in names:
        candidates = [path for path in (folder / name, Path(name)) if path.exists()]
        if isinstance(name, str) and name in shipped and not _is_path(name):
            yield shipped[name]
        elif candidates and (_is_path(name) or candidates[0].is_dir()):
            yield from find_files(candidates[:1])
        else:
            raise UsageError(_unknown(str(name), (*shipped, *_neighbours(folder / name))))


def cassette_path(node: pytest.Item, marker: pytest.Mark) -> Path:
    """The path `cassettes/<module>/<Class.><test><-param>.yaml`, or the path the marker names,
    relative to the folder of the test."""
    folder = node.path.parent
    named: str | None = marker.kwargs.get("path") or next(iter(marker.args), None)
    if named is not None:
        return folder / named
    return folder / "cassettes" / node.path.stem / f"{_file_name(node)}.yaml"


def _is_path(name: str | Path) -> bool:
    return isinstance(name, Path) or name.endswith(SUFFIXES) or "/" in name or "\\" in name


def _neighbours(path: Path) -> Iterator[str]:
    if path.parent.is_dir():
        yield from (other.name for other in path.parent.iterdir() if other.suffix in SUFFIXES)


def _unknown(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else "`mockglm scenarios` lists those shipped"
    return f"there is no scenario {name!r}; {hint}"


def _file_name(node: pytest.Item) -> str:
    import pytest

    classes = [one.name for one in node.listchain() if isinstance(one, pytest.Class)]
    plain, bracket, params = node.name.partition("[")
    unescaped = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), params.rstrip("]"))
    full = ".".join((*classes, plain)) + (f"-{unescaped}" if bracket else "")
    name = _UNFIT.sub("-", full).strip("-.")
    if len(name) <= LONGEST_NAME and name == full:
        return name
    # Two tests whose names differ only in characters that no file name has need two files.
    digest = blake2b(full.encode("utf-8", "surrogateescape"), digest_size=3).hexdigest()
    return f"{name[:LONGEST_NAME]}-{digest}"
