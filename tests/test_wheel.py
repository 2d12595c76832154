"""What is installed elsewhere is all of the package, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

PROJECT = Path(__file__).parents[1]


def build(project: Path, target: Path, kind: str) -> Path:
    """The one file that building a project makes."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (made,) = target.iterdir()
    return made


def below(folder: str) -> set[str]:
    """The files of a folder of the project, as paths in it."""
    paths = (PROJECT / folder).rglob("*")
    files = (path.relative_to(PROJECT) for path in paths if path.is_file())
    return {file.as_posix() for file in files if "__pycache__" not in file.parts}


def names(wheel: Path) -> set[str]:
    """What a wheel installs, its own notes left out."""
    files = ZipFile(wheel).namelist()
    return {name for name in files if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(PROJECT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has the wheel as site-packages would."""
    folder = tmp_path_factory.mktemp("site")
    ZipFile(wheel).extractall(folder)
    return folder


def test_a_wheel_is_the_package_with_the_scenarios_inside(wheel: Path) -> None:
    scenarios = {f"mockglm/library/{Path(name).name}" for name in below("scenarios")}
    assert "mockglm/py.typed" in names(wheel)
    assert "mockglm/library/hello.yaml" in scenarios
    assert names(wheel) == below("mockglm") | scenarios


def test_a_wheel_brings_its_command_and_licence(installed: Path) -> None:
    (notes,) = installed.glob("*.dist-info")
    assert "mockglm = mockglm.cli:main" in (notes / "entry_points.txt").read_text("utf-8")
    assert (notes / "licenses" / "LICENSE").read_bytes() == (PROJECT / "LICENSE").read_bytes()


def test_the_installed_wheel_is_imported(installed: Path, tmp_path: Path) -> None:
    code = "import mockglm.exchange; print(mockglm.exchange.__file__)"
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, check=True
    )
    assert Path(done.stdout.decode().strip()).is_relative_to(installed)


def test_a_source_archive_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    archive = build(PROJECT, tmp_path / "archive", "sdist")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    kept = {path.name for path in source.iterdir()}
    assert kept >= {"LICENSE", "README.md", "CHANGELOG.md", "scenarios", "tests", "scripts"}
    assert kept & {".venv", ".git", ".ci"} == set()
    assert names(build(source, tmp_path / "wheel", "wheel")) == names(wheel)
