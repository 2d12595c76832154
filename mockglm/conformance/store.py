"""The store: exchanges kept as cassettes in a folder, and read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mockglm import cassettes
from mockglm.conformance.sets import CHAT_SET, SETS, CheckSet
from mockglm.conformance.view import ExchangeView
from mockglm.errors import MockGLMError, UsageError
from mockglm.exchange import Exchange
from mockglm.redaction import Redactor


class StoredExchange(Struct, frozen=True):
    """A recorded exchange with a name that no other has.

    `source` is the path that was given, `file` the cassette, `number` counts the exchanges of a
    file from 1, `short` is its name by itself.
    """

    source: Path
    file: Path
    number: int
    short: str
    exchange: Exchange
    name: str = ""


def load_exchanges(*paths: Path) -> tuple[StoredExchange, ...]:
    """The exchanges of cassettes, and of all cassettes in folders in the order of their paths.

    An exchange is named as its file below the folder, with its number unless it is the first, or
    by its whole path if that name is not unique. Raises FileError for a cassette that cannot be
    read, UsageError for a folder without one and for a cassette that is named twice.
    """
    found = [stored for path in paths for stored in _read(path)]
    places = Counter((stored.file.resolve(), stored.number) for stored in found)
    for (file, _), count in places.items():
        if count > 1:
            raise UsageError(f"{file} is named more than once")
    counts = Counter(stored.short for stored in found)
    return tuple(replace(s, name=s.short if counts[s.short] == 1 else _long_name(s)) for s in found)


def load_views(*paths: Path, check_set: CheckSet = CHAT_SET) -> tuple[ExchangeView, ...]:
    """The recorded exchanges that a set judges. Raises UsageError for a path without any."""
    found = [s for s in load_exchanges(*paths) if check_set.judges(s.exchange)]
    for path in sorted(set(paths) - {stored.source for stored in found}):
        raise UsageError(f"{path} holds no recorded exchange of {check_set.path}")
    return tuple(check_set.view(stored.name, stored.exchange) for stored in found)


def recorded_set(*paths: Path) -> CheckSet:
    """The set for recordings: that of chat completions if any is among them, or if nothing else
    can be judged. A cassette that cannot be read is for `load_views` to report."""
    try:
        found = [stored.exchange for stored in load_exchanges(*paths)]
    except MockGLMError:
        return CHAT_SET
    sets = (s for s in SETS.values() if any(s.judges(exchange) for exchange in found))
    return next(sets, CHAT_SET)


def save_exchanges(
    folder: Path, views: Iterable[ExchangeView], *, origin: str, redactor: Redactor
) -> None:
    """Write each exchange that had an answer as a cassette of its name, without any secret."""
    folder.mkdir(parents=True, exist_ok=True)
    for view in views:
        if view.answer is None:
            continue
        at = datetime.fromtimestamp(view.exchange.started, UTC).isoformat(timespec="seconds")
        file = cassettes.CassetteWriter(
            folder / f"{view.name}.yaml", origin=origin, at=at, overwrite=True
        )
        file.append([cassettes.redact(view.exchange, redactor)])
        file.close()


def _read(path: Path) -> Iterator[StoredExchange]:
    files = sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"{path} holds no cassette")
    for file in files:
        name = file.relative_to(path).with_suffix("").as_posix() if path.is_dir() else file.stem
        for number, exchange in enumerate(cassettes.read_exchanges(file), 1):
            short = name if number == 1 else f"{name}-{number}"
            yield StoredExchange(path, file, number, short, exchange)


def _long_name(stored: StoredExchange) -> str:
    return f"{stored.file}" if stored.number == 1 else f"{stored.file}#{stored.number}"
