"""The folder in which workers share state: files, slots, bounds, and what is left of the dead."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from mockglm.errors import ScenariosDifferError, StoreError, UsageError
from mockglm.store import state_folder
from mockglm.store.session_file import MAX_PAYLOAD, Payload
from mockglm.store.state_folder import (
    OWNERS,
    YOUNG,
    StateFolder,
    make_state_folder,
    remove_abandoned,
)


@pytest.fixture
def pair() -> Iterator[tuple[StateFolder, StateFolder]]:
    with ExitStack() as stack:
        path = stack.enter_context(make_state_folder())
        one, other = (StateFolder(path, index) for index in (0, 1))
        yield stack.enter_context(closing(one)), stack.enter_context(closing(other))


def read(folder: StateFolder, name: str) -> Payload:
    file = folder.open(name)
    with file.locked():
        return file.read()[1]


def write(folder: StateFolder, name: str, state: bytes) -> int:
    file = folder.open(name)
    with file.locked():
        return file.write(Payload(name, state))


def count_open() -> int:
    """The open files of this process; 0 where there is no /proc."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_each_payload_replaces_the_one_before(pair: tuple[StateFolder, StateFolder]) -> None:
    one, other = pair
    before = other.open("a").serial
    for size in (0, 5, 5000, 3, 3, 70_000, 1):
        write(one, "a", b"x" * size)
        assert read(other, "a").state == b"x" * size
    assert other.open("a").serial == before + 7
    assert sum(path.stat().st_size for path in one.path.glob("*.session")) < 200


def test_requests_are_counted_by_all_together(pair: tuple[StateFolder, StateFolder]) -> None:
    one, other = pair
    ordinals = [folder.open("a").count()[1] for folder in (one, other, one, other)]
    assert ordinals == [1, 2, 3, 4]
    write(one, "a", b"state")
    assert one.open("a").count()[1] == 5
    assert [(count, found.name) for count, found in other.list_sessions()] == [(5, "a")]


def test_a_session_that_was_dropped_begins_again(pair: tuple[StateFolder, StateFolder]) -> None:
    one, other = pair
    write(one, "a", b"state")
    held = other.open("a")
    assert one.delete("a")
    assert not one.delete("a")
    with pytest.raises(StoreError, match="dropped"), held.locked():
        held.write(Payload("a"))
    assert read(other, "a").state == b""
    assert other.open("a").incarnation != held.incarnation


def test_the_slots_of_a_dead_process_are_free(pair: tuple[StateFolder, StateFolder]) -> None:
    one, other = pair
    slots = [(folder.index, folder.generation, 1, "key", "glm-4.6") for folder in pair]
    assert len(one.list_slots(slots)) == 2
    other.end_process(0)
    assert one.drop_dead(slots) == slots[1:]
    with closing(StateFolder(one.path, 0)) as successor:
        assert successor.generation != one.generation


def test_other_scenarios_are_noticed(pair: tuple[StateFolder, StateFolder]) -> None:
    one, other = pair
    one.digest, other.digest = "1" * 32, "2" * 32
    one.check_digest()
    other.publish_digest()
    other.check_digest()
    with pytest.raises(ScenariosDifferError):
        one.check_digest()


def test_a_state_that_is_too_large_changes_nothing(pair: tuple[StateFolder, StateFolder]) -> None:
    one, other = pair
    write(one, "a", b"small")
    with pytest.raises(StoreError, match="at most 16 MiB"):
        write(one, "a", bytes(MAX_PAYLOAD))
    assert read(other, "a").state == b"small"


def test_a_state_that_cannot_be_decoded_is_an_error(
    pair: tuple[StateFolder, StateFolder],
) -> None:
    one, other = pair
    write(one, "a", b"state")
    (path,) = one.path.glob("*.session")
    with path.open("r+b") as file:
        file.seek(40)  # behind the header
        file.write(b"\xc1" * 100)
    with pytest.raises(StoreError, match="cannot be read"):
        read(other, "a")


def test_few_files_are_open_and_the_least_recently_used_sessions_are_dropped(
    pair: tuple[StateFolder, StateFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = pair
    for name, value in {"MAX_OPEN": 3, "MAX_FILES": 5, "SWEEP": 1}.items():
        monkeypatch.setattr(state_folder, name, value)
    before = count_open()
    for number in range(20):
        one.open(str(number)).count()
    assert count_open() <= before + 2 * 3 + 1
    one.drop_old()
    assert len(list(one.path.glob("*.session"))) == 5
    monkeypatch.setattr(state_folder, "MAX_AGE", -1.0)
    one.drop_old()
    assert one.list_sessions() == []


def test_only_this_user_can_read_a_folder_and_it_is_removed() -> None:
    with make_state_folder() as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        with closing(StateFolder(path, 0)) as folder:
            folder.open("a").count()
            modes = {stat.S_IMODE(one.stat().st_mode) for one in path.iterdir()}
        assert modes == {0o600}
    assert not path.exists()


def test_a_folder_is_for_temporary_files_where_none_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_folder, "MEMORY", tmp_path / "none")
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    with make_state_folder() as path:
        assert path.parent == Path("/tmp")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 20)))
    with make_state_folder() as path:
        assert path.parent == Path("/tmp")
    monkeypatch.setattr(state_folder, "PREFIX", "none/mockglm-")
    with pytest.raises(UsageError, match="no folder for the state of workers"), make_state_folder():
        pass


def test_a_folder_is_removed_when_all_its_processes_were_killed(tmp_path: Path) -> None:
    paths = [tmp_path / f"mockglm-{name}" for name in ("abandoned", "young", "used", "other")]
    for path in paths:
        path.mkdir()
        if path.name != "mockglm-other":
            (path / OWNERS).touch()
        if path.name != "mockglm-young":
            os.utime(path, (0, 0))
    with closing(StateFolder(paths[2], 0)):
        os.utime(paths[2], (0, 0))
        remove_abandoned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"mockglm-{name}" for name in ("other", "used", "young")
    ]
    assert YOUNG > 0


def test_the_first_request_of_a_process_counts_as_the_last_use(
    pair: tuple[StateFolder, StateFolder],
) -> None:
    one, other = pair
    one.open("a").count()
    (path,) = one.path.glob("*.session")
    os.utime(path, (0, 0))
    other.open("a").count()
    assert path.stat().st_mtime > 0
