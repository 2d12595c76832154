"""Known failures: a file with a reason for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockglm.conformance.baseline import dump_baseline, load_baseline
from mockglm.errors import FileError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "known.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_baseline_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "# ours\nSSE-05: 'two frames, zai-org/GLM-5#66'\nUSE-01: later\n")
    assert load_baseline(path) == {"SSE-05": "two frames, zai-org/GLM-5#66", "USE-01": "later"}


def test_an_empty_baseline_excuses_nothing(tmp_path: Path) -> None:
    assert load_baseline(written(tmp_path, "# nothing\n")) == {}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("SSE-55: x\n", ["1:1: there is no check SSE-55; did you mean SSE-05?"]),
        ("QQ: x\n", ["1:1: there is no check QQ"]),
        ("SSE-05: x\nSSE-05: y\n", ["2:1: duplicate key `SSE-05`"]),
        ("SSE-05:\nUSE-01: ''\n", ["1:1: SSE-05 needs a reason", "2:1: USE-01 needs a reason"]),
        ("SSE-05: [a]\n", ["1:1: SSE-05 needs a reason"]),
        ("- SSE-05\n", ["1:1: must be a mapping of check ids to reasons"]),
        ("SSE-05: x\n  y: z\n", ["2:4: mapping values are not allowed in this context"]),
    ],
)
def test_every_mistake_has_its_place(tmp_path: Path, text: str, problems: list[str]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(FileError) as caught:
        load_baseline(path)
    assert str(caught.value).splitlines() == [f"{path}:{problem}" for problem in problems]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read: No such file"):
        load_baseline(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"SSE-05: a\x07b\n", "1:10: character #x0007 is not allowed"),
        (b"SSE-05: \xff\n", "1:9: not UTF-8: invalid start byte"),
        (b"[" * 3000, "1:100: nested more than 100 deep"),
        (b"SSE-05: &x [*x]\n", "1:9: aliases (`*name`) make this too large"),
    ],
)
def test_a_file_that_is_not_text_is_refused(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "known.yaml"
    path.write_bytes(data)
    with pytest.raises(FileError) as caught:
        load_baseline(path)
    assert str(caught.value) == f"{path}:{problem}"


def test_a_dumped_baseline_can_be_loaded(tmp_path: Path) -> None:
    failing = [("SSE-05", "it's: spliced\nhere"), ("USE-01", "no usage")]
    found = load_baseline(written(tmp_path, dump_baseline(failing)))
    assert found == {"SSE-05": "it's: spliced here", "USE-01": "no usage"}
