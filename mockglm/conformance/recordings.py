"""Exchanges kept in a folder of cassettes, and read from one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from mockglm import cassettes
from mockglm.errors import UsageError
from mockglm.exchange import Exchange
from mockglm.redaction import Redactor

__all__ = ["Exchanges", "Kept", "load", "save"]

Exchanges: TypeAlias = Iterable[tuple[str, Exchange]]
"""Exchanges with the name of their probe."""


class Kept(Struct, frozen=True):
    """A recorded exchange: which of the paths it was found by, its place, and a name for it that no
    other has. `number` counts those of a file from 1, `short` is what it is called by itself."""

    source: Path
    file: Path
    number: int
    short: str
    exchange: Exchange
    name: str = ""


def load(*paths: Path) -> tuple[Kept, ...]:
    """The exchanges of cassettes, and of all in folders by the order of their paths; each is named
    as its file, below the folder, with its number where there are several, or by its whole path
    where names are alike.

    Raises FileError where one cannot be read, UsageError where there is none, or one twice.
    """
    found = [kept for path in paths for kept in _read(path)]
    places = Counter((kept.file.resolve(), kept.number) for kept in found)
    for (file, _), count in places.items():
        if count > 1:
            raise UsageError(f"{file} is named more than once")
    counts = Counter(kept.short for kept in found)
    return tuple(replace(k, name=k.short if counts[k.short] == 1 else _long(k)) for k in found)


def save(folder: Path, exchanges: Exchanges, *, origin: str, redactor: Redactor) -> None:
    """Keep each exchange that had an answer as a cassette of its name, without any secret."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, exchange in exchanges:
        if exchange.response is None:
            continue
        at = datetime.fromtimestamp(exchange.started, UTC).isoformat(timespec="seconds")
        kept = cassettes.CassetteWriter(folder / f"{name}.yaml", origin=origin, at=at, anew=True)
        kept.append([cassettes.redact(exchange, redactor)])
        kept.close()


def _read(path: Path) -> Iterator[Kept]:
    files = sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"{path} holds no cassette")
    for file in files:
        name = file.relative_to(path).with_suffix("").as_posix() if path.is_dir() else file.stem
        for number, exchange in enumerate(cassettes.read_exchanges(file), 1):
            yield Kept(path, file, number, name if number == 1 else f"{name}-{number}", exchange)


def _long(kept: Kept) -> str:
    return f"{kept.file}" if kept.number == 1 else f"{kept.file}#{kept.number}"
