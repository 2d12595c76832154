"""Records of a shared journal: an exchange as it was decided, and its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockglm.exchange import Response
from mockglm.journal import Entry, Outcome

MAX_RECORD = 512 * 1024
"""Bytes of the longest record of a store. Of a longer one the bodies are left out, which its notes
say."""


class _Ending(Struct, array_like=True, tag=True):
    """The end of an exchange: the fields of its entry that change while the response is sent."""

    ordinal: int
    finish: str
    first: float | None
    total: float | None
    outcome: Outcome
    sent: int | None


class _Beginning(Struct, array_like=True, tag=True):
    """An entry as it was when the response had been decided."""

    entry: Entry


Record = _Beginning | _Ending

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Record)


def encode_record(entry: Entry, *, is_end: bool = False, longest: int | None = MAX_RECORD) -> bytes:
    """Encode an entry that is redacted, or only its end.

    The bodies of a record with more bytes than `longest` are left out, None keeps all.
    """
    if is_end:
        ending = _Ending(
            entry.ordinal, entry.finish, entry.first, entry.total, entry.outcome, entry.sent
        )
        return _ENCODER.encode(ending)
    data = _ENCODER.encode(_Beginning(_plain(entry)))
    if longest is None or len(data) <= longest:
        return data
    note = f"bodies of {len(data):,} bytes are not kept in the shared journal"
    request = replace(entry.request, body=b"")
    response = entry.response and replace(entry.response, chunks=())
    small = replace(entry, request=request, response=response, notes=(*entry.notes, note))
    return _ENCODER.encode(_Beginning(small))


def decode_notice(data: bytes) -> Entry | None:
    """Decode a record that is published; None for one that is not a whole entry, or that cannot be
    read."""
    record = _decode(data)
    return record.entry if isinstance(record, _Beginning) else None


def decode_journal(
    records: Iterable[bytes], on_unreadable: Callable[[], None] = lambda: None
) -> list[Entry]:
    """Put entries and their ends together, oldest first.

    Records that cannot be read are left out; the function is called for each.
    """
    entries: dict[int, Entry] = {}
    for record in map(_decode, records):
        if isinstance(record, _Beginning):
            entries[record.entry.ordinal] = record.entry
        elif record is None:
            on_unreadable()
        elif record.ordinal in entries:
            entry = entries[record.ordinal]
            entry.finish, entry.outcome, entry.sent = record.finish, record.outcome, record.sent
            entry.first, entry.total = record.first, record.total
    return [entries[ordinal] for ordinal in sorted(entries)]


def _decode(data: bytes) -> Record | None:
    try:
        return _DECODER.decode(data)
    except msgspec.MsgspecError:
        return None


def _plain(entry: Entry) -> Entry:
    """An entry whose chunks are a tuple: frames that are joined on demand cannot be encoded."""
    response: Response | None = entry.response
    if response is None or type(response.chunks) is tuple:
        return entry
    return replace(entry, response=replace(response, chunks=tuple(response.chunks)))
