"""The file that is recorded into: at every moment it loads, with each finished exchange whole.

New exchanges go to a copy, which then exchanges its name with the file in one step. The former file
is the next copy, one text behind: an exchange costs its own size, not the file's, and whatever ends
the process, nothing half written is ever under the file's name.

The former file is compared with what was copied. If somebody saved a change in between, the names
are exchanged back, and the exchanges are appended to the changed file.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterable
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile

import msgspec
from msgspec import Struct

from mockglm import yaml_documents
from mockglm._version import __version__
from mockglm.cassettes.lock import lock_folder
from mockglm.cassettes.serializer import dump, dump_bytes, normalise
from mockglm.cassettes.structure import CHUNK, AppendPoint, copy_for_appending
from mockglm.cassettes.swap import swap_files
from mockglm.cassettes.yaml_layout import FlowStyle, render_lines
from mockglm.errors import FileError, Problem, UsageError
from mockglm.exchange import Exchange
from mockglm.matching import canonical
from mockglm.matching.difference import shorten
from mockglm.scenarios import parse

MAX_TRIES = 20
"""Appends that begin again because somebody saved a change meanwhile."""

PAUSE = 0.02
"""Seconds between two looks at a file that is perhaps being saved."""

MAX_LOOKS = 50

_FILE_HEAD = b"format: 1\ninteractions:\n"


class _Identity(Struct, frozen=True):
    """A version of a file: every change of its content changes one of these."""

    inode: int
    size: int
    changed: int


class _Copy(Struct, frozen=True):
    """The copy as the last append left it: `text` behind `file`, which has `margin` before lines.

    `version` is its own version, None if there is no copy.
    """

    file: _Identity | None = None
    version: _Identity | None = None
    text: bytes = b""
    margin: bytes = b""


class CassetteWriter:
    """A cassette that is recorded into, perhaps by several processes at a time.

    `origin` is the base URL of the service, `at` the time of the recording (ISO 8601), `how` the
    way it is made: they are written when the file is begun, with the model of its first request.
    With `overwrite`, the first exchange replaces an existing file.
    """

    def __init__(
        self, path: str | Path, *, origin: str, at: str, how: str = "", overwrite: bool = False
    ) -> None:
        self.path = Path(path)
        self.count = 0
        self._make_head = partial(file_head, origin, at, f"mockglm {__version__}", how=how)
        self._head = self._make_head()
        self._overwrite = overwrite
        # A link stays one: what it leads to is replaced.
        self._file = Path(os.path.realpath(self.path))
        self._next = self._file.with_name(f".{self._file.name}.next")
        self._spare = self._file.with_name(f".{self._file.name}.last")
        self._left = _Copy()
        self._published: _Identity | None = None

    def append(self, exchanges: Iterable[Exchange]) -> list[str]:
        """Write exchanges down; they are on disk when this returns.

        Returns the reason for each that is not written in readable form, "" for the others. Raises
        OSError where they cannot be written, and FileError where the file is none that can be
        appended to; it is then as it was.
        """
        exchanges = tuple(exchanges)
        if not self.count:
            self._head = self._make_head(model=_model_of(exchanges))
        blocks = [dump_checked(exchange) for exchange in exchanges]
        with lock_folder(self._file.parent):
            self._append("".join(text for text, _ in blocks))
        self.count += len(blocks)
        return [reason for _, reason in blocks]

    def close(self) -> None:
        """Remove what was only needed to append."""
        if self._left.version is None:
            return
        with lock_folder(self._file.parent):
            if self._is_edited(_identify(self._next)) and _identify(self._file) == self._left.file:
                self._append("")
            self._forget()

    def _append(self, text: str) -> None:
        try:
            for attempt in range(MAX_TRIES):
                # The disk takes milliseconds. If changes come as fast, it has to wait for its turn.
                if self._try_append(text, is_synced=not attempt):
                    return
                self._forget()
            raise self._error("other programs change the file all the time")
        except (OSError, FileError):
            self._forget()
            raise

    def _try_append(self, text: str, *, is_synced: bool) -> bool:
        """Append a text; False if the file was changed meanwhile."""
        version, copy = self._prepare()
        data = _indent(text, copy.margin)
        written = self._write(copy.text + data, copy.version, is_synced=is_synced)
        if not self._publish(version, _Copy(written, copy.version, data, copy.margin)):
            return False
        if not is_synced:
            _sync(self._file)
        _sync(self._file.parent)
        return True

    def _prepare(self) -> tuple[_Identity | None, _Copy]:
        """Have a copy of the file; return the file's version, and the copy.

        The copy's `version` is None if the file is not the beginning of what the copy will be.
        """
        version, left = self._find_version(), self._left
        # Looked at once: an edit between two looks would be neither of both cases below.
        copy = _identify(self._next)
        is_edited = self._is_edited(copy)
        if left.version is not None and version == left.file and not self._overwrite:
            if copy == left.version:
                return version, left
            if is_edited:
                # An editor that had opened the former file has saved into it.
                margin = self._copy(self._next).margin
                return version, _Copy(version, None, left.text, margin)
        elif is_edited and not _begin_alike(self._next, self._file):
            self._set_aside()
        self._forget()
        if version is None or self._overwrite:
            self._next.write_text(self._head, "utf-8")
            return version, _Copy()
        point = self._copy(self._file)
        kept = _identify(self._next) if point.is_beginning else None
        return version, _Copy(version, kept, b"", point.margin)

    def _copy(self, source: Path) -> AppendPoint:
        """Copy a file so that interactions can follow in the copy."""
        try:
            point = copy_for_appending(source, self._spare, self._head)
        except FileError:
            if source == self._next:
                self._set_aside()
            raise
        shutil.copymode(source, self._spare)
        self._spare.replace(self._next)
        return point

    def _find_version(self) -> _Identity | None:
        """Return the file's version, None if there is no file.

        A file that is gone or smaller than it was left is perhaps just being saved.
        """
        version, known = _identify(self._file), self._published
        for _ in range(MAX_LOOKS):
            if known is None or version == known or (version and version.size >= known.size):
                break
            time.sleep(PAUSE)
            before, version = version, _identify(self._file)
            if version == before:
                break
        return version

    def _write(
        self, data: bytes, version: _Identity | None, *, is_synced: bool
    ) -> _Identity | None:
        """Write to the end of the copy, which had this version, or is new.

        Returns the version that it has now, None if an editor wrote to it, too.
        """
        size = len(data) + (version.size if version is not None else self._next.stat().st_size)
        if size > yaml_documents.MAX_SIZE:
            most = yaml_documents.MAX_SIZE // 2**20
            raise self._error(f"the file would be larger than {most} MiB: record into another one")
        with self._next.open("ab") as file:
            file.write(data)
            file.flush()
            if is_synced:
                os.fsync(file.fileno())
        written = _identify(self._next)
        return written if written is not None and written.size == size else None

    def _publish(self, version: _Identity | None, copy: _Copy) -> bool:
        """Give the copy the file's name; False if the file has changed since it had a version."""
        if version is None:
            if not self._begin():
                return False
        elif not self._exchange(version):
            return False
        self._published = _identify(self._file)
        # An editor that had opened the copy when it was the file may have saved into it: then the
        # former file lacks more than the text.
        is_behind = (
            copy.version is not None and not self._overwrite and self._published == copy.file
        )
        if not is_behind:
            self._next.unlink(missing_ok=True)
        self._overwrite = False
        # Compared with the version that was copied: by now an editor may have saved into it.
        left = version if is_behind and self._next.exists() else None
        self._left = _Copy(self._published, left, copy.text, copy.margin)
        return True

    def _begin(self) -> bool:
        """Give the copy the name of a file that is not there; False if it is by now."""
        try:
            os.link(self._next, self._file)
        except FileExistsError:
            return False
        except OSError:
            # There are no links here.
            if self._file.exists():
                return False
            self._next.replace(self._file)
        return True

    def _exchange(self, version: _Identity) -> bool:
        """Exchange the names of copy and file; undo it if the file has not this version."""
        copy = _identify(self._next)
        try:
            swap_files(self._next, self._file, self._spare)
        except FileNotFoundError:
            return False
        former = _identify(self._next)
        if former in (version, None) or self._overwrite:
            return True
        swap_files(self._next, self._file, self._spare)
        if _identify(self._next) != copy:
            self._set_aside()
        return False

    def _set_aside(self) -> None:
        """Keep the copy, which has a change that the file cannot have, too. Raises FileError."""
        names = (f"{self._file.name}.{number}.orig" for number in count(1))
        other = next(path for path in map(self._file.with_name, names) if not path.exists())
        self._next.replace(other)
        self._left = _Copy()
        raise self._error(f"changed twice at once: the other version is {other.name}")

    def _is_edited(self, copy: _Identity | None) -> bool:
        """True if the copy is the one that was left, with another content."""
        left = self._left.version
        return copy is not None and left is not None and copy.inode == left.inode and copy != left

    def _forget(self) -> None:
        self._left = _Copy()
        self._next.unlink(missing_ok=True)
        self._spare.unlink(missing_ok=True)

    def _error(self, message: str) -> FileError:
        return FileError([Problem(str(self.path), 0, 0, message)])


