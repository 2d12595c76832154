"""A cassette that somebody edits while it is recorded: edits and exchanges are kept, or refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count as count_up
from itertools import cycle
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from mockglm.cassettes import CassetteWriter, swap, writer
from mockglm.cassettes.swap import swap_files
from mockglm.errors import FileError
from mockglm.scenarios import load
from tests.cassettes.exchanges import exchange

LINE = "# an edit\n"


def cassette(path: Path) -> CassetteWriter:
    return CassetteWriter(path, origin="https://api.z.ai/v4", at="2026-11-22T08:00:00Z")


def count(path: Path) -> int:
    return len(load(path).interactions)


def append_in_place(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line)


def rewrite_in_place(path: Path, line: str) -> None:
    path.write_text(line + path.read_text("utf-8"), "utf-8")


def rename(path: Path, line: str) -> None:
    other = path.with_name("edited")
    other.write_text(line + path.read_text("utf-8"), "utf-8")
    other.replace(path)


Edit = Callable[[Path, str], None]
EDITS = (append_in_place, rewrite_in_place, rename)


@pytest.fixture(params=["exchange", "links"])
def names(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that exchanges names, and one that has only links."""
    if request.param == "links":
        monkeypatch.setattr(swap, "find_exchange", lambda: None)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("edit", EDITS)
def test_edit_between_two_appends_is_kept(tmp_path: Path, edit: Edit) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    for number in range(3):
        recorder.append([exchange("一")])
        edit(path, f"# {number}\n")
    recorder.append([exchange("二")])
    recorder.close()
    text = path.read_text("utf-8")
    assert [f"# {number}\n" in text for number in range(3)] == [True] * 3
    assert count(path) == 4
    assert [one.name for one in tmp_path.iterdir()] == ["a.yaml"]


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("edit", EDITS)
def test_edit_in_the_moment_of_an_append_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: Edit
) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])
    edits = iter([LINE])

    def swap_after_edit(*files: Path) -> None:
        for line in edits:
            edit(path, line)
        swap_files(*files)

    monkeypatch.setattr(writer, "swap_files", swap_after_edit)
    recorder.append([exchange("三")])
    recorder.append([exchange("四")])
    recorder.close()
    assert path.read_text("utf-8").count(LINE) == 1
    assert count(path) == 4
    assert [one.name for one in tmp_path.iterdir()] == ["a.yaml"]


def test_edit_by_an_editor_that_opened_the_former_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])
    with path.open("r+", encoding="utf-8") as file:
        recorder.append([exchange("三")])
        text = file.read()
        file.seek(0)
        file.write(LINE + text)
    recorder.append([exchange("四")])
    assert path.read_text("utf-8").startswith(LINE)
    assert count(path) == 4


def test_edit_of_the_former_file_is_kept_when_the_recorder_closes(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])
    with path.open("a", encoding="utf-8") as file:
        recorder.append([exchange("三")])
        file.write(LINE)
    recorder.close()
    assert path.read_text("utf-8").count(LINE) == 1
    assert count(path) == 3
    assert [one.name for one in tmp_path.iterdir()] == ["a.yaml"]


def test_two_edits_that_exclude_each_other_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])
    with path.open("a", encoding="utf-8") as file:
        recorder.append([exchange("三")])
        file.write("# the former\n")
    rewrite_in_place(path, "# the later\n")
    with pytest.raises(
        FileError, match=r"changed twice at once: the other version is a.yaml.1.orig"
    ):
        recorder.append([exchange("四")])
    recorder.append([exchange("五")])
    assert "# the later\n" in path.read_text("utf-8")
    assert count(path) == 4
    assert "# the former\n" in (tmp_path / "a.yaml.1.orig").read_text("utf-8")


def test_file_that_an_edit_broke_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])
    whole = path.read_text("utf-8")
    path.write_text(f"{whole}more: [\n", "utf-8")
    with pytest.raises(FileError, match=r"a\.yaml:\d+:\d+: "):
        recorder.append([exchange("三")])
    assert path.read_text("utf-8") == f"{whole}more: [\n"
    path.write_text(whole, "utf-8")
    recorder.append([exchange("四")])
    assert count(path) == 3


def test_file_that_is_removed_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])
    path.unlink()
    recorder.append([exchange("三")])
    assert count(path) == 1


