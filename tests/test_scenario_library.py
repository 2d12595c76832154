"""The scenarios that come with mockglm: found in a wheel and a checkout, and described."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockglm import scenario_library
from mockglm.scenario_library import read_about, shipped_scenarios
from mockglm.scenarios import load


def write(path: Path, text: str = "format: 1\ninteractions: []\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which mockglm seems to be installed."""
    module = tmp_path / "mockglm" / "scenario_library.py"
    monkeypatch.setattr(scenario_library, "__file__", str(module))
    return tmp_path


def test_shipped_scenarios_are_found_in_the_wheel(home: Path) -> None:
    inside = write(home / "mockglm/library/b.yaml")
    other = write(home / "mockglm/library/a.yaml")
    write(home / "scenarios/c.yaml")
    assert list(shipped_scenarios().items()) == [("a", other), ("b", inside)]


def test_shipped_scenarios_are_found_beside_a_checkout(home: Path) -> None:
    beside = write(home / "scenarios/c.yaml")
    assert shipped_scenarios() == {"c": beside}


def test_an_installation_without_scenarios_ships_none(home: Path) -> None:
    assert shipped_scenarios() == {}


def test_about_is_read_of_every_shipped_scenario_as_compiled() -> None:
    paths = shipped_scenarios().values()
    assert [read_about(path) for path in paths] == [load(path).about for path in paths]


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("about: A greeting.\nbroken: [", "A greeting."),
        ("keys: about\nabout: Two\n  lines.\n", "Two lines."),
        ("interactions: [{about: inner}]\nabout: 'Last.'", "Last."),
        ("interactions: [{about: inner}]", ""),
        ("[about, A list.]", ""),
        ("", ""),
    ],
)
def test_about_is_the_value_of_the_file_alone(tmp_path: Path, text: str, about: str) -> None:
    assert read_about(write(tmp_path / "a.yaml", text)) == about
