"""The capabilities of models."""

from __future__ import annotations

import pytest

from mockglm.conformance.capabilities import Capabilities, find_capabilities


@pytest.mark.parametrize(
    ("model", "thinking", "known"),
    [
        ("glm-5.3", "always", True),
        ("GLM-5.3-Flash", "always", True),
        ("glm-5.2", "optional", True),
        ("glm-4.6v-flash", "optional", True),
        ("glm-4-flash-250414", "none", True),
        ("glm-4.1v-thinking-flash", "always", True),
        ("qwen", "optional", False),
    ],
)
def test_a_model_has_capabilities(model: str, thinking: str, known: bool) -> None:
    found = find_capabilities(model)
    assert (found.thinking, found.known) == (thinking, known)


def test_a_model_with_tags_has_no_reasoning_field() -> None:
    found = Capabilities(thinking="always", tags=True)
    assert not found.has("thinking")
    assert not found.has("switch")
