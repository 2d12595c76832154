"""The state of a session as a store keeps it: plain data that a process can go on from."""

from __future__ import annotations

import msgspec
from msgspec import Struct, field

from mockglm.errors import UnreadableStateError


class LedgerState(Struct, array_like=True):
    """The use of accounts; owners are hashes of keys, for a store must not hold keys.

    `windows` are (owner, position in the plan, began, used), `left` the balances.
    """

    began: float
    windows: list[tuple[str, int, float, float]] = field(default_factory=list)
    left: dict[str, float] = field(default_factory=dict)


class SessionState(Struct, array_like=True):
    """All that the requests of a session change, except its journal, slots and prompt cache.

    `used` and `drawn` count the uses of interactions and their drawn chances, by the name that an
    interaction has in the session. `queue` and `faults` are (JSON as written, times) in order,
    `rules` are (name, JSON as written). `digest` is that of the files that the counts belong to.
    """

    digest: str
    used: dict[str, int] = field(default_factory=dict)
    drawn: dict[str, int] = field(default_factory=dict)
    queue: list[tuple[bytes, int]] = field(default_factory=list)
    rules: list[tuple[str, bytes]] = field(default_factory=list)
    next_rule: int = 0
    faults: list[tuple[bytes, int]] = field(default_factory=list)
    standing: list[bytes] = field(default_factory=list)
    offset: float = 0.0
    ledger: LedgerState | None = None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(SessionState)


def encode_state(state: SessionState) -> bytes:
    """Encode a state; equal states that were restored from the same bytes have the same bytes."""
    return _ENCODER.encode(state)


def decode_state(data: bytes) -> SessionState:
    """Decode a state. Raises UnreadableStateError, as for bytes of another version of mockglm."""
    try:
        return _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise UnreadableStateError(error) from error


def count_queued(data: bytes) -> int:
    """Count the queued replies of a state; 0 if it is empty or cannot be read."""
    try:
        return sum(times for _, times in decode_state(data).queue) if data else 0
    except UnreadableStateError:
        return 0
