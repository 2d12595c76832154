"""A folder in memory in which the processes of one machine share the state of sessions."""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from mockglm.errors import ScenariosDifferError, StoreError, UsageError
from mockglm.store.interface import HeldSlot, Slot
from mockglm.store.session_file import DELETED, Payload, SessionFile

MEMORY = Path("/dev/shm")
"""The file system in memory of Linux."""

MAX_PARENT = 60
"""Characters of the longest path for a folder: that of a socket has about a hundred."""

PREFIX = "mockglm-"
OWNERS = "owners"
"""The file that all processes of a folder have locked."""

SHARED = "shared"
SUFFIX = ".session"

MAX_PROCESSES = 64
SUPERVISOR = MAX_PROCESSES
"""The index of the process that starts the others."""

MAX_OPEN = 128
"""Session files that a process keeps open."""

MAX_FILES = 10_000
MAX_AGE = 86_400.0
"""Seconds after its last use in which a session is dropped."""

SWEEP = 100
"""New sessions of a process after which old ones are sought."""

YOUNG = 60.0
"""Seconds without a change in which a folder may be one whose processes are about to start."""

_DIGEST_SIZE = 32


class StateFolder:
    """The sessions in a folder, as the process `index` of those that share it sees them.

    `digest` is that of the scenarios that this process serves. Methods raise StoreError and
    OSError.
    """

    def __init__(self, path: Path, index: int) -> None:
        self.path = path
        self.index = index
        self._owners = _lock_owners(path)
        self._map = _map_shared(path / SHARED)
        self._generations = memoryview(self._map)[_DIGEST_SIZE:].cast("Q")
        self.generation = self._generations[index]
        self._digest = b""
        self._open: dict[str, SessionFile] = {}
        self._opened = 0

    @property
    def digest(self) -> str:
        return self._digest.decode()

    @digest.setter
    def digest(self, digest: str) -> None:
        self._digest = digest.encode()

    def publish_digest(self) -> None:
        """Declare the scenarios of this process as those that all processes have to serve."""
        self._map[:_DIGEST_SIZE] = self._digest

    def check_digest(self) -> None:
        """Raise ScenariosDifferError if other scenarios were declared last."""
        declared = self._map[:_DIGEST_SIZE]
        if declared != self._digest and declared != bytes(_DIGEST_SIZE):
            raise ScenariosDifferError(self.digest, declared.decode())

    def open(self, name: str) -> SessionFile:
        """Return the file of a session, which is kept open."""
        file = self._open.get(name)
        if file is not None:
            if file.serial != DELETED:
                return file
            self._open.pop(name).close()
        file = self._open[name] = self._open_new(name)
        if len(self._open) > MAX_OPEN:
            self._open.pop(next(iter(self._open))).close()
        return file

    def drop_dead(self, slots: Sequence[HeldSlot]) -> list[HeldSlot]:
        """Return the slots whose process has not died."""
        generations = self._generations
        return [slot for slot in slots if generations[slot[0]] == slot[1]]

    def list_slots(self, slots: Sequence[HeldSlot]) -> list[Slot]:
        """Return owner and model of the slots whose process has not died."""
        return [(owner, model) for *_, owner, model in self.drop_dead(slots)]

    def end_process(self, index: int) -> None:
        """Free the slots of a process that died."""
        self._generations[index] += 1

    def delete(self, name: str) -> bool:
        """Drop a session. Returns False if there was none."""
        file = self._open.pop(name, None)
        if file is not None:
            file.close()
        return self._delete(self._find_path(name))

    def list_sessions(self) -> list[tuple[int, Payload]]:
        """List the sessions: number of requests, and payload. Can be called in any thread."""
        found = (self._read(path) for path in self.path.glob(f"*{SUFFIX}"))
        return [one for one in found if one is not None and (one[0] or one[1].state)]

    def drop_old(self) -> None:
        """Drop sessions that are old or too many, the least recently used first."""
        ages = sorted(_find_ages(self.path))
        oldest = time.time() - MAX_AGE
        for number, (used, path) in enumerate(ages):
            if used < oldest or number < len(ages) - MAX_FILES:
                self._delete(path)

    def close(self) -> None:
        for file in self._open.values():
            file.close()
        self._open.clear()
        self._generations.release()
        self._map.close()
        os.close(self._owners)

    def _find_path(self, name: str) -> Path:
        digest = blake2b(name.encode(), digest_size=16)
        return self.path / f"{digest.hexdigest()}{SUFFIX}"

    def _open_new(self, name: str) -> SessionFile:
        self._opened += 1
        if self._opened % SWEEP == 0:
            self.drop_old()
        while True:
            file = SessionFile(self._find_path(name), name)
            if file.serial != DELETED:
                return file
            file.close()  # dropped in the meantime

    def _read(self, path: Path) -> tuple[int, Payload] | None:
        with _opened(path) as file:
            if file is None:
                return None
            # One that is locked for so long is that of a stopped process, which changes nothing.
            with suppress(StoreError):
                file.lock()
            with suppress(StoreError):
                return file.requests, file.read()[1]
        return None

    def _delete(self, path: Path) -> bool:
        with _opened(path) as file:
            if file is None or file.serial == DELETED:
                return False
            file.delete()
            return True


@contextmanager
def make_state_folder() -> Iterator[Path]:
    """Make a folder that only this user can read, and remove it at the end.

    It is in memory, if the system has a folder there. Folders whose processes were all killed are
    removed, too. Raises UsageError if no folder can be made.
    """
    parent = _find_parent()
    remove_abandoned(parent)
    try:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        owners = _lock_owners(path)
    except OSError as error:
        raise UsageError(f"no folder for the state of workers: {error}") from error
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(owners)


def _find_parent() -> Path:
    """Find the folder to make one in: in memory, else that for temporary files."""
    parents = (MEMORY, Path(tempfile.gettempdir()))
    usable = (one for one in parents if os.access(one, os.W_OK) and len(str(one)) <= MAX_PARENT)
    return next(usable, Path("/tmp"))


def remove_abandoned(parent: Path) -> None:
    """Remove the folders of this user whose processes have all ended."""
    for path in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            stat = path.stat()
            is_old = time.time() - stat.st_mtime > YOUNG
            if is_old and stat.st_uid == os.getuid() and _is_abandoned(path):
                shutil.rmtree(path, ignore_errors=True)


def _is_abandoned(path: Path) -> bool:
    fd = os.open(path / OWNERS, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def _lock_owners(path: Path) -> int:
    fd = os.open(path / OWNERS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_SH)
    return fd


def _map_shared(path: Path) -> mmap.mmap:
    """Map the digest of the scenarios, and the generation of each process."""
    size = _DIGEST_SIZE + 8 * (MAX_PROCESSES + 1)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(fd).st_size < size:
            # Written and not only made larger, so that there is memory for it.
            os.pwrite(fd, bytes(size), 0)
        return mmap.mmap(fd, size)
    finally:
        os.close(fd)


def _find_ages(folder: Path) -> Iterator[tuple[float, Path]]:
    """Yield the time of the last use of each session, and its file."""
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):
            yield path.stat().st_mtime, path


@contextmanager
def _opened(path: Path) -> Iterator[SessionFile | None]:
    """Open a session file that exists; None if it is gone.

    One that is empty is about to be made, or could not be.
    """
    try:
        file = SessionFile(path) if path.stat().st_size else None
    except FileNotFoundError:
        file = None
    if file is None:
        yield None
        return
    try:
        yield file
    finally:
        file.close()
