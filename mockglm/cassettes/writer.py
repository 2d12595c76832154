"""The file that is recorded into: at every moment it loads, with each finished exchange whole.

What is appended goes to a copy, which then takes the file's place in one step; the file that had
it becomes the next copy, one block behind. So an exchange costs its own size, not the file's, and
whatever ends the process, nothing half written is ever under the file's name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from mockglm._version import __version__
from mockglm.cassettes.exchanges import dump_checked
from mockglm.cassettes.loader import prepare_append
from mockglm.cassettes.lock import lock_folder
from mockglm.cassettes.yaml_layout import FlowStyle, render_lines
from mockglm.exchange import Exchange
from mockglm.yaml_documents import read_file

Identity: TypeAlias = tuple[int, int, int] | None
"""A file's inode, size and time of change; None where there is none."""


class CassetteWriter:
    """A cassette that is recorded into, perhaps by several processes at a time.

    `origin` is the base URL of the service, `at` when it is recorded (ISO 8601): both are written
    when the file is begun. `anew` begins it again with the first exchange, whatever was there.
    """

    def __init__(self, path: str | Path, *, origin: str, at: str, anew: bool = False) -> None:
        self.path = Path(path)
        self.count = 0
        self._head = file_head(origin, at, f"mockglm {__version__}")
        self._anew = anew
        self._margin = b""
        self._next = self.path.with_name(f".{self.path.name}.next")
        self._last = self.path.with_name(f".{self.path.name}.last")
        self._left: tuple[Identity, Identity] = (None, None)
        self._behind = b""

    def append(self, exchanges: Iterable[Exchange]) -> list[str]:
        """Write exchanges down; they are on disk when this returns.

        Returns the reason for each that is not written in readable form, "" for the others. Raises
        OSError where they cannot be written, and FileError where the file is none that can be
        appended to; it is then as it was.
        """
        blocks = [dump_checked(exchange) for exchange in exchanges]
        with lock_folder(self.path.parent):
            is_behind = self._catch_up()
            text = self._set("".join(text for text, _ in blocks))
            self._write(self._behind + text)
            self._swap(is_behind)
            self._behind = text
            self._left = (_identity(self.path), _identity(self._next))
        self.count += len(blocks)
        return [reason for _, reason in blocks]

    def close(self) -> None:
        """Take away what was only needed to append."""
        if self._left != (None, None):
            with lock_folder(self.path.parent):
                self._forget()

    def _catch_up(self) -> bool:
        """Have a copy of the file as it stands, or as it stood a block ago if we left it so.

        Whether the file is the beginning of what it will be, so that it can be the next copy.
        """
        now = _identity(self.path)
        if not self._anew and self._left[1] and self._left == (now, _identity(self._next)):
            return True
        self._forget()
        if now is None or self._anew:
            self._next.write_text(self._head, "utf-8")
            self._anew, self._margin = False, b""
            return False
        source = read_file(self.path)
        begun, self._margin = prepare_append(self.path, source, self._head)
        self._next.write_bytes(begun)
        return begun == source

    def _forget(self) -> None:
        self._left, self._behind = (None, None), b""
        self._next.unlink(missing_ok=True)
        self._last.unlink(missing_ok=True)

    def _set(self, text: str) -> bytes:
        """A text with the file's margin before every line."""
        data = text.encode()
        if not self._margin:
            return data
        lines = data.splitlines(keepends=True)
        return b"".join(line if line.isspace() else self._margin + line for line in lines)

    def _write(self, data: bytes) -> None:
        try:
            with self._next.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            self._forget()
            raise

    def _swap(self, is_behind: bool) -> None:
        """Put the copy in the file's place, and the file in the copy's if it is a block behind."""
        # Where the file system has no links, there is no copy, and one is made the next time.
        with suppress(OSError):
            if is_behind:
                os.link(self.path, self._last)
        self._next.replace(self.path)
        with suppress(FileNotFoundError):
            self._last.replace(self._next)
        _sync(self.path.parent)


def file_head(origin: str, at: str, by: str) -> str:
    """What stands in a cassette above its interactions: from which base URL, when, by what."""
    recorded = {"recorded": {"at": FlowStyle(at), "from": FlowStyle(origin), "by": FlowStyle(by)}}
    return "\n".join(("format: 1", *render_lines(recorded), "interactions:", ""))


def _identity(path: Path) -> Identity:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _sync(folder: Path) -> None:
    """Have the folder's names on disk, where a system can do that."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
