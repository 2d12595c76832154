"""The files that a test names: scenarios, and the cassette of the test."""

from __future__ import annotations

from typing import Any

import pytest

from mockglm import GLM
from mockglm.errors import UsageError
from tests.testing.client import ask, content
from tests.testing.inner_runs import CLIENT, ISOLATED

NAMES = {
    "test_it": "test_it.yaml",
    "TestMine::test_it": "TestMine.test_it.yaml",
    "test_with[glm-4.6]": "test_with-glm-4.6.yaml",
    "test_with[中 文/x]": "test_with-中-文-x-c7c98c.yaml",
}
CODE = """
from client import *

@pytest.mark.glm_cassette
def test_it(glm): ...

class TestMine:
    @pytest.mark.glm_cassette
    def test_it(self, glm): ...

@pytest.mark.glm_cassette
@pytest.mark.parametrize("param", ["glm-4.6", "中 文/x"], ids=["glm-4.6", "中 文/x"])
def test_with(glm, param): ...
"""


@pytest.mark.parametrize("is_escaped", [False, True])
@pytest.mark.usefixtures("one_server")
def test_cassette_has_the_name_of_its_test(pytester: pytest.Pytester, is_escaped: bool) -> None:
    unescaped = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support"
    pytester.makepyfile(client=CLIENT, test_it=CODE)
    result = pytester.runpytest_inprocess(*ISOLATED, "-o", f"{unescaped}={not is_escaped}")
    result.assert_outcomes(errors=4)
    patterns = [f"there is no cassette *cassettes/test_it/{name};*" for name in NAMES.values()]
    result.stdout.fnmatch_lines(patterns)


def test_shipped_scenario_plays_by_its_name(glm: GLM) -> None:
    glm.play("rate-limit")
    assert [ask(glm).status_code for _ in range(4)] == [429, 429, 200, 200]


def test_scenario_plays_by_its_path_or_folder(glm: GLM, tmp_path: Any) -> None:
    (tmp_path / "mine.yaml").write_text("format: 1\ninteractions:\n  - reply: {content: 我的}\n")
    glm.play(tmp_path / "mine.yaml")
    assert content(ask(glm)) == "我的"
    glm.play(str(tmp_path))
    assert content(ask(glm)) == "我的"


@pytest.mark.glm("rate-limit")
def test_marker_plays_a_scenario_after_the_rules(glm: GLM) -> None:
    glm.when(user="规则").reply("规则在先")
    assert content(ask(glm, "规则")) == "规则在先"
    assert [ask(glm).status_code for _ in range(3)] == [429, 429, 200]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("rate-limits", "did you mean rate-limit?"),
        ("scenario.yaml", "there is no scenario 'scenario.yaml'"),
        ("nowhere/scenario.yaml", "there is no scenario 'nowhere/scenario.yaml'"),
        ("zzzzzz", "`mockglm scenarios` lists"),
    ],
)
def test_scenario_that_does_not_exist_is_refused(glm: GLM, name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        glm.play(name)
    assert hint in str(caught.value)