def file_head(origin: str, at: str, by: str, *, model: str = "", how: str = "") -> str:
    """Return what stands in a cassette above its interactions: base URL, time and program; the
    model of its first request and the way it was made, if they are known."""
    known = {"at": at, "from": origin, "by": by, "model": model, "how": how}
    recorded = {"recorded": {key: FlowStyle(text) for key, text in known.items() if text}}
    return "\n".join(("format: 1", *render_lines(recorded), "interactions:", ""))


def _model_of(exchanges: Iterable[Exchange]) -> str:
    """The model of the first request that names one as text of its own."""
    for exchange in exchanges:
        try:
            body = msgspec.json.decode(exchange.request.body, type=_Named)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if body.model:
            return body.model
    return ""


class _Named(Struct):
    """A request body with a model."""

    model: str = ""


def _indent(text: str, margin: bytes) -> bytes:
    """Return a text with white space before every line."""
    data = text.encode()
    if not margin:
        return data
    lines = data.splitlines(keepends=True)
    return b"".join(line if line.isspace() else margin + line for line in lines)


def _begin_alike(first: Path, second: Path) -> bool:
    """True if one of two files is the beginning of the other."""
    with first.open("rb") as one, second.open("rb") as other:
        while True:
            pair = one.read(CHUNK), other.read(CHUNK)
            size = min(map(len, pair))
            if pair[0][:size] != pair[1][:size]:
                return False
            if size < CHUNK:
                return True


