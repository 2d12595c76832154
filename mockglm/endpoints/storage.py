"""Storage: the bytes that endpoints keep in memory, and the bound on those of all sessions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Protocol
from weakref import WeakSet

from msgspec import Struct

from mockglm.errors import UsageError

MAX_BYTES = 256 * 1024 * 1024
"""Bytes of the files and batches of all sessions of a server."""

MAX_FILES = 1000
"""Files of one session."""


class _Sized(Protocol):
    @property
    def size(self) -> int: ...


class StorageBudget:
    """The bound that the files and batches of all sessions share; those of a session that is
    dropped count no longer."""

    def __init__(self) -> None:
        self._limit = MAX_BYTES
        self._holders: WeakSet[_Sized] = WeakSet()

    def reserve(self, holder: _Sized, size: int) -> None:
        """Let a holder keep more bytes. Raises UsageError if all of them would keep too many."""
        self._holders.add(holder)
        used = sum(one.size for one in self._holders)
        if used + size > self._limit:
            limit = self._limit // 1024**2
            raise UsageError(f"mockglm: all files together have at most {limit} MiB; delete some")


class StoredFile(Struct, frozen=True, kw_only=True):
    """A file of a key. `created` is in unix seconds."""

    id: str
    key: str
    filename: str
    purpose: str
    created: int
    content: bytes


class StoredFiles:
    """The files of a session, in the order of their upload."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, StoredFile] = OrderedDict()
        self.size = 0

    def add(self, file: StoredFile, budget: StorageBudget) -> None:
        """Keep a file. Raises UsageError beyond the bounds."""
        if len(self._files) >= MAX_FILES:
            raise UsageError(f"mockglm: a session has at most {MAX_FILES} files; delete some")
        budget.reserve(self, len(file.content))
        # A request is decided again when a shared store has changed meanwhile.
        self.remove(file.id)
        self._files[file.id] = file
        self.size += len(file.content)

    def get(self, id: str, key: str) -> StoredFile | None:
        """Find a file of a key; None for one of another key."""
        file = self._files.get(id)
        return file if file and file.key == key else None

    def remove(self, id: str) -> None:
        file = self._files.pop(id, None)
        self.size -= len(file.content) if file else 0

    def list_newest(self, key: str) -> Iterator[StoredFile]:
        """List the files of a key, the newest first."""
        return (file for file in reversed(self._files.values()) if file.key == key)
