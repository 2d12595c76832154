"""The requests that show each scenario: how many conversations, of which messages and turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mockglm.scenarios import Scenario
from tests.outcomes.heard import QUESTION, TOOLS

__all__ = ["RESULTS", "Plan", "plan"]

Messages = Sequence[Mapping[str, Any]]

MAX_TURNS = 5
"""Requests of one conversation at most; the longest loop of a scenario has four."""

MAX_AGAIN = 21
"""Requests of a client that asks again as long as it does not know the finish reason."""

RESULTS: Mapping[str, str] = {
    "get_weather": "晴，25 度",
    "get_time": "2026-11-22 09:00",
    "list_files": "main.py\ntest_main.py",
    "read_file": "def main()\n    return 0\n",
    "write_file": "ok",
}
"""The result of each function that a scenario calls."""


def _function(name: str, *parameters: str) -> dict[str, Any]:
    properties = {parameter: {"type": "string"} for parameter in parameters}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    function = {"name": name, "description": name.replace("_", " "), "parameters": schema}
    return {"type": "function", "function": function}


FILES = (
    _function("list_files"),
    _function("read_file", "path"),
    _function("write_file", "path", "content"),
)
SYSTEM = {"role": "system", "content": "You are an agent."}
HISTORY = (
    {"role": "user", "content": "山路十八弯，" * 3000},
    {"role": "assistant", "content": "是"},
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The conversations of a client with a scenario, one after the other or all at once.

    A conversation goes on with the results of its calls for as many `turns`, and is begun `again`
    as often at most while its finish reason is none that clients know.
    """

    conversations: Sequence[Messages] = (QUESTION,)
    is_parallel: bool = False
    turns: int = 1
    again: int = 1
    tools: Sequence[Mapping[str, Any]] = tuple(TOOLS)


PLANS: Mapping[str, Plan] = {
    "concurrency-limit": Plan((QUESTION, QUESTION), is_parallel=True),
    "quota-until-reset": Plan((QUESTION,) * 4),
    "quota-credits": Plan((QUESTION,) * 4),
    "overload-by-prompt": Plan(((SYSTEM, *QUESTION), QUESTION)),
    "prompt-too-long": Plan(((*HISTORY, *QUESTION), QUESTION)),
    "loop-cap": Plan(again=MAX_AGAIN),
    "tool-loop": Plan(turns=MAX_TURNS, tools=FILES),
}
"""Scenarios that one question does not show. Any other is asked once."""


def plan(scenario: Scenario) -> Plan:
    """Return the plan of a scenario; one that waits for a tool's result has several turns."""
    own = PLANS.get(scenario.name)
    if own is not None:
        return own
    patterns = [one.when for one in scenario.interactions if one.when is not None]
    return Plan(turns=MAX_TURNS if any(one.after_tool for one in patterns) else 1)
