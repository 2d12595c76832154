"""One writer at a time in a folder, among threads and processes.

Libraries such as `filelock` lock a file of their own and leave it behind; here that would be in a
folder with files under version control.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = ".mockglm.lock"
"""The file that is locked on systems that lock no folders."""

UNFIT = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP)
"""Errors of network file systems that lock no folders: NFS locks only files that are open for
writing (flock(2))."""


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold the folder's lock during the block; the system releases it if the process ends.

    Raises OSError for a folder that is missing or not writable.
    """
    handle = _open(folder)
    try:
        yield
    finally:
        _unlock(handle)
        os.close(handle)


def _open_file(folder: Path) -> int:
    """Open and lock the file."""
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
        # msvcrt gives up after ten seconds (https://docs.python.org/3/library/msvcrt.html).
        while True:
            try:
                return msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
            except OSError as error:
                if error.errno != errno.EDEADLOCK:
                    raise

    def _unlock(handle: int) -> None:
        # Closing the file unlocks it only some time later.
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _open(folder: Path) -> int:
        """Open and lock the folder, which leaves no file behind, or else the file."""
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
