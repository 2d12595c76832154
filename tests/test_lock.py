"""What development and tests install: exact versions with hashes, and bounds that are true."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).parents[1]
FOLDER = PROJECT / "requirements"
LOCKS = sorted(path.name for path in FOLDER.glob("*.txt"))
HASHED = re.compile(r"(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
CONTRADICTED = re.compile(r"(zhipuai|zai-sdk) \S+ has requirement pyjwt\b")
"""No version of pyjwt suits both; requirements/overrides.in says so."""

PROJECT_TABLE: Mapping[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
RUNTIME = [Requirement(one) for one in PROJECT_TABLE["project"]["dependencies"]]
_OPTIONAL = PROJECT_TABLE["project"]["optional-dependencies"]
EXTRAS = [Requirement(one) for name in ("redis", "metrics", "otel") for one in _OPTIONAL[name]]
DEVELOPMENT = [Requirement(one) for one in PROJECT_TABLE["project"]["optional-dependencies"]["dev"]]
BUILD = [Requirement(one) for one in PROJECT_TABLE["build-system"]["requires"]]


def entries(name: str) -> Iterator[tuple[Requirement, str]]:
    """The requirements of a lock, each with the rest of its entry."""
    text = (FOLDER / name).read_text("utf-8")
    text = re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)
    for entry in re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]:
        line, _, _ = entry.partition(" \\\n")
        yield Requirement(line), entry.removeprefix(line)


def pins(name: str) -> dict[str, Version]:
    found: dict[str, Version] = {}
    for requirement, _ in entries(name):
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", requirement
        found[canonicalize_name(requirement.name)] = Version(specifier.version)
    return found


def bound(requirement: Requirement) -> Version:
    """The oldest version a requirement allows."""
    (lowest,) = (one for one in requirement.specifier if one.operator in (">=", "=="))
    return Version(lowest.version)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_a_hash_for_everything(name: str) -> None:
    unhashed = [str(one) for one, rest in entries(name) if not HASHED.fullmatch(rest)]
    assert unhashed == []
    assert len(pins(name)) == len(list(entries(name))) > 0


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_index(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    options = re.findall(r"^\s*(-\S+)", text, re.MULTILINE)
    assert {option.partition("=")[0] for option in options} == {"--hash"}
    assert "://" not in text


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("runtime.txt", RUNTIME),
        ("service.txt", RUNTIME + EXTRAS),
        ("build.txt", BUILD),
        ("dev.txt", RUNTIME + DEVELOPMENT + BUILD),
        ("lowest.txt", RUNTIME + DEVELOPMENT + BUILD),
    ],
)
def test_a_lock_is_of_this_pyproject(name: str, required: list[Requirement]) -> None:
    locked = pins(name)
    assert [one for one in required if _name(one) not in locked] == []
    unmet = [str(one) for one in required if locked[_name(one)] not in one.specifier]
    assert unmet == []


@pytest.mark.parametrize("name", ["runtime.txt", "service.txt", "build.txt"])
def test_serving_and_development_use_the_same_versions(name: str) -> None:
    assert pins(name).items() <= pins("dev.txt").items()


def test_the_oldest_versions_are_those_that_are_declared() -> None:
    """A bound that nobody tries is a guess."""
    locked = pins("lowest.txt")
    untried = [
        str(one)
        for one in RUNTIME + DEVELOPMENT + BUILD
        if locked[_name(one)].release[: len(bound(one).release)] != bound(one).release
    ]
    assert untried == []


@pytest.mark.skipif(find_spec("pip") is None, reason="there is no pip in this environment")
def test_installed_versions_are_compatible() -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    misfits = [line for line in lines if not CONTRADICTED.match(line)]
    assert misfits in ([], ["No broken requirements found."]), done.stderr


def workflows() -> Iterator[tuple[str, str]]:
    """The files that name actions, each with its text."""
    yield "action.yml", (PROJECT / "action.yml").read_text("utf-8")
    for folder in (".github/workflows", "examples/github-actions"):
        for path in (PROJECT / folder).glob("*.yml"):
            yield f"{folder}/{path.name}", path.read_text("utf-8")


def test_actions_are_named_by_commit() -> None:
    pinned = r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$"
    loose = [
        (name, line.strip())
        for name, text in workflows()
        for line in text.splitlines()
        if "uses:" in line and "OWNER/mockglm@" not in line and not re.search(pinned, line)
    ]
    assert loose == []


def test_the_workflow_tries_every_python_and_both_ends_of_the_bounds() -> None:
    text = dict(workflows())[".github/workflows/test.yml"]
    jobs = yaml.safe_load(text)["jobs"]
    assert tuple(jobs["test"]["strategy"]["matrix"]["python"]) == PYTHONS
    declared = [f"Programming Language :: Python :: {version}" for version in PYTHONS]
    assert set(declared) <= set(PROJECT_TABLE["project"]["classifiers"])
    assert "scripts/test --lowest" in text
    assert "scripts/test --newest" in text


def test_private_names_of_dependencies_are_listed_with_their_tests() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    _, _, table = text.partition("| name | used in |")
    rows = [line.split(" | ") for line in table.partition("\n\n")[0].splitlines()[2:]]
    assert len(rows) >= 8
    defined = "".join(path.read_text("utf-8") for path in (PROJECT / "tests").rglob("test_*.py"))
    for names, used_in, tests in rows:
        paths = re.findall(r"`(\S+\.py)`", used_in)
        assert paths
        source = "".join((PROJECT / path).read_text("utf-8") for path in paths)
        private = re.findall(r"\b(_\w+)", names)
        assert [name for name in private if name not in source] == []
        missing = [name for name in re.findall(r"`(\w+)`", tests) if f"def {name}(" not in defined]
        assert missing == []


def _name(requirement: Requirement) -> str:
    return canonicalize_name(requirement.name)
