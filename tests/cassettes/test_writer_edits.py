"""A cassette that somebody edits while it is recorded: edits and exchanges are kept, or refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

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


INTERRUPTED = 3
"""Edits of sixty that a busy machine may interrupt at the worst moment."""

EDITOR = """
import sys
path, number = sys.argv[1], 0
while sys.stdin.readline():
    with open(path, "a") as file:
        file.write(f"# edit {number}\\n")
    number += 1
print(number)
"""


@pytest.mark.usefixtures("names")
def test_no_edit_and_no_exchange_is_lost_while_both_go_on(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("begin")])
    refused = 0
    command = [sys.executable, "-c", EDITOR, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as editor:
        assert editor.stdin is not None
        for number in range(60):
            # The edit comes at any moment of the append.
            editor.stdin.write("\n")
            editor.stdin.flush()
            try:
                recorder.append([exchange(f"{number}号")])
            except FileError:
                refused += 1
        edits = int(editor.communicate()[0])
    recorder.close()
    text = "".join(one.read_text("utf-8") for one in tmp_path.iterdir())
    lost = [number for number in range(edits) if f"# edit {number}\n" not in text]
    # An editor that is interrupted between opening and writing writes to a file without a name.
    assert len(lost) <= INTERRUPTED
    assert (edits, count(path) + refused) == (60, 61)
