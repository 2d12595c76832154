"""Names of models, and how a request switches thinking."""

from __future__ import annotations

from typing import Any

import pytest

from mockglm.messages import ALIASES, resolve_model
from mockglm.messages.thinking import read_thinking
from mockglm.models import MODELS


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("glm-4.6", "glm-4.6"),
        ("glm-4.6V", "glm-4.6v"),
        ("claude-3-5-sonnet-20240620", "glm-4.6"),
        ("claude-haiku-4-5-20251001", "glm-4.7"),
        ("claude-opus-4-1", "glm-5.2"),
        ("claude-sonnet-4-5[1m]", "glm-5.2"),
        ("glm-5.2[1m]", "glm-5.2"),
        ("glm-5.3[1M]", "glm-5.3"),
        ("glm-5.3-flash[1m]", "glm-5.3-flash[1m]"),
        ("glm-4.6[1m]", "glm-4.6[1m]"),
        ("gpt-4", "gpt-4"),
        ("", ""),
    ],
)
def test_a_name_means_a_model(name: str, id: str) -> None:
    assert resolve_model(name) == id


def test_every_alias_is_a_model_and_has_a_source() -> None:
    for alias in ALIASES:
        assert alias.model in MODELS
        assert alias.source
        assert alias.date


@pytest.mark.parametrize(
    ("model", "thinking", "effort", "expected"),
    [
        ("glm-4.7", None, None, ("disabled", None)),
        ("glm-4.7", {"type": "enabled", "budget_tokens": 1024}, None, ("enabled", None)),
        ("glm-4.7", {"type": "adaptive"}, "high", ("enabled", None)),
        ("glm-4.6", {"type": "disabled"}, None, ("disabled", None)),
        ("glm-5.2", None, None, ("disabled", None)),
        ("glm-5.2", {"type": "enabled"}, None, ("enabled", "max")),
        ("glm-5.2", {"type": "disabled"}, "low", ("enabled", "high")),
        ("glm-5.2", None, "xhigh", ("enabled", "max")),
        ("glm-5.3", None, None, ("enabled", "max")),
        ("glm-5.3", True, None, ("enabled", "max")),
        ("glm-5.3", {"type": "disabled"}, None, ("enabled", "low")),
        ("glm-5.3", "off", None, ("enabled", "low")),
        ("glm-5.3", {"type": "disabled"}, "high", ("enabled", "high")),
        ("glm-5.3", {"type": "enabled"}, "minimal", ("enabled", "low")),
        ("glm-5.3", None, "medium", ("enabled", "high")),
        ("glm-5.3", None, "whatever", ("enabled", "max")),
        ("glm-5.3", {"type": 7}, 7, ("enabled", "max")),
    ],
)
def test_thinking_follows_the_rules_of_the_service(
    model: str, thinking: Any, effort: Any, expected: tuple[str, str | None]
) -> None:
    config = {"effort": effort} if effort is not None else None
    switch, strength = read_thinking(thinking, config, MODELS[model])
    assert (switch.type, strength) == expected
