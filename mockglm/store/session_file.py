"""The state of one session in a file that several processes of a machine map."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from math import inf
from pathlib import Path
from struct import Struct as Layout
from time import monotonic, sleep

import msgspec
from msgspec import Struct, field

from mockglm.errors import StoreError, UnreadableStateError
from mockglm.store.interface import HeldSlot

DELETED = 2**64 - 1
"""The serial of a file whose session was dropped; the next use of the session makes a new file."""

HELD = "another worker holds the session"

MAX_PAYLOAD = 16 * 1024 * 1024
"""Bytes of the longest state of a session."""

PAUSES = (*[0.0] * 10, *[0.0001] * 5, *[0.001] * 4)
"""Seconds between attempts to get a lock, which others hold for some microseconds."""

TOUCH = 60.0
"""Seconds after which the time of the last use of a session is written again."""

_TRY = LOCK_EX | LOCK_NB

# All parts of the header are written and read as whole words.
_HEADER = Layout("@QQQQ8s")
_COUNTS = Layout("@QQ")
_SERIAL = Layout("@Q")
_read_counts = _COUNTS.unpack_from
_write_word = _SERIAL.pack_into
_ORDINAL_AT = _SERIAL.size
_INCARNATION = slice(32, 40)


class Payload(Struct, array_like=True):
    """The state of a session, empty if it is the initial one, and the slots that are taken."""

    name: str
    state: bytes = b""
    slots: list[HeldSlot] = field(default_factory=list)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Payload)


class SessionFile:
    """The file of one session; with a name it is made if there is none.

    `serial` is another one after each change of the payload. A payload is written behind or before
    the one it replaces, and then the header that leads to it: a process may be killed at any time.
    Methods raise StoreError, and OSError without memory or file descriptors.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        creates = 0 if name is None else os.O_CREAT
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | creates, 0o600)
        self._path = path
        # The first request of a session that was closed and opened again is a use, too.
        self._touched = -inf
        self._is_locked = False
        try:
            if os.fstat(self._fd).st_size < _HEADER.size:
                self._write_first(Payload(name or ""))
            self._map = mmap.mmap(self._fd, _HEADER.size)
        except BaseException:
            os.close(self._fd)
            raise
        self.incarnation = self._map[_INCARNATION]
        """Random bytes: a session that was dropped and made again has others."""

    @property
    def serial(self) -> int:
        serial: int = _SERIAL.unpack_from(self._map)[0]
        return serial

    @property
    def requests(self) -> int:
        requests: int = _read_counts(self._map)[1]
        return requests

    def count(self) -> tuple[int, int]:
        """Count a request; return the serial and the ordinal of the request."""
        # Each request does this: calls are spared where they can be.
        try:
            flock(self._fd, _TRY)
        except BlockingIOError:
            self.lock()
        try:
            serial, requests = _read_counts(self._map)
            _write_word(self._map, _ORDINAL_AT, requests + 1)
        finally:
            self._is_locked = False
            flock(self._fd, LOCK_UN)
        now = monotonic()
        if now - self._touched > TOUCH:
            self._touched = now
            os.utime(self._fd)
        return serial, requests + 1

    def count_locked(self) -> int:
        """Count a request while the file is locked; return its ordinal."""
        ordinal = self.requests + 1
        _write_word(self._map, _ORDINAL_AT, ordinal)
        return ordinal

    def lock(self) -> None:
        """Keep other processes from changing the file. Raises StoreError after some milliseconds.

        A process that is killed loses its lock; one that was stopped by a signal keeps it.
        """
        for pause in PAUSES:
            if self.try_lock():
                return
            sleep(pause)
        raise StoreError(HELD)

    def try_lock(self) -> bool:
        """Lock the file, unless another process has it locked."""
        try:
            flock(self._fd, _TRY)
        except BlockingIOError:
            return False
        self._is_locked = True
        return True

    def unlock(self) -> None:
        self._is_locked = False
        flock(self._fd, LOCK_UN)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the file until the block ends; if this object has it locked, it stays locked."""
        if self._is_locked:
            yield
            return
        self.lock()
        try:
            yield
        finally:
            self.unlock()

    def read(self) -> tuple[int, Payload]:
        """Return the serial and the payload; only while the file is locked."""
        serial, _, start, length, _ = _HEADER.unpack_from(self._map)
        if serial == DELETED:
            raise StoreError("the session was dropped")
        try:
            return serial, _DECODER.decode(os.pread(self._fd, length, start))
        except msgspec.MsgspecError as error:
            raise UnreadableStateError(error) from error

    def write(self, payload: Payload) -> int:
        """Replace the payload and return the new serial; only while the file is locked."""
        data = _ENCODER.encode(payload)
        if len(data) > MAX_PAYLOAD:
            raise StoreError(f"the state of a session has at most {MAX_PAYLOAD // 1024**2} MiB")
        serial: int
        serial, requests, start, length, incarnation = _HEADER.unpack_from(self._map)
        if serial == DELETED:
            raise StoreError("the session was dropped")
        is_before = _HEADER.size + len(data) <= start
        position = _HEADER.size if is_before else start + length
        self._write_at(data, position)
        header = _HEADER.pack(serial + 1, requests, position, len(data), incarnation)
        self._write_at(header, 0)
        if is_before:
            os.ftruncate(self._fd, position + len(data))
        return serial + 1

    def delete(self) -> None:
        """Drop the session; whoever has the file open sees that it was deleted."""
        with self.locked():
            _write_word(self._map, 0, DELETED)
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        self._map.close()
        os.close(self._fd)

    def _write_first(self, payload: Payload) -> None:
        data = _ENCODER.encode(payload)
        header = _HEADER.pack(1, 0, _HEADER.size, len(data), os.urandom(8))
        with self.locked():
            if os.fstat(self._fd).st_size < _HEADER.size:
                # Written and not mapped, so that a lack of memory is an error and no signal.
                self._write_at(header + data, 0)

    def _write_at(self, data: bytes, position: int) -> None:
        if os.pwrite(self._fd, data, position) != len(data):
            raise StoreError("there is no memory left for the state of the session")
