from __future__ import annotations

import pytest

from mockglm.scenarios import Scenario, index_by_name, unknown_name


def files(*paths: str) -> list[Scenario]:
    """A scenario for each path, called as files are."""
    stems = (path.rpartition("/")[2].removesuffix(".yaml") for path in paths)
    return [Scenario(name=stem, path=path) for stem, path in zip(stems, paths, strict=True)]


LOADED = files("x/a.yaml", "x/b.yaml", "y/b.yaml", "x/TestC.test_d.yaml", "e-1.v2.yaml")


def test_a_name_that_fits_and_is_one_files_alone_can_be_asked_for() -> None:
    assert index_by_name(LOADED) == {"a": LOADED[0], "e-1.v2": LOADED[4]}


@pytest.mark.parametrize("stem", ["A", "-a", ".a", "a b", "天气", "a+b", "a@b", "_a", ""])
def test_a_name_that_no_url_has_cannot_be_asked_for(stem: str) -> None:
    assert index_by_name(files(f"x/{stem}.yaml")) == {}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("b", "2 files are called 'b': x/b.yaml, y/b.yaml; rename one, or load it alone"),
        (
            "TestC.test_d",
            "no URL can name x/TestC.test_d.yaml; rename it, a name has a-z, 0-9, `.`, `_` and "
            "`-`, a-z or 0-9 first",
        ),
        ("a", ""),
        ("nowhere", ""),
    ],
)
def test_a_name_that_cannot_be_asked_for_says_why(name: str, reason: str) -> None:
    assert unknown_name(name, LOADED) == reason


def test_of_many_files_with_one_name_some_are_shown() -> None:
    many = files(*(f"{folder}/a.yaml" for folder in "vwxyz"))
    assert unknown_name("a", many).startswith(
        "5 files are called 'a': v/a.yaml, w/a.yaml, x/a.yaml, …; rename one"
    )
