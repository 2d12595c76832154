"""One writer at a time in a folder, on every system that has locks of its own kind."""

from __future__ import annotations

import errno
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from mockglm.cassettes import lock

fcntl = pytest.importorskip("fcntl")

HANDLES = Path("/dev/fd")

Locked = Callable[[Path], AbstractContextManager[None]]


class Msvcrt(ModuleType):
    """The part of Windows' module that locks: by file, for one handle at a time, and giving up
    when it has waited."""

    LK_LOCK, LK_UNLCK = 1, 0

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.held: set[int] = set()
        self.gave_up = threading.Event()
        self._guard = threading.Lock()

    def locking(self, handle: int, mode: int, size: int) -> None:
        file = os.fstat(handle).st_ino
        with self._guard:
            if mode == self.LK_UNLCK:
                self.held.remove(file)
            elif file in self.held:
                self.gave_up.set()
                raise OSError(errno.EDEADLOCK, "Resource deadlock avoided")
            else:
                self.held.add(file)


@contextmanager
def windows(module: ModuleType) -> Iterator[Locked]:
    """`locked` as Windows has it."""
    assert lock.__file__ is not None
    spec = importlib.util.spec_from_file_location("windows_lock", lock.__file__)
    assert spec is not None
    assert spec.loader is not None
    there = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "msvcrt", module)
        patch.setattr(sys, "platform", "win32")
        spec.loader.exec_module(there)
    yield there.lock_folder


def excludes(locked: Locked, folder: Path) -> bool:
    """True if four threads that increment a number in a file lose no increment."""
    path = folder / "number"
    path.write_text("0", "utf-8")

    def add(_: int) -> None:
        with locked(folder):
            path.write_text(str(int(path.read_text("utf-8")) + 1), "utf-8")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(200)))
    return path.read_text("utf-8") == "200"


def test_lock_of_a_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    assert excludes(lock.lock_folder, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["number"]


def test_windows_locks_a_file_instead_of_the_folder(tmp_path: Path) -> None:
    module = Msvcrt()
    with windows(module) as locked:
        assert excludes(locked, tmp_path)
    assert module.held == set()
    assert sorted(path.name for path in tmp_path.iterdir()) == [lock.NAME, "number"]


def test_windows_lock_is_tried_again_after_a_timeout(tmp_path: Path) -> None:
    module, had = Msvcrt(), threading.Event()

    def wait() -> None:
        with locked(tmp_path):
            had.set()

    with windows(module) as locked, ThreadPoolExecutor(1) as pool:
        with locked(tmp_path):
            waiting = pool.submit(wait)
            assert module.gave_up.wait(60)
            assert not had.is_set()
        waiting.result(60)


def test_windows_lock_that_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int, mode: int, size: int) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    module = Msvcrt()
    monkeypatch.setattr(module, "locking", refuse)
    before = len([*HANDLES.iterdir()])
    with windows(module) as locked, pytest.raises(PermissionError), locked(tmp_path):
        pass
    assert len([*HANDLES.iterdir()]) == before


@pytest.mark.parametrize("code", lock.UNFIT)
def test_file_is_locked_if_the_folder_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    flock = fcntl.flock

    def like_nfs(handle: int, operation: int) -> None:
        if (HANDLES / str(handle)).resolve() == tmp_path:
            raise OSError(code, os.strerror(code))
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", like_nfs)
    assert excludes(lock.lock_folder, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [lock.NAME, "number"]


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), lock.lock_folder(tmp_path / "none"):
        pass
