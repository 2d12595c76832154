"""The file that is recorded into is always whole, also with several writers and after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mockglm import yaml_documents
from mockglm.cassettes import CassetteWriter, swap
from mockglm.errors import FileError
from mockglm.scenarios import load
from tests.cassettes.exchanges import exchange

ROOT = Path(__file__).parents[2]
ORIGIN = "https://open.bigmodel.cn/api/paas/v4"
AT = "2026-11-22T08:00:00Z"


def cassette(path: Path, *, overwrite: bool = False) -> CassetteWriter:
    return CassetteWriter(path, origin=ORIGIN, at=AT, overwrite=overwrite)


def texts(path: Path) -> list[str]:
    """The text of the request in each interaction of a file."""
    found = [one.request for one in load(path).interactions if one.request is not None]
    return [
        request.body.decode().partition('"content":"')[2].partition('"')[0] for request in found
    ]


def test_new_file_has_its_origin(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    cassette(path).append([exchange()])
    recorded = load(path).provenance
    assert recorded is not None
    assert (recorded.origin, recorded.at) == (ORIGIN, AT)
    assert recorded.by.startswith("mockglm ")


def test_exchanges_are_in_the_order_of_appending(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    for number in range(5):
        recorder.append([exchange(f"{number}号")])
    recorder.append([exchange("五"), exchange("六")])
    assert texts(path) == ["0号", "1号", "2号", "3号", "4号", "五", "六"]
    assert recorder.count == 7


def test_closed_writer_leaves_only_the_file(tmp_path: Path) -> None:
    recorder = cassette(tmp_path / "a.yaml")
    recorder.append([exchange()])
    recorder.append([exchange()])
    assert len(list(tmp_path.iterdir())) == 2
    recorder.close()
    recorder.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_writer_without_exchanges_makes_no_file(tmp_path: Path) -> None:
    cassette(tmp_path / "a.yaml").close()
    assert list(tmp_path.iterdir()) == []


def test_existing_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    cassette(path).append([exchange("一")])
    cassette(path).append([exchange("二")])
    assert texts(path) == ["一", "二"]


def test_overwritten_file_stays_until_the_first_exchange(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.yaml"
    cassette(path).append([exchange("旧")])
    recorder = cassette(path, overwrite=True)
    assert texts(path) == ["旧"]
    recorder.append([exchange("新")])
    recorder.append([exchange("新二")])
    assert texts(path) == ["新", "新二"]


def test_file_written_by_hand_is_appended_to_at_its_margin(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "format: 1\ninteractions:\n    - when: {user: 你好}\n      reply: {content: 晴}", "utf-8"
    )
    recorder = cassette(path)
    recorder.append([exchange("一\n\n二")])
    recorder.append([exchange("三")])
    assert len(load(path).interactions) == 3
    assert "\n    - request:\n" in path.read_text("utf-8")


@pytest.mark.parametrize("text", ["", "\n\n", "# of the weather", "\ufeff# of the weather\n"])
def test_comments_of_an_empty_file_stay(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])
    assert texts(path) == ["一", "二"]
    assert path.read_text("utf-8").startswith(f"{text}\n" if text.endswith("r") else text)
    recorded = load(path).provenance
    assert recorded is not None
    assert recorded.origin == ORIGIN


def test_change_between_two_appends_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])
    path.write_text(path.read_text("utf-8").replace("二", "改"), "utf-8")
    recorder.append([exchange("三")])
    assert texts(path) == ["一", "改", "三"]


@pytest.mark.parametrize(
    "text",
    [
        "format: 1\nignore: [$.seed]\n",
        "format: 1\nignore: [$.seed]\ninteractions: []",
        "format: 1\nignore: [$.seed]\ninteractions:",
        "format: 1\nignore: [$.seed]\ninteractions: # none yet\n",
    ],
)
def test_file_without_interactions_is_appended_to(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])
    assert texts(path) == ["一", "二"]
    assert load(path).ignore == ("$.seed",)


@pytest.mark.parametrize(
    "text",
    [
        "format: 1\ninteractions: [{reply: {content: 晴}}]\n",
        "format: 1\ninteractions:\n- reply: {content: 晴}\nabout: 后面\n",
        "format: 1\ninteractions: [\n]\n",
        "{format: 1, interactions: }\n",
    ],
)
def test_file_that_cannot_be_appended_to_is_refused_and_stays(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(FileError, match="has to come last"):
        cassette(path).append([exchange()])
    assert path.read_text("utf-8") == text


def test_leftovers_of_a_killed_writer_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    killed = cassette(path)
    killed.append([exchange("一")])
    killed.append([exchange("二")])
    (tmp_path / ".a.yaml.next").write_bytes(b"half of some")
    (tmp_path / ".a.yaml.last").write_bytes(b"thing")
    recorder = cassette(path)
    recorder.append([exchange("三")])
    recorder.close()
    assert texts(path) == ["一", "二", "三"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_several_writers_of_one_file_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"

    def record(name: str) -> None:
        recorder = cassette(path)
        for number in range(20):
            recorder.append([exchange(f"{name}{number}号", size=30)])
        recorder.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(record, "甲乙丙丁"))
    assert sorted(texts(path)) == sorted(f"{name}{n}号" for name in "甲乙丙丁" for n in range(20))
    for name in "甲乙丙丁":
        assert [text for text in texts(path) if text[0] == name] == [
            f"{name}{n}号" for n in range(20)
        ]


def test_full_disk_is_an_error_and_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            recorder.append([exchange("三")])
    assert texts(path) == ["一", "二"]
    recorder.append([exchange("四")])
    assert texts(path) == ["一", "二", "四"]


@pytest.mark.parametrize("has_links", [True, False])
def test_file_system_that_exchanges_no_names_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    def fail(source: Path, target: Path) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(swap, "find_exchange", lambda: None)
    if not has_links:
        monkeypatch.setattr(os, "link", fail)
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    for number in range(3):
        recorder.append([exchange(f"{number}号")])
    path.write_text(path.read_text("utf-8").replace("1号", "改"), "utf-8")
    recorder.append([exchange("3号")])
    recorder.close()
    assert texts(path) == ["0号", "改", "2号", "3号"]
    assert [one.name for one in tmp_path.iterdir()] == ["a.yaml"]


def test_link_to_a_cassette_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path = tmp_path / "a.yaml"
    path.symlink_to(tmp_path / "real" / "b.yaml")
    recorder = cassette(path)
    recorder.append([exchange("一")])
    recorder.append([exchange("二")])
    recorder.close()
    assert path.is_symlink()
    assert texts(tmp_path / "real" / "b.yaml") == ["一", "二"]


def test_permissions_of_a_cassette_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    cassette(path).append([exchange("一")])
    path.chmod(0o640)
    recorder = cassette(path)
    for text in ("二", "三"):
        recorder.append([exchange(text)])
        assert path.stat().st_mode & 0o777 == 0o640


def test_file_beyond_the_bound_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    recorder = cassette(path)
    recorder.append([exchange("一")])
    monkeypatch.setattr(yaml_documents, "MAX_SIZE", path.stat().st_size + 10)
    with pytest.raises(FileError, match="would be larger than 0 MiB: record into another one"):
        recorder.append([exchange("二")])
    assert texts(path) == ["一"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_writer_killed_at_any_moment_leaves_whole_exchanges(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.cassettes.killing", str(tmp_path), "60"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    assert int(ended.stdout) > 60
