"""What a client heard of one answer, told in a few words."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

__all__ = ["KNOWN_FINISHES", "QUESTION", "TOOLS", "Heard"]

KNOWN_FINISHES = (
    *("stop", "length", "tool_calls", "content_filter", "function_call"),
    *("end_turn", "max_tokens", "tool_use", "stop_sequence", "refusal", "pause_turn"),
)
"""The finish reasons of OpenAI and the stop reasons of Anthropic, which their clients know."""

QUESTION = [{"role": "user", "content": "北京今天天气怎么样？"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "查询天气",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]

NO_JSON = "{"


@dataclass
class Heard:
    """Text, calls and finish reason as far as a client got, and the error it ended with."""

    text: str = ""
    calls: dict[Any, str] = field(default_factory=dict)
    finish: str = ""
    error: str = ""
    reasoning: str = ""
    functions: dict[Any, dict[str, Any]] = field(default_factory=dict)

    def hear(self, choice: dict[str, Any]) -> None:
        """Take in a choice: its finish reason, and its message or delta."""
        said = choice["said"]
        self.finish = choice["finish"] or self.finish
        self.text += said.get("content") or ""
        self.reasoning += said.get("reasoning_content") or ""
        for call in said.get("tool_calls") or ():
            written = call["function"].get("arguments") or ""
            place = call.get("index")
            # An object where text is promised: whoever parses it fails.
            text = written if isinstance(written, str) else NO_JSON
            self.calls[place] = self.calls.get(place, "") + text
            begun = self.functions.setdefault(place, {"id": "", "name": ""})
            begun["id"] = begun["id"] or call.get("id") or ""
            begun["name"] = begun["name"] or call["function"].get("name") or ""

    def turn(self) -> dict[str, Any]:
        """The message that goes into the history, joined of a stream."""
        calls = [
            {
                "id": begun["id"],
                "type": "function",
                "function": {"name": begun["name"], "arguments": self.calls[place]},
            }
            for place, begun in self.functions.items()
        ]
        thought = {"reasoning_content": self.reasoning} if self.reasoning else {}
        return {"role": "assistant", "content": self.text, **thought, "tool_calls": calls}

    @property
    def has_calls(self) -> bool:
        """True if there are calls that can be carried out."""
        return not self.error and self._what() == "call"

    def told(self) -> dict[str, str]:
        """What is written into the table."""
        return {"outcome": self.error or self._what(), "finish": self.finish}

    def _what(self) -> str:
        if self.calls:
            return "call" if all(map(_is_json, self.calls.values())) else "broken call"
        return "answer" if self.text.strip() else "nothing"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
