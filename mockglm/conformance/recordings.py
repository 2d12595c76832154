"""Exchanges kept in a folder of cassettes, and read from one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from mockglm.exchange import Exchange

__all__ = ["Exchanges", "load", "save"]

Exchanges: TypeAlias = Iterable[tuple[str, Exchange]]
"""Exchanges with the name of their probe, or of their place in a recording."""


def load(folder: Path) -> Exchanges:
    """The exchanges of a folder (or of one file), by the order of paths."""
    raise NotImplementedError


def save(folder: Path, exchanges: Exchanges) -> None:
    """Keep each exchange as a cassette of its name."""
    raise NotImplementedError
