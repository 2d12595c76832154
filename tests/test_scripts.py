"""The scripts: what each sets up, runs and passes on, on a machine that has only a Python."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
SCRIPTS = sorted(path.name for path in (PROJECT / "scripts").iterdir())

PYTHON = """\
#!/bin/sh
# A Python that makes environments of itself, installs nothing and says what it was asked.
case "$*" in
*version_info*) exit "${TOO_OLD:-0}" ;;
"-c ") exit 0 ;;
esac
echo "${0##*/} $*" >>"$LOG"
case "$*" in
*"pip "*) echo "Successfully installed" ;;
"-m venv"*)
    for last; do :; done
    mkdir -p "$last/bin"
    for name in python mockglm ruff mypy coverage; do cp "$0" "$last/bin/$name"; done ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A checkout on a machine of its own, and what was run there."""

    home: Path

    @property
    def project(self) -> Path:
        return self.home / "project"

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the checkout from elsewhere; never raises."""
        known = {
            "PATH": "/usr/bin:/bin",
            "PYTHON": str(self.home / "python3"),
            "LOG": str(self.home / "log"),
        }
        script, *arguments = command
        return subprocess.run(
            [self.project / script, *arguments],
            cwd=self.home,
            env={**known, **environ},
            capture_output=True,
            text=True,
            check=False,
        )

    def log(self) -> list[str]:
        """What was run since the last look."""
        path = self.home / "log"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    project = tmp_path / "project"
    for folder in ("scripts", "requirements"):
        shutil.copytree(PROJECT / folder, project / folder)
    if (PROJECT / ".ci").is_dir():
        shutil.copytree(PROJECT / ".ci", project / ".ci")
    shutil.copy(PROJECT / "pyproject.toml", project)
    write(tmp_path / "python3", PYTHON)
    return Machine(tmp_path)


def write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    path.chmod(0o755)


PIP = "python -m pip --disable-pip-version-check install --quiet"
LOCKED = f"{PIP} --require-hashes --no-deps --only-binary :all: --requirement"
ITSELF = f"{PIP} --no-deps --no-build-isolation --editable ."
RUNTIME = [
    "python3 -m venv --clear .venv",
    f"{LOCKED} requirements/build.txt --requirement requirements/runtime.txt",
    ITSELF,
]
DEVELOPMENT = ["python3 -m venv --clear .venv", f"{LOCKED} requirements/dev.txt", ITSELF]
PYTEST = "python -m pytest -n auto --dist loadfile --no-loadscope-reorder"
LOWEST = ["python3 -m venv --clear .venv-lowest", f"{LOCKED} requirements/lowest.txt", ITSELF]
NEWEST = [
    "python3 -m venv --clear .venv-newest",
    f"{PIP} --upgrade --upgrade-strategy eager --editable .[dev]",
    f"{PIP} --upgrade --no-deps --requirement requirements/zhipuai.in",
]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_plain_shell_and_stops_at_the_first_failure(name: str) -> None:
    path = PROJECT / "scripts" / name
    head, about, *rest = path.read_text("utf-8").splitlines()
    assert (head, about[:2], "set -eu" in rest) == ("#!/bin/sh", "# ", True)
    assert path.stat().st_mode & 0o111 == 0o111


def test_serve_sets_up_and_passes_its_arguments_on(machine: Machine) -> None:
    done = machine.run("scripts/serve", "my file.yaml", "--port", "0")
    assert machine.log() == [*RUNTIME, "mockglm serve my file.yaml --port 0"]
    assert (done.returncode, done.stdout) == (0, "")


def test_an_installed_environment_is_not_installed_again(machine: Machine) -> None:
    machine.run("scripts/serve")
    machine.log()
    machine.run("scripts/serve")
    assert machine.log() == ["mockglm serve"]


@pytest.mark.parametrize("changed", ["pyproject.toml", "requirements/runtime.txt"])
def test_a_changed_project_is_set_up_again(machine: Machine, changed: str) -> None:
    machine.run("scripts/install", "--runtime")
    with (machine.project / changed).open("a") as file:
        file.write("# changed\n")
    machine.log()
    machine.run("scripts/install", "--runtime")
    assert machine.log() == RUNTIME[1:]


def test_the_oldest_versions_have_an_environment_of_their_own(machine: Machine) -> None:
    machine.run("scripts/install")
    machine.log()
    done = machine.run("scripts/test", "--lowest", "-k", "two words")
    assert (done.returncode, machine.log()) == (0, [*LOWEST, f"{PYTEST} -k two words"])
    machine.run("scripts/test", "--lowest")
    assert machine.log() == [PYTEST]


