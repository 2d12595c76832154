"""The Coding Plan base: efforts are mapped, preserved thinking is on by default."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served, serving

GENERAL = "/api/paas/v4"
CODING = "/api/coding/paas/v4"
THOUGHT = {"role": "assistant", "content": "好", "reasoning_content": "想一想。" * 100}
USER = {"role": "user", "content": "你好"}


def prompt_tokens(served: Served, base: str, **fields: Any) -> int:
    answer = served.ask(base=served.host + base, messages=[USER, THOUGHT, USER], **fields)
    return int(answer.json()["usage"]["prompt_tokens"])


@pytest.mark.parametrize("effort", ["none", "minimal", "medium", "xhigh"])
def test_an_effort_glm_5_3_does_not_know_is_mapped_there_and_refused_elsewhere(effort: str) -> None:
    with serving() as served:
        fields = {"model": "glm-5.3", "reasoning_effort": effort}
        assert served.ask(base=served.host + CODING, **fields).status_code == 200
        refused = served.ask(base=served.host + GENERAL, **fields)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "1210")


@pytest.mark.parametrize(("effort", "acts_as"), [("medium", "high"), ("none", "low")])
def test_a_mapped_effort_thinks_as_long_as_its_neighbour(effort: str, acts_as: str) -> None:
    with serving() as served:
        lengths = [
            len(
                served.ask(base=served.host + CODING, model="glm-5.3", reasoning_effort=one)
                .json()["choices"][0]["message"]["reasoning_content"]
                .split("。")
            )
            for one in (effort, acts_as)
        ]
    assert lengths[0] == lengths[1]


def test_the_thought_of_earlier_turns_counts_there_unless_it_is_cleared() -> None:
    with serving() as served:
        assert prompt_tokens(served, CODING) > prompt_tokens(served, GENERAL) + 100
        cleared = {"thinking": {"type": "enabled", "clear_thinking": True}}
        assert prompt_tokens(served, CODING, **cleared) == prompt_tokens(served, GENERAL)
