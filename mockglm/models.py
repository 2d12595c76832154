"""The models of GLM v4 and what each can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mockglm.clock import Pace

__all__ = ["MODELS", "Model"]


AVERAGE = Pace(first=0.8, every=0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model. `context` and `ceiling` (of the output) are tokens; `created` is in unix seconds.

    `thought` is where the thought goes: `field` reasoning_content, `tags` `<think>` in content.
    `efforts` are the values of reasoning_effort it accepts; empty when it ignores them all.
    """

    id: str
    family: str
    context: int
    ceiling: int
    thinking: Literal["always", "optional", "none"] = "optional"
    thought: Literal["field", "tags"] = "field"
    efforts: tuple[str, ...] = ()
    temperature: float = 1.0
    is_vision: bool = False
    is_sync: bool = True
    tool_stream: bool = False
    reports_cached: bool = True
    reports_reasoning: bool = True
    is_listed: bool = False
    created: int = 0
    pace: Pace = AVERAGE


MODELS: Mapping[str, Model] = {}