def test_the_newest_versions_are_looked_for_each_time(machine: Machine) -> None:
    machine.run("scripts/test", "--newest", "tests/test_sse.py")
    assert machine.log() == [*NEWEST, f"{PYTEST} tests/test_sse.py"]
    machine.run("scripts/test", "--newest")
    assert machine.log() == [*NEWEST[1:], PYTEST]


def test_a_system_without_wheels_may_build_them(machine: Machine) -> None:
    machine.run("scripts/install", PIP_ONLY_BINARY=":none:")
    assert machine.log() == [line.replace(":all:", ":none:") for line in DEVELOPMENT]


def test_an_unknown_environment_is_refused(machine: Machine) -> None:
    done = machine.run("scripts/install", "--oldest")
    assert (done.returncode, machine.log()) == (2, [])
    assert done.stderr == "usage: scripts/install [--runtime | --lowest | --newest]\n"


def test_an_environment_whose_python_is_gone_is_made_again(machine: Machine) -> None:
    machine.run("scripts/install", "--runtime")
    (machine.project / ".venv" / "bin" / "python").unlink()
    machine.log()
    machine.run("scripts/install", "--runtime")
    assert machine.log() == RUNTIME


def test_a_development_environment_can_serve(machine: Machine) -> None:
    machine.run("scripts/install")
    assert machine.log() == DEVELOPMENT
    machine.run("scripts/serve")
    assert machine.log() == ["mockglm serve"]


def test_a_serving_environment_can_be_extended_for_development(machine: Machine) -> None:
    machine.run("scripts/serve")
    machine.log()
    machine.run("scripts/install")
    assert machine.log() == DEVELOPMENT[1:]


def test_an_old_python_is_refused(machine: Machine) -> None:
    done = machine.run("scripts/serve", TOO_OLD="1")
    assert (done.returncode, machine.log()) == (1, [])
    assert done.stderr == "mockglm needs Python 3.11 or newer; set PYTHON to one\n"


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("test", [f"{PYTEST} -k two words"]),
        ("check", ["ruff format --check --quiet .", "ruff check --quiet .", "mypy "]),
        (
            "coverage",
            [
                "coverage erase",
                f"coverage run {PYTEST.removeprefix('python ')} -k two words",
                "coverage combine --quiet",
                "coverage report",
            ],
        ),
        ("derive-grammars", ["python -m tests.grammars -k two words"]),
        ("fuzz", ["python -m tests.fuzz -k two words"]),
        ("attack", ["python -m tests.attack -k two words"]),
    ],
)
def test_a_script_sets_up_and_runs(machine: Machine, script: str, commands: list[str]) -> None:
    done = machine.run(f"scripts/{script}", "-k", "two words")
    assert (done.returncode, machine.log()) == (0, [*DEVELOPMENT, *commands])


in_repository = pytest.mark.skipif(
    not (PROJECT / ".ci").is_dir(), reason="a source distribution is without .ci"
)


def neighbour(machine: Machine) -> Path:
    """Where the run of all checks looks for the recordings."""
    text = (machine.project / ".ci" / "run").read_text("utf-8")
    (found,) = re.finditer(r"\.\./\.\./(\w+)", text)
    return machine.home / found[1]


def stand_in(machine: Machine, answers: Mapping[str, str]) -> None:
    for name, line in answers.items():
        write(machine.project / "scripts" / name, f"#!/bin/sh\n{line}\n")


@in_repository
def test_all_checks_know_where_the_recordings_are(machine: Machine) -> None:
    samples, clients = (neighbour(machine) / name for name in ("samples", "clients/requests"))
    samples.mkdir(parents=True)
    clients.mkdir(parents=True)
    stand_in(machine, {"check": "echo checked", "test": 'echo "$GLM_SAMPLES $GLM_CLIENTS"'})
    done = machine.run(".ci/run")
    assert (done.returncode, done.stdout) == (0, f"checked\n{samples} {clients}\n")


@in_repository
@pytest.mark.parametrize("missing", ["samples", "clients", "."])
def test_all_checks_fail_without_the_recordings(machine: Machine, missing: str) -> None:
    for name in ("samples", "clients/requests"):
        (neighbour(machine) / name).mkdir(parents=True)
    shutil.rmtree(neighbour(machine) / missing)
    stand_in(machine, {"check": "echo checked", "test": "echo tested"})
    done = machine.run(".ci/run")
    assert (done.returncode != 0, done.stdout) == (True, "")


@in_repository
@pytest.mark.parametrize("failing", ["check", "test"])
def test_all_checks_fail_with_one_of_them(machine: Machine, failing: str) -> None:
    for name in ("samples", "clients/requests"):
        (neighbour(machine) / name).mkdir(parents=True)
    stand_in(machine, {"check": "echo checked", "test": "echo tested"} | {failing: "exit 3"})
    assert machine.run(".ci/run").returncode == 3