def test_file_that_appears_in_the_moment_of_the_first_append_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    link = os.link

    def link_after_edit(source: Path, target: Path) -> None:
        if not path.exists():
            path.write_text("format: 1\ninteractions:\n- reply: {content: 晴}\n", "utf-8")
        link(source, target)

    monkeypatch.setattr(os, "link", link_after_edit)
    cassette(path).append([exchange("一")])
    assert count(path) == 2


def test_file_that_changes_all_the_time_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("一")])
    edits: Iterator[Edit] = cycle((append_in_place, lambda path, line: None))

    def swap_after_edit(*files: Path) -> None:
        next(edits)(path, LINE)
        swap_files(*files)

    monkeypatch.setattr(writer, "swap_files", swap_after_edit)
    with pytest.raises(FileError, match="other programs change the file all the time"):
        recorder.append([exchange("二")])
    assert count(path) == 1


CALLS = {
    *("stat", "open", "write", "flush", "fsync", "close", "__exit__", "flock", "chmod"),
    *("link", "unlink", "replace", "rename"),
}
"""Functions in C that reach the file system."""


class Interruption:
    """A profile function that acts once: before one of the calls that reach the file system.

    Other programs see nothing between two of those calls, so these are all moments that differ.
    """

    def __init__(self, moment: int, action: Callable[[], None]) -> None:
        self.left = moment
        self.action = action

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        is_exchange = event == "call" and frame.f_code.co_name == "exchange"
        if is_exchange or (event == "c_call" and arg.__name__ in CALLS):
            self.left -= 1
            if self.left == 0:
                sys.setprofile(None)
                self.action()
                sys.setprofile(self)


def interrupt(append: Callable[[], object], moment: int, action: Callable[[], None]) -> bool:
    """Append, and act at this moment; False if the append has fewer moments."""
    interruption = Interruption(moment, action)
    sys.setprofile(interruption)
    try:
        append()
    finally:
        sys.setprofile(None)
    return interruption.left <= 0


def assert_kept_at_any_moment(
    folder: Path, begin: Callable[[CassetteWriter], Callable[[], None]], appended: int = 0
) -> None:
    """Interrupt an append by an edit at each moment, and look for the edit after the next ones.

    `begin` is called before, appends so many exchanges more, and returns the edit.
    """
    for moment in count_up(1):
        path = folder / str(moment) / "a.yaml"
        path.parent.mkdir()
        recorder = cassette(path)
        for text in "一二":
            recorder.append([exchange(text)])
        edit = begin(recorder)
        if not interrupt(partial(recorder.append, [exchange("三")]), moment, edit):
            recorder.close()
            break
        for text in "四五":
            # The two files take turns: a change that one of them lacks is missing every other time.
            recorder.append([exchange(text)])
            assert path.read_text("utf-8").count(LINE) == 1, moment
        recorder.close()
        assert path.read_text("utf-8").count(LINE) == 1, moment
        assert count(path) == 5 + appended, moment
        assert [one.name for one in path.parent.iterdir()] == ["a.yaml"], moment
    assert moment > 15


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("edit", [append_in_place, rewrite_in_place])
def test_edit_in_place_at_any_moment_is_kept(tmp_path: Path, edit: Edit) -> None:
    assert_kept_at_any_moment(tmp_path, lambda recorder: lambda: edit(recorder.path, LINE))


@pytest.mark.skipif(swap.find_exchange() is None, reason="a moment between two calls is left")
def test_file_that_is_replaced_at_any_moment_is_kept(tmp_path: Path) -> None:
    assert_kept_at_any_moment(tmp_path, lambda recorder: lambda: rename(recorder.path, LINE))


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("appended", [0, 1, 2])
def test_edit_by_an_editor_with_an_open_file_is_kept_at_any_moment(
    tmp_path: Path, appended: int
) -> None:
    with ExitStack() as stack:

        def begin(recorder: CassetteWriter) -> Callable[[], None]:
            file = stack.enter_context(recorder.path.open("a", encoding="utf-8"))
            for number in range(appended):
                recorder.append([exchange(f"{number}号")])

            def edit() -> None:
                file.write(LINE)
                file.flush()

            return edit

        assert_kept_at_any_moment(tmp_path, begin, appended)
