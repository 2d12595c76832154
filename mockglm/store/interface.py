"""The interface of a store: states are loaded with a version and committed against it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from msgspec import Struct

Slot = tuple[str, str]
"""A slot that is taken: the owner's hash and the model."""


HeldSlot = tuple[int, int, int, str, str]
"""A slot: index and generation of its process, its number there, the owner's hash, the model."""


class Loaded(Struct, frozen=True):
    """A session as the store has it.

    `ordinal` numbers the request that was counted. `state` is None if `version` is the one that was
    known already, and empty if the store has none. `slots` are those whose lease has not ended.
    """

    version: bytes
    state: bytes | None
    slots: Sequence[Slot] = ()
    ordinal: int = 0


class Change(Struct, frozen=True, kw_only=True):
    """The outcome of a request, or of an operation of the control API.

    It is applied as a whole or not at all. `state` is None if only the journal changes, which never
    conflicts; otherwise it replaces the state of `expected`. `slot` is taken for a request
    named `slot_id`. `record` is an entry of the journal, empty if there is none; all processes are
    notified of it. `uses` are uses of interactions that answer always.
    """

    expected: bytes
    state: bytes | None = None
    slot_id: str = ""
    slot: Slot | None = None
    record: bytes = b""
    uses: Sequence[str] = ()


class Store(Protocol):
    """A store of sessions. Each method raises StoreError within a bounded time if it is away.

    `digest` is that of the scenarios which this process serves. While the store has another one, no
    session can be loaded: that raises ScenariosDifferError.
    """

    digest: str

    async def load(self, session: str, known: bytes, *, counts: bool) -> Loaded:
        """Load a session whose version is known, and count a request."""

    async def commit(self, session: str, change: Change) -> Loaded | bytes:
        """Apply a change and return the version; return the session if it is another version."""

    async def finish(self, session: str, *, slot_id: str, record: bytes, notice: bytes) -> None:
        """Give a slot back, and add the end of an exchange to the journal.

        All processes are notified by `notice`, the whole entry.
        """

    async def forget(self, session: str) -> bool:
        """Drop a session. Returns False if there was none."""

    async def list_sessions(self) -> Sequence[tuple[str, int, bytes]]:
        """List the sessions: name, number of requests, state."""

    async def count_uses(self, session: str) -> dict[str, int]:
        """Return the uses of interactions that answer always."""

    async def read_journal(self, session: str) -> Sequence[bytes]:
        """Return the records of a journal, oldest first."""

    async def clear_journal(self, session: str) -> None:
        """Drop all records of a journal."""

    def watch(self) -> AsyncIterator[bytes]:
        """Yield the notices of all processes from now on."""

    async def publish_digest(self) -> None:
        """Declare the scenarios of this process as those that all processes have to serve."""

    async def read_digest(self) -> str:
        """Return the digest that was declared last; "" if none was."""

    async def close(self) -> None:
        """Close all connections."""