def _identify(path: Path) -> _Identity | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return _Identity(found.st_ino, found.st_size, found.st_mtime_ns)


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk, where a system can do that."""
    is_folder = path.is_dir()
    if is_folder and sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def dump_checked(exchange: Exchange) -> tuple[str, str]:
    """Write an exchange as `dump` does, and read it back; as `dump_bytes` does if that fails.

    Returns the text, and the reason if it is that of `dump_bytes`. So a cassette can be loaded
    whatever a client or a service put into an exchange. Raises ValueError for an exchange that is
    no interaction.
    """
    try:
        text = dump(exchange)
        _check_readable(text, exchange)
    # Bodies are of any form: nothing that is raised here may lose a finished exchange.
    except Exception as error:
        return dump_bytes(exchange), shorten(f"{type(error).__name__}: {error}")
    return text, ""


def _check_readable(text: str, exchange: Exchange) -> None:
    """Raise FileError or ValueError if a text does not read back as the exchange."""
    (interaction,) = parse(_FILE_HEAD + text.encode(), "exchange").interactions
    sent, found = exchange.request, interaction.request
    key = canonical.key(sent.method, sent.path, query=sent.query, body=sent.body)
    if found is None or found.key != key:
        raise ValueError("the request reads back as another one")
    if exchange.response is None or interaction.steps[0].response != normalise(exchange.response):
        raise ValueError("the response reads back as another one")


def prepare_folder(folder: Path) -> None:
    """Make a folder if it is missing, and check that it is writable. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror or error}") from error
    try:
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror or error}") from error
