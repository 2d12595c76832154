"""One scenario and one cassette of chats, played by the SDKs of both protocols."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.serving import KEY, Served, serving

CASSETTE = Path(__file__).parents[2] / "cassettes" / "recorded-tools.yaml"
QUESTION = {"role": "user", "content": "北京今天天气怎么样？"}
RESULT = "晴，25 度"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "城市"}},
    "required": ["city"],
}
SCENARIO = """
format: 1
interactions:
  - when: {user: 天气}
    reply:
      - {error: 1302}
      - {tool_calls: [{name: get_weather, arguments: {city: 北京}}]}
  - when: {after_tool: get_weather}
    reply: {content: "晴，25 度。"}
"""
Loop = Callable[[Served, bool], tuple[list[Any], str]]


def loop_on_chat(served: Served, stream: bool) -> tuple[list[Any], str]:
    """Call the tool as it is told to; returns its arguments and the text of the end."""
    called: list[Any] = []
    messages: list[Any] = [QUESTION]
    function = {"name": "get_weather", "parameters": SCHEMA}
    tools: Any = [{"type": "function", "function": function}]
    with OpenAI(base_url=served.url, api_key=KEY) as client:
        while True:
            asked: dict[str, Any] = {"model": "glm-4.6", "messages": messages, "tools": tools}
            if stream:
                with client.chat.completions.stream(**asked) as events:
                    message = events.get_final_completion().choices[0].message
            else:
                message = client.chat.completions.create(**asked).choices[0].message
            if not message.tool_calls:
                return called, message.content or ""
            (call,) = message.tool_calls
            called.append(json.loads(call.function.arguments))
            function = {"name": call.function.name, "arguments": call.function.arguments}
            use = {"id": call.id, "type": "function", "function": function}
            messages.append({"role": "assistant", "content": "", "tool_calls": [use]})
            messages.append({"role": "tool", "tool_call_id": call.id, "content": RESULT})


def loop_on_messages(served: Served, stream: bool) -> tuple[list[Any], str]:
    called: list[Any] = []
    messages: list[Any] = [QUESTION]
    tools: Any = [{"name": "get_weather", "input_schema": SCHEMA}]
    with Anthropic(base_url=f"{served.host}/api/anthropic", api_key=KEY) as client:
        while True:
            asked: dict[str, Any] = {"model": "glm-4.6", "max_tokens": 900, "messages": messages}
            if stream:
                with client.messages.stream(**asked, tools=tools) as events:
                    message = events.get_final_message()
            else:
                message = client.messages.create(**asked, tools=tools)
            uses = [block for block in message.content if block.type == "tool_use"]
            if not uses:
                return called, "".join(one.text for one in message.content if one.type == "text")
            called += [use.input for use in uses]
            results = [
                {"type": "tool_result", "tool_use_id": use.id, "content": RESULT} for use in uses
            ]
            messages.append({"role": "assistant", "content": message.content})
            messages.append({"role": "user", "content": results})


LOOPS: Mapping[str, Loop] = {"chat": loop_on_chat, "anthropic": loop_on_messages}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


@pytest.mark.parametrize("surface", LOOPS)
def test_a_scenario_is_the_same_on_both_surfaces(surface: str, stream: bool) -> None:
    with serving(SCENARIO) as served:
        called, text = LOOPS[surface](served, stream)
        entries = list(served.session().journal)
    assert (called, text) == ([{"city": "北京"}], "晴，25 度。")
    assert [entry.code or entry.finish for entry in entries] == ["1302", "tool_calls", "stop"]


@pytest.mark.parametrize("surface", LOOPS)
def test_a_cassette_of_chats_answers_on_both_surfaces(surface: str) -> None:
    with serving(CASSETTE.read_text("utf-8")) as served:
        called, text = LOOPS[surface](served, True)
        notes = [entry.notes for entry in served.session().journal]
    assert called == [{"city": "北京"}]
    assert "25" in text
    expected = () if surface == "chat" else ("recorded on the chat surface",)
    assert notes[0] == expected
