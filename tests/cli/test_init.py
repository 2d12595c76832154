"""`mockglm init`: what it writes works as it is, and nothing of the user's is lost."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

from tests.cli.commands import run

FILES = (
    "scenarios/weather.yaml",
    "tests/conftest.py",
    "tests/test_weather.py",
    "mockglm.schema.json",
    ".pre-commit-config.yaml",
)


def test_the_written_files_work(tmp_path: Path) -> None:
    done = run("init", "new", cwd=tmp_path)
    new = tmp_path / "new"
    assert done.stdout.splitlines()[:5] == [f"written  new/{name}" for name in FILES]
    assert run("lint", "scenarios", cwd=new).returncode == 0
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    ended = subprocess.run(command, cwd=new, capture_output=True, text=True)
    assert re.search(r"^1 passed", ended.stdout, re.MULTILINE), ended.stdout
    (hook,) = yaml.safe_load((new / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert run(*hook["hooks"][0]["entry"].split()[1:], cwd=new).returncode == 0


def test_existing_files_are_kept(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    for name in ("tests/conftest.py", ".pre-commit-config.yaml"):
        (tmp_path / name).write_text("mine", "utf-8")
    done = run("init", cwd=tmp_path)
    assert done.returncode == 0
    kept = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("kept")]
    assert kept == ["tests/conftest.py", ".pre-commit-config.yaml"]
    assert {(tmp_path / name).read_text("utf-8") for name in kept} == {"mine"}


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "scenarios").write_text("mine", "utf-8")
    done = run("init", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "mockglm: scenarios/weather.yaml cannot be written: File exists\n",
    )
