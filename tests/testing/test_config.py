"""The configuration of a session: by marker, by fixture, and what is not valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mockglm import GLM
from mockglm.errors import UsageError
from mockglm.testing import Config
from tests.testing.client import ask


@pytest.mark.glm(profile="zai", policy="strict", api_key="a" * 32 + "." + "b" * 16)
def test_marker_configures_the_session(glm: GLM) -> None:
    glm.reply(error=1302)
    assert ask(glm).json()["error"]["message"] == "Rate limit reached for requests"
    assert glm.requests[0].key == glm.api_key == "a" * 32 + "." + "b" * 16


class TestOverridden:
    @pytest.fixture
    def glm_config(self) -> Mapping[str, Any]:
        return {"profile": "zai"}

    def test_overridden_fixture_configures_the_session(self, glm: GLM) -> None:
        glm.reply(error=1302)
        assert ask(glm).json()["error"]["message"] == "Rate limit reached for requests"

    @pytest.mark.glm(profile="bigmodel")
    def test_marker_wins_over_the_fixture(self, glm: GLM) -> None:
        glm.reply(error=1302)
        assert "速率限制" in ask(glm).json()["error"]["message"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"profil": "zai"}, "glm_config has no 'profil'; did you mean 'profile'?"),
        ({"zzzzzz": 1}, "glm_config has no 'zzzzzz'; known are profile, policy, seed"),
        ({"profile": "cn"}, "profile='cn': expected bigmodel or zai"),
        ({"policy": "none"}, "policy='none': expected default or strict or lenient"),
        ({"as_of": "2024-07"}, "as_of='2024-07': there are no recordings of days before 2025-09"),
    ],
)
def test_unknown_name_or_value_is_refused(written: Mapping[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Config.read({"speed": 1.0}, written)
    assert str(caught.value).startswith(message)


def test_later_mapping_wins() -> None:
    assert Config.read({"seed": "a", "speed": 1.0}, {"seed": "b"}) == Config(seed="b", speed=1.0)


@pytest.mark.glm(accept=["k"])
def test_key_that_is_not_accepted_is_refused(glm: GLM) -> None:
    assert ask(glm).status_code == 401
