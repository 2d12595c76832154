"""One conversation on the Anthropic surface: the plan of a scenario in the words of Messages."""

from __future__ import annotations

import json
from typing import Any

from tests.outcomes.heard import Heard

MAX_TOKENS = 2000
THINKING = {"type": "enabled", "budget_tokens": 1024}
"""The model thinks, as it does by default on v4."""


def hold_conversation(client: Any, job: dict[str, Any], messages: list[Any]) -> list[Heard]:
    """Hold one conversation by the official SDK: what it heard in each turn."""
    system = "".join(one["content"] for one in messages if one["role"] == "system")
    history = [one for one in messages if one["role"] != "system"]
    turns: list[Heard] = []
    while len(turns) < job["turns"]:
        heard, content = _ask(client, job, {"messages": history} | _optional("system", system))
        turns.append(heard)
        if not heard.has_calls:
            break
        results = [
            {
                "type": "tool_result",
                "tool_use_id": block.id,
                "content": job["results"].get(block.name, "ok"),
            }
            for block in content
            if block.type == "tool_use"
        ]
        history += [
            {"role": "assistant", "content": content},
            {"role": "user", "content": results},
        ]
    return turns


def _ask(client: Any, job: dict[str, Any], body: dict[str, Any]) -> tuple[Heard, list[Any]]:
    """Ask once: what was heard, and the content for the history; an exception is an outcome."""
    heard = Heard()
    asked = body | {
        "model": "glm-4.6",
        "max_tokens": MAX_TOKENS,
        "thinking": THINKING,
        "tools": _tools(job["tools"]),
    }
    try:
        if job["stream"]:
            with client.messages.stream(**asked) as events:
                message = events.get_final_message()
        else:
            message = client.messages.create(**asked)
        heard.finish = message.stop_reason or ""
        heard.text = "".join(block.text or "" for block in message.content if block.type == "text")
        uses = [block for block in message.content if block.type == "tool_use"]
        heard.calls = {use.id: _written(use.input) for use in uses}
        return heard, list(message.content)
    except BaseException as error:
        heard.error = type(error).__name__
        return heard, []


def _written(arguments: Any) -> str:
    return json.dumps(arguments) if isinstance(arguments, dict) else str(arguments)


def _tools(offered: list[Any]) -> list[dict[str, Any]]:
    functions = [tool["function"] for tool in offered]
    return [
        {key: one[key] for key in ("name", "description")} | {"input_schema": one["parameters"]}
        for one in functions
    ]


def _optional(key: str, value: str) -> dict[str, str]:
    return {key: value} if value else {}
