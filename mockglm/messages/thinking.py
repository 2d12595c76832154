"""Thinking on the Anthropic surface: the switch and the effort, as the service understands them.

The 5.3 generation by the table of docs.z.ai/devpack: an explicit `output_config.effort` takes
precedence over `thinking.type`, that over the default; `disabled` is converted to low. glm-5.2
by an older page of the same. Neither `budget_tokens` nor a top-level `reasoning_effort` has an
effect (public presets with an endpoint probe, 2026-08-16; public capability matrix, 2026-09).

Other models think only if `thinking` says so (captured: 5.2 in 2026-08, 4.7 in 2026-09).
Assumed: the same of 4.5, 4.6 and 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mockglm.models import Model
from mockglm.validation.types import Thinking

OFF = frozenset(("disabled", "none", "off"))
ON = frozenset(("enabled", "adaptive"))
_STRONGEST = "max"

# ruff: noqa: E501  a table: one row a family
# fmt: off
EFFORTS: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "glm-5.3": {"minimal": "low", "light": "low", "low": "low", "medium": "high", "high": "high"},
    "glm-5.2": {"minimal": "high", "light": "high", "low": "high", "medium": "high", "high": "high"},
})
# fmt: on
"""The effective effort by family; any other word is the strongest."""


def read_thinking(
    thinking: Any, output_config: Any, model: Model | None
) -> tuple[Thinking, str | None]:
    """Return the switch and the effort of v4 that a request's `thinking` and `effort` amount to."""
    family = model.family if model else ""
    efforts = EFFORTS.get(family)
    written = output_config.get("effort") if isinstance(output_config, Mapping) else None
    if efforts is not None and isinstance(written, str):
        return Thinking("enabled"), efforts.get(written, _STRONGEST)
    kind = switch(thinking)
    if model is not None and model.thinking == "always":
        return Thinking("enabled"), "low" if kind in OFF else _STRONGEST
    if kind in OFF or kind is None:
        return Thinking("disabled"), None
    return Thinking("enabled"), _STRONGEST if efforts is not None else None


def switch(thinking: Any) -> str | None:
    """Return the word of a `thinking`, which may stand for itself; None if it is absent."""
    if isinstance(thinking, Mapping):
        thinking = thinking.get("type")
    if isinstance(thinking, bool):
        return "enabled" if thinking else "disabled"
    return thinking if isinstance(thinking, str) else None
