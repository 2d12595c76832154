"""One writer at a time in a folder, among threads and processes.

Not a library's: `filelock` and its like lock a file of their own and leave it behind, here in a
folder whose files are committed.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = ".mockglm.lock"
"""The file that is locked where a folder cannot be."""

UNFIT = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP)
"""What network file systems say to the lock of a folder: NFS locks only what is open for writing,
which a folder never is (flock(2))."""


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which goes with its process, whatever ends that.

    Raises OSError for a folder that is not there or cannot be written to.
    """
    handle = _open(folder)
    try:
        yield
    finally:
        _unlock(handle)
        os.close(handle)


def _open_file(folder: Path) -> int:
    """The lock of the file, taken."""
    return _taken(os.open(folder / NAME, os.O_RDWR | os.O_CREAT))


def _taken(handle: int) -> int:
    try:
        _lock(handle)
    except OSError:
        os.close(handle)
        raise
    return handle


if sys.platform == "win32":
    import msvcrt

    # Windows locks files only.
    _open = _open_file

    def _lock(handle: int) -> None:
        # It gives up after ten seconds (https://docs.python.org/3/library/msvcrt.html).
        while True:
            try:
                return msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
            except OSError as error:
                if error.errno != errno.EDEADLOCK:
                    raise

    def _unlock(handle: int) -> None:
        # Otherwise it is unlocked some time after it is closed.
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _open(folder: Path) -> int:
        """The lock of the folder, taken, which leaves no file behind; or of the file."""
        try:
            return _taken(os.open(folder, os.O_RDONLY))
        except OSError as error:
            if error.errno not in UNFIT:
                raise
            return _open_file(folder)

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
