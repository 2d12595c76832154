"""Two files that exchange their names, in one step where a system can do that.

After a plain rename the replaced file is gone, together with what an editor wrote into it in the
last moment. After an exchange it is still there and can be compared.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

Rename = Callable[[bytes, bytes], int]

AT_FDCWD = -100
RENAME_EXCHANGE = 2

UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
"""Errors of systems and file systems that exchange no names (renameat2(2)); NFS is one."""


def swap_files(first: Path, second: Path, spare: Path) -> None:
    """Let two files exchange their names; `spare` is a name that nothing has.

    Where that is not one step, the second is replaced, and linked to the first name before. Where
    there are no links either, nothing has the first name afterwards. Raises OSError.
    """
    exchange = find_exchange()
    if exchange is not None:
        number = exchange(os.fsencode(first), os.fsencode(second))
        if not number:
            return
        if number not in UNSUPPORTED:
            raise OSError(number, os.strerror(number), str(first))
    spare.unlink(missing_ok=True)
    with suppress(OSError):
        os.link(second, spare)
    first.replace(second)
    with suppress(FileNotFoundError):
        spare.replace(first)


@lru_cache(maxsize=1)
def find_exchange() -> Rename | None:
    """Return Linux's exchange of two names, which returns an error number or 0; None elsewhere."""
    if sys.platform != "linux":
        return None
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return None

    def exchange(first: bytes, second: bytes) -> int:
        failed = renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)
        return ctypes.get_errno() if failed else 0

    return exchange
