"""An agent as people write it by hand: ask, run what is called, tell, until an answer comes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.clients.adapters import User
from tests.clients.said import Said

__all__ = ["Tool", "loop"]


@dataclass(frozen=True, slots=True)
class Tool:
    """A function offered and what it does."""

    run: Callable[..., str]
    offered: Mapping[str, Any]

    @property
    def name(self) -> str:
        name: str = self.offered["function"]["name"]
        return name


def loop(
    user: User, messages: list[dict[str, Any]], tools: list[Tool], *, stream: bool
) -> list[Said]:
    """Let an agent run until it calls nothing more; the messages grow by what was said."""
    said: list[Said] = []
    run = {tool.name: tool.run for tool in tools}
    offered = [tool.offered for tool in tools]
    while not said or said[-1].calls:
        assert len(said) < 10, "the loop does not end"
        turn = user.ask(messages=messages, tools=offered, stream=stream)
        messages.append(turn.message)
        for call in turn.calls:
            result = run[call.name](**json.loads(call.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        said.append(turn)
    return said
