"""Exchanges kept in a folder of cassettes, and read from one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from mockglm import cassette
from mockglm.errors import UsageError
from mockglm.exchange import Exchange
from mockglm.redact import Redactor

__all__ = ["Exchanges", "load", "save"]

Exchanges: TypeAlias = Iterable[tuple[str, Exchange]]
"""Exchanges with the name of their probe, or of their place in a recording."""


def load(path: Path) -> Iterator[tuple[str, Exchange]]:
    """The exchanges of a cassette, or of all in a folder by the order of paths; each is named as
    its file, below the folder, with its number where there are several.

    Raises FileError where one cannot be read, UsageError where there is none.
    """
    files = sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"{path} holds no cassette")
    for file in files:
        name = file.relative_to(path).with_suffix("").as_posix() if path.is_dir() else file.stem
        for number, exchange in enumerate(cassette.read(file), 1):
            yield (name if number == 1 else f"{name}-{number}"), exchange


def save(folder: Path, exchanges: Exchanges, *, origin: str, redactor: Redactor) -> None:
    """Keep each exchange that had an answer as a cassette of its name, without any secret."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, exchange in exchanges:
        if exchange.answer is None:
            continue
        at = datetime.fromtimestamp(exchange.started, UTC).isoformat(timespec="seconds")
        kept = cassette.Cassette(folder / f"{name}.yaml", origin=origin, at=at, anew=True)
        kept.append([_clean(exchange, redactor)])
        kept.close()


def _clean(exchange: Exchange, redactor: Redactor) -> Exchange:
    assert exchange.answer is not None, "only what was answered is kept"
    request = replace(exchange.request, body=redactor.bytes(exchange.request.body))
    pieces = redactor.pieces([piece for _, piece in exchange.answer.pieces])
    times = (at for at, _ in exchange.answer.pieces)
    headers = tuple((name, redactor.text(value)) for name, value in exchange.answer.headers)
    answer = replace(
        exchange.answer, headers=headers, pieces=tuple(zip(times, pieces, strict=True))
    )
    return replace(exchange, request=request, answer=answer)
