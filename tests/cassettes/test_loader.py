"""A cassette is loaded for recording: a regular file within bounds, or none at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mockglm import yaml_documents
from mockglm.cassettes import CassetteWriter, load
from mockglm.errors import FileError
from tests.cassettes.exchanges import exchange

needs_pipes = pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")


@pytest.mark.parametrize("name", ["a.yaml", "nowhere/a.yaml", "file/a.yaml", "dangling"])
def test_file_that_is_not_there_is_no_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    assert load(tmp_path / name) is None


@pytest.mark.parametrize("text", ["", "\n# of the weather\n", "\ufeff"])
def test_empty_file_is_no_scenario(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    assert load(tmp_path / "a.yaml") is None


@needs_pipes
def test_pipe_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    os.mkfifo(path)
    with pytest.raises(FileError, match="cannot be read: not a regular file"):
        load(path)
    cassette = CassetteWriter(path, origin="https://api.z.ai/v4", at="2026-11-22T08:00:00Z")
    with pytest.raises(FileError, match="cannot be read: not a regular file"):
        cassette.append([exchange()])


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot be read: Is a directory"):
        load(tmp_path)


def test_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "a.yaml")
    with pytest.raises(FileError, match="cannot be read: Too many levels"):
        load(tmp_path / "a.yaml")


def test_file_beyond_the_bound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("format: 1\ninteractions: []\n", "utf-8")
    monkeypatch.setattr(yaml_documents, "MAX_SIZE", 20)
    with pytest.raises(FileError, match="the file is larger than"):
        load(path)
